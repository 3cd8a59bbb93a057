import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { customSections, readModule } from '../wasm/index.ts';
import { moduleImage, type TestImage } from './testing/image.ts';
import { TestShim } from './testing/open-shim.ts';

const bytes = new Uint8Array(readFileSync(new URL('../wasm/dwarf/testdata/average-O0-v5.wasm', import.meta.url)));

for (const way of ['fork', 'spawn'] as const)
  describe(`a core dump, in a shim that starts guests by ${way}`, () => {
    let shim: TestShim;
    let image: TestImage;
    let core_path: string;
    before(async () => {
      shim = await TestShim.open(way);
      image = moduleImage(shim.folder, bytes);
      core_path = join(shim.folder, 'core.wasm');
    });
    after(() => shim.close());

    async function run(args: string[], annotations: Record<string, string>): Promise<{ code: number; said: string }> {
      const id = await shim.create({ image, args, annotations });
      await shim.task.start({ id });
      const { exitStatus: code } = await shim.task.wait({ id });
      const said = shim.logged(id);
      await shim.task.delete({ id });
      return { code, said };
    }

    test('is not made of a guest that ends by itself, nor of one that nobody asked it of', async () => {
      assert.equal((await run(['/module.wasm#four'], { 'dev.wherry.core-path': core_path })).code, 6);
      const { code, said } = await run(['/module.wasm'], { 'dev.wherry.coredump': '1' });
      assert.equal(code, 134);
      assert.doesNotMatch(said, /dumped/);
      assert.equal(existsSync(core_path), false);
    });

    test('is there when the exit of a guest that trapped is told', async () => {
      const { code, said } = await run(['/module.wasm'], { 'dev.wherry.core-path': core_path });
      assert.equal(code, 134);
      const dump = new Uint8Array(readFileSync(core_path));
      assert.match(said, /^wherry: wasm trap: divide by zero\n(?: {4}at .*\n)+wherry: core dumped \(\d+ bytes\)\n$/);
      assert.ok(said.endsWith(`core dumped (${dump.length} bytes)\n`));
      assert.ok(WebAssembly.validate(dump));
      const module = readModule(dump);
      const own = readModule(bytes);
      assert.deepEqual([module.memories.length, module.globals.length], [own.memories.length, own.globals.length]);
      for (const name of ['core', 'coremodules', 'coreinstances', 'corestack'])
        assert.equal(customSections(module, name).length, 1);
      const names = customSections(module, 'core')[0]!;
      assert.equal(Buffer.from(names.subarray(2)).toString(), '/module.wasm');
    });

    test('of a module that traps in its start function there is none, and it is said why', async () => {
      // A function that is `unreachable`, and its start; the program's own begins after it.
      const types = [1, 4, 1, 0x60, 0, 0];
      const start = [3, 2, 1, 0, 7, 10, 1, 6, ...Buffer.from('_start'), 0, 0, 8, 1, 0];
      const code = [10, 5, 1, 3, 0, 0, 0x0b];
      const wasm = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...types, ...start, ...code]);
      const path = join(shim.folder, 'none.wasm');
      const annotations = { 'dev.wherry.core-path': path };
      const id = await shim.create({ image: moduleImage(shim.folder, wasm), annotations });
      await shim.task.start({ id });
      assert.equal((await shim.task.wait({ id })).exitStatus, 134);
      assert.match(shim.logged(id), /no core dump could be made: it trapped in its start function\n$/);
      assert.equal(existsSync(path), false);
      await shim.task.delete({ id });
    });
  });
