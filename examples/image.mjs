// node image.mjs NAME MODULE PROGRAM [ARGUMENT...]
//
// Writes NAME/NAME.tar, which `docker load` takes: the image NAME:latest for wasi/wasm of one layer with the file MODULE
// as /usr/bin/PROGRAM, started with the ARGUMENTs before those of `docker run`. The same input gives the same image.

import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const created = '2026-09-22T23:53:22Z';

/** A tar header in the ustar format, of a directory if the name ends in a slash. */
function header(name, size) {
  const isDirectory = name.endsWith('/');
  const block = Buffer.alloc(512);
  const octal = (number, at, length) => block.write(`${number.toString(8).padStart(length - 1, '0')}\0`, at);
  block.write(name, 0);
  octal(isDirectory ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Date.parse(created) / 1000, 136, 12);
  block.write(' '.repeat(8), 148);
  block.write(isDirectory ? '5' : '0', 156);
  block.write('ustar\u000000', 257);
  octal(
    block.reduce((sum, byte) => sum + byte),
    148,
    7,
  );
  return block;
}

function tar(files) {
  const blocks = Object.entries(files).flatMap(([name, content]) => [
    header(name, content.length),
    content,
    Buffer.alloc(-content.length & 511),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const sha256 = (content) => createHash('sha256').update(content).digest('hex');
const json = (value) => Buffer.from(JSON.stringify(value));

const [name, module, program, ...first] = process.argv.slice(2);
if (!program) throw new Error('usage: node image.mjs NAME MODULE PROGRAM [ARGUMENT...]');

const nothing = Buffer.alloc(0);
const layer = tar({ 'usr/': nothing, 'usr/bin/': nothing, [`usr/bin/${program}`]: readFileSync(module) });
const config = json({
  architecture: 'wasm',
  os: 'wasi',
  created,
  config: { Entrypoint: [`/usr/bin/${program}`, ...first] },
  rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  history: [{ created, created_by: `COPY ${program} /usr/bin/` }],
});
const configPath = `blobs/sha256/${sha256(config)}`;
const layerPath = `blobs/sha256/${sha256(layer)}`;
const manifest = json([{ Config: configPath, RepoTags: [`${name}:latest`], Layers: [layerPath] }]);

const target = fileURLToPath(new URL(`${name}/${name}.tar`, import.meta.url));
const archive = tar({
  'blobs/': nothing,
  'blobs/sha256/': nothing,
  [configPath]: config,
  [layerPath]: layer,
  'manifest.json': manifest,
});
writeFileSync(`${target}.part`, archive);
renameSync(`${target}.part`, target);
console.error(`made ${target}`);
