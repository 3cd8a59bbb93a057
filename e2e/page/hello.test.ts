import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';

const root = join(import.meta.dirname, '../..');
/** Debian's, and without what a browser does beside showing a page. */
const launch = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

let server: Server;
let browser: Browser;

/** The page, its script of page-pure rooms only, and programs, on a port of this machine. */
async function serve(): Promise<Server> {
  const bundled = await build({
    entryPoints: [join(import.meta.dirname, 'page.ts')],
    bundle: true,
    format: 'esm',
    // Nothing of Node is there: an import of it fails the build.
    platform: 'browser',
    write: false,
  });
  const files: Readonly<Record<string, readonly [string, Uint8Array]>> = {
    '/': ['text/html', readFileSync(join(import.meta.dirname, 'index.html'))],
    '/page.js': ['text/javascript', bundled.outputFiles[0]!.contents],
    '/hello.wasm': ['application/wasm', readFileSync(join(root, 'examples/hello/hello.wasm'))],
    '/echo.wasm': ['application/wasm', readFileSync(join(root, 'src/wasi/testdata/echo.wasm'))],
  };
  const made = createServer(({ url = '/' }, response) => {
    const file = files[url.split('?', 1)[0]!];
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': file[0] }).end(file[1]);
  });
  await new Promise<void>((resolve) => {
    made.listen(0, '127.0.0.1', resolve);
  });
  return made;
}

before(async () => {
  server = await serve();
  browser = await chromium.launch(launch);
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** Opens the page for a program and waits until the program has ended. */
async function open(query: string): Promise<Page> {
  const page = await browser.newPage();
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/?${query}`);
  await page.getByRole('status').filter({ hasNotText: 'running' }).waitFor();
  return page;
}

test('hello runs in a page', async () => {
  const page = await open('program=hello.wasm');
  assert.equal(await page.getByRole('status').textContent(), 'exited with 0');
  assert.equal(await page.getByRole('log').textContent(), 'Hello from WebAssembly!\n');
});

test('a program that reads and sleeps suspends instead of blocking the page', async () => {
  const page = await open('program=echo.wasm&stdin=typed%0A');
  assert.equal(await page.getByRole('log').textContent(), 'typed\ndone\n');
  assert.equal(await page.getByRole('status').textContent(), 'exited with 7');
});
