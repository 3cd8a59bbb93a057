/** The images that scenarios run: the same programs and files, for `wasi/wasm` or for another platform. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { imageArchive, type ImageDescription, type ImageFile } from '../image.ts';

const checkout = join(import.meta.dirname, '../..');

export interface Images {
  /** Loaded before the first scenario: reference and archive. */
  readonly loaded: ReadonlyMap<string, Buffer>;
  /** Loaded by scenarios themselves: file name and archive. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** In the registry: `NAME:TAG` and archive. */
  readonly pushed: ReadonlyMap<string, Buffer>;
  /** In the registry under one name, each for another platform. */
  readonly indexes: ReadonlyMap<string, readonly Buffer[]>;
}

/** `program` gives the bytes of hello, clock, wordcount and probe for that platform. */
export async function makeImages(platform: string, program: (name: string) => Uint8Array): Promise<Images> {
  const [os = '', architecture = ''] = platform.split('/');
  const make = (image: ImageDescription): Promise<Buffer> => imageArchive({ os, architecture, ...image });
  const of = (name: string, more: Partial<ImageDescription> = {}): Promise<Buffer> =>
    make({
      tag: `${name}:latest`,
      entrypoint: [`/${name}`],
      files: [{ path: name, bytes: program(name), mode: 0o755 }],
      ...more,
    });
  const probe = { path: 'probe', bytes: program('probe'), mode: 0o755 };
  const data = [
    { path: 'data', dir: true as const },
    { path: 'data/notes.txt', bytes: 'first note\nsecond note\n' },
    { path: 'data/more', dir: true as const },
    { path: 'data/more/deep.txt', bytes: 'deep\n' },
    { path: 'data/link.txt', symlink: 'notes.txt' },
    { path: 'tmp', dir: true as const, mode: 0o1777 },
  ];
  const configured: ImageDescription = {
    tag: 'configured:latest',
    entrypoint: ['/probe'],
    cmd: ['env', 'COLOUR', 'SIZE'],
    env: ['PATH=/usr/bin:/bin', 'COLOUR=green', 'SIZE=big'],
    workdir: '/data',
    labels: { 'org.example.kind': 'test', 'org.example.empty': '' },
    stop_signal: 'SIGINT',
    volumes: ['/state'],
    layers: [
      [probe],
      data,
      [
        { path: 'data/.wh.more', bytes: '' },
        { path: 'data/top.txt', bytes: 'top\n' },
      ],
    ],
  };
  const notes = { path: 'notes.txt', bytes: 'not a program\n', mode: 0o644 };
  const foreign = { os: 'linux', architecture: 's390x' };
  // Docker does not fetch a layer that it has from another image, and then shows the image without its configuration.
  const from = (where: string): ImageFile => ({ path: 'from.txt', bytes: `${where}\n` });
  const pushed = (where: string, more: Partial<ImageDescription> = {}): Promise<Buffer> => {
    const files = [{ path: 'hello', bytes: program('hello'), mode: 0o755 }, from(where)];
    return of('hello', { labels: { from: where }, files, ...more });
  };

  return {
    loaded: new Map([
      ['hello:latest', await of('hello')],
      ['clock:latest', await of('clock')],
      ['wordcount:latest', await of('wordcount')],
      ['probe:latest', await of('probe', { files: [probe, ...data] })],
      ['configured:latest', await make(configured)],
      ['bare:latest', await make({ tag: 'bare:latest', files: [probe, notes] })],
    ]),
    files: new Map([
      ['extra.tar', await of('hello', { tag: ['extra:1', 'extra:2'], labels: { from: 'an archive' } })],
      ['untagged.tar', await of('hello', { tag: [], labels: { from: 'an archive without a name' } })],
    ]),
    pushed: new Map([
      ['hello:latest', await pushed('a registry')],
      ['hello:2', await pushed('a registry, edition 2')],
      [
        'team/probe:latest',
        await make({ tag: [], entrypoint: ['/probe'], layers: [[probe], [...data, from('a team')]] }),
      ],
      ['foreign:latest', await pushed('another system', foreign)],
    ]),
    indexes: new Map([['many:latest', [await pushed('an index', foreign), await pushed('an index')]]]),
  };
}

/** The programs as they are kept: compiled to Wasm. */
export function wasmProgram(name: string): Uint8Array {
  return readFileSync(join(checkout, name === 'probe' ? 'e2e/guests/probe.wasm' : `examples/${name}/${name}.wasm`));
}
