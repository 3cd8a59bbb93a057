/**
 * The shim's process: `shim.js --id ID --namespace NAMESPACE --folder FOLDER --guest SCRIPT [--layers FOLDER]... [--way
 * fork|spawn] [--cache FOLDER]`. Started by our binary for a containerd that is not ours it serves that, with
 * `--containerd ADDRESS --pod ID`, or cleans up after one of its containers, with `--clean BUNDLE`.
 */
import { flushCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { chooseStarter } from '../guest/index.ts';
import { compiled_kept_after_ms } from '../limits/index.ts';
import { newSession, setUmask } from '../os/index.ts';
import { surviveFullLog } from './complain.ts';
import { cleanAfterDeath, serveContainerd } from './containerd/index.ts';
import { serveShim } from './server.ts';
import { shellBeside } from './shell-file.ts';
import { version } from './version.ts';

const { values } = parseArgs({
  options: {
    id: { type: 'string' },
    namespace: { type: 'string' },
    folder: { type: 'string' },
    guest: { type: 'string' },
    layers: { type: 'string', multiple: true },
    way: { type: 'string' },
    cache: { type: 'string' },
    containerd: { type: 'string' },
    pod: { type: 'string' },
    clean: { type: 'string' },
  },
});

function needed(name: 'id' | 'namespace' | 'folder' | 'guest'): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is needed`);
  return value;
}

try {
  newSession();
} catch {
  // Already a leader of its session.
}
setUmask(0o077);
surviveFullLog();
process.chdir('/');
for (const signal of ['SIGHUP', 'SIGINT', 'SIGPIPE'] as const) process.on(signal, () => {});

/** What containerd starts: it lies beside this bundle. */
const program = join(dirname(process.argv[1]!), 'containerd-shim-wherry-v1');

if (values.clean !== undefined) {
  const of = { bundle: values.clean, id: needed('id'), namespace: needed('namespace') };
  await cleanAfterDeath(of, program);
  process.exit(0);
}

shellBeside(needed('guest'));
const { starter, why } = chooseStarter({
  node: process.execPath,
  script: needed('guest'),
  layers: values.layers ?? [],
  way: values.way,
  cache: values.cache,
});

if (values.containerd !== undefined) {
  const served = { containerd: values.containerd, namespace: needed('namespace'), pod: values.pod ?? '' };
  await serveContainerd({ served, folder: needed('folder'), version, starter, program });
  process.stdout.write('\n');
  await starter.prepare();
} else {
  const bootstrap = await serveShim({
    id: needed('id'),
    namespace: needed('namespace'),
    folder: needed('folder'),
    version,
    starter,
    why,
  });
  await starter.prepare();
  process.stdout.write(`${JSON.stringify(bootstrap)}\n`);
  // Whoever started it may have named a folder for V8's code; a shim that is killed would never write it.
  setTimeout(flushCompileCache, compiled_kept_after_ms).unref();
}
