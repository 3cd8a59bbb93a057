import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { customSections, locate, readModule } from '../wasm/index.ts';
import { DebuggerClient, type PausedFrame } from './testing/debugger-client.ts';
import { moduleImage, type TestImage } from './testing/image.ts';
import { TestShim, until } from './testing/open-shim.ts';

const bytes = new Uint8Array(readFileSync(new URL('../wasm/dwarf/testdata/average-O0-v5.wasm', import.meta.url)));
const annotations = { 'dev.wherry.debug': '1' };

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly scriptLanguage?: string;
  readonly codeOffset?: number;
  readonly debugSymbols?: readonly { readonly type: string }[];
}

interface Paused {
  readonly callFrames: readonly PausedFrame[];
  readonly hitBreakpoints?: readonly string[];
}

/** Where the code of a line begins, from the start of the code section's content. */
function addressOf(line: number): number {
  const module = readModule(bytes);
  const code = module.sections.find(({ name }) => name === 'code')!;
  const addresses = Array.from({ length: code.end - code.start }, (_, i) => i);
  const places = locate((name) => customSections(module, name)[0], addresses);
  return places.findIndex(([frame]) => frame?.line === line && frame.column > 0);
}

for (const way of ['fork', 'spawn'] as const)
  describe(`a guest to be debugged, in a shim that starts guests by ${way}`, () => {
    let shim: TestShim;
    let image: TestImage;
    before(async () => {
      shim = await TestShim.open(way);
      image = moduleImage(shim.folder, bytes);
    });
    after(() => shim.close());

    async function start(): Promise<{ id: string; address: string; pid: number }> {
      const id = await shim.create({ image, annotations, args: ['/module.wasm#four'] });
      const { pid } = await shim.task.start({ id });
      await until('the guest waits for a debugger', () => shim.logged(id).includes('websocketAddress'));
      const address = /^Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+)$/m.exec(shim.logged(id))![1]!;
      return { id, address, pid };
    }

    test('stands before its first instruction, stops at a line, shows its variables, and ends with its code', async () => {
      const { id, address } = await start();
      assert.match(shim.logged(id), new RegExp(`Chrome: devtools://\\S+ws=${address.replace('ws://', '')}\n`));
      const inspector = await DebuggerClient.attach(address);
      await inspector.call('Runtime.enable');
      await inspector.call('Debugger.enable');
      const script = await inspector.event<Script>(
        'Debugger.scriptParsed',
        ({ scriptLanguage }) => scriptLanguage === 'WebAssembly',
      );
      assert.deepEqual(
        script.debugSymbols!.map(({ type }) => type),
        ['EmbeddedDWARF'],
      );
      await inspector.call('Runtime.runIfWaitingForDebugger');
      const first = await inspector.event<Paused>('Debugger.paused');
      assert.notEqual(first.callFrames[0]!.location.scriptId, script.scriptId);

      // `return sum / by;`: what V8 compiled is the module with its limits put in, and says where its code begins.
      const columnNumber = script.codeOffset! + addressOf(10);
      const { breakpointId, actualLocation } = await inspector.call<{
        breakpointId: string;
        actualLocation: { columnNumber: number };
      }>('Debugger.setBreakpoint', { location: { scriptId: script.scriptId, lineNumber: 0, columnNumber } });
      assert.equal(actualLocation.columnNumber, columnNumber);
      await inspector.call('Debugger.resume');
      const stopped = await inspector.event<Paused>('Debugger.paused');
      assert.deepEqual(stopped.hitBreakpoints, [breakpointId]);
      const [frame] = stopped.callFrames;
      assert.equal(frame!.location.columnNumber, columnNumber);

      // Its two parameters are the sum of 3, 5, 7 and 9, and 4.
      const { result } = await inspector.call<{ result: { readonly value: unknown } }>('Debugger.evaluateOnCallFrame', {
        callFrameId: frame!.callFrameId,
        expression: '[locals[0].value, locals[1].value, memories[0].buffer.byteLength >= 65536]',
        returnByValue: true,
      });
      assert.deepEqual(result.value, [24, 4, true]);
      inspector.send('Debugger.resume');
      assert.equal((await shim.task.wait({ id })).exitStatus, 6);
      await inspector.closed;
      await shim.task.delete({ id });
    });

    test('goes its way when its debugger leaves, and can be killed while it waits for one', async () => {
      const left = await start();
      const inspector = await DebuggerClient.attach(left.address);
      inspector.send('Runtime.runIfWaitingForDebugger');
      inspector.close();
      assert.equal((await shim.task.wait({ id: left.id })).exitStatus, 6);
      const killed = await start();
      await shim.task.kill({ id: killed.id, signal: 15 });
      assert.equal((await shim.task.wait({ id: killed.id })).exitStatus, 143);
    });

    test('listens on the loopback address alone, and tells its secret to nobody who finds the port', async () => {
      const { id, address, pid } = await start();
      const { host, port } = new URL(address);
      for (const path of ['/json', '/json/list', '/json/version'])
        assert.equal((await fetch(`http://${host}${path}`)).status, 404);
      await assert.rejects(DebuggerClient.attach(`ws://${host}/${crypto.randomUUID()}`));
      const others = Object.values(networkInterfaces()).flatMap((each) => each!.map((one) => one.address));
      for (const other of others.filter((each) => each.includes('.') && each !== '127.0.0.1'))
        await assert.rejects(DebuggerClient.attach(address.replace('127.0.0.1', other)));
      assert.deepEqual(listening(pid), [`0100007F:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`]);
      await shim.task.kill({ id, signal: 9 });
      await shim.task.wait({ id });
    });

    test('without being asked for there is no debugger, whatever is sent to the process', async () => {
      const none: Record<string, string>[] = [{}, { 'dev.wherry.debug': '0' }, { 'dev.wherry.debug': 'true' }];
      for (const wrong of none) {
        const id = await shim.create({ image: shim.images.clock, annotations: wrong });
        const { pid } = await shim.task.start({ id });
        await until('it prints', () => shim.logged(id).length > 0);
        process.kill(pid, 'SIGUSR1');
        assert.deepEqual(listening(pid), []);
        await shim.task.kill({ id, signal: 9 });
        await shim.task.wait({ id });
        assert.doesNotMatch(shim.logged(id), /Debugger/);
      }
    });
  });

/** The addresses on which a process listens, as the kernel writes them. */
function listening(pid: number): string[] {
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && owns(pid, inode!))
      .map(([, local]) => local!),
  );
}

function owns(pid: number, inode: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
    } catch {
      return false;
    }
  });
}
