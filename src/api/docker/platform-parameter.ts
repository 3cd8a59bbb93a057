import { WherryError } from '../../errors/index.ts';
import { normalizePlatform, parsePlatform, type Platform } from '../../oci/index.ts';

/**
 * Reads a platform as requests name it: `{"os":"wasi","architecture":"wasm"}`, or `wasi/wasm`. '' and what is not
 * there are null.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function platformParameter(text: string | null): Platform | null {
  if (text === null || text === '') return null;
  if (!text.startsWith('{')) {
    checkComponents(text);
    return parsePlatform(text);
  }
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new WherryError('InvalidArgument', `failed to parse platform: ${(cause as Error).message}`, { cause });
  }
  const field = (name: string): string => {
    const value = fields[name] ?? '';
    if (typeof value === 'string') return value;
    throw new WherryError('InvalidArgument', `failed to parse platform: ${name} is not a string`);
  };
  const [os, architecture, variant, version] = [
    field('os'),
    field('architecture'),
    field('variant'),
    field('os.version'),
  ];
  if (os === '' && architecture === '') {
    if (variant === '' && version === '') return null;
    const problem = 'optional platform fields provided, but OS and Architecture are missing';
    throw new WherryError('InvalidArgument', problem);
  }
  if (os === '' || architecture === '') {
    throw new WherryError('InvalidArgument', 'both OS and Architecture must be provided');
  }
  return normalizePlatform({ os, architecture, ...(variant === '' ? {} : { variant }) });
}

/** Docker has its own text for parts that no platform has. */
function checkComponents(text: string): void {
  const bad = text.split('/').find((part) => !/^[A-Za-z0-9_.-]+$/.test(part));
  if (bad === undefined) return;
  throw new WherryError(
    'InvalidArgument',
    `${JSON.stringify(bad)} is an invalid component of ${JSON.stringify(text)}: ` +
      'platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument',
  );
}
