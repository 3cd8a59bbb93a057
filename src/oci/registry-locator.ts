import { WherryError } from '../errors/index.ts';
import { isDigest } from './digest.ts';
import type { Reference } from './reference.ts';

/**
 * Reads a reference as containerd has it: a host, a path, and behind `:` or `@` a tag, a digest or both; nothing is
 * made of a short name. Whether the repository's name is a good one is the registry's to say.
 *
 * @throws WherryError Unknown with containerd's texts, InvalidArgument for what is no host, path, tag or digest
 */
export function parseLocator(text: string): Reference {
  const slash = text.indexOf('/');
  const domain = slash < 0 ? text : text.slice(0, slash);
  const rest = slash < 0 ? '' : text.slice(slash + 1);
  const at = rest.search(/[:@]/);
  const path = at < 0 ? rest : rest.slice(0, at);
  const object = at < 0 ? '' : rest.slice(rest[at] === ':' ? at + 1 : at);
  if (domain === '') throw new WherryError('Unknown', 'hostname required');
  if (object === '') throw new WherryError('Unknown', 'object required');
  if (!/^[A-Za-z0-9._-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(domain)) throw invalid();
  if (!/^[A-Za-z0-9._/-]+$/.test(path) || path.includes('//') || /(^|\/)\.{1,2}(\/|$)/.test(path)) throw invalid();
  const split = object.indexOf('@');
  const tag = split < 0 ? object : object.slice(0, split);
  const digest = split < 0 ? '' : object.slice(split + 1);
  if (tag !== '' && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) throw invalid();
  if (split >= 0 && !isDigest(digest)) throw invalid();
  return { domain, path, ...(tag === '' ? {} : { tag }), ...(digest === '' ? {} : { digest }) };
}

function invalid(): WherryError<'InvalidArgument'> {
  return new WherryError('InvalidArgument', 'invalid reference');
}
