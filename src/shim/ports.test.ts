import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';

import type { PortRequest } from './ports.ts';
import { moduleImage, type TestImage } from './testing/image.ts';
import { TestShim } from './testing/open-shim.ts';

const echo = readFileSync(new URL('testdata/echo-once.wasm', import.meta.url));

function request(host_ip: string, host_port: number, container_port = 80): PortRequest {
  return { container_port, host_ip, host_port_first: host_port, host_port_last: host_port };
}

/** What comes over a connection to its end. */
function whole(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return new Promise((resolve, reject) => socket.once('end', () => resolve(text)).once('error', reject));
}

/** Sends `text` once the guest has said something; gives all it says. */
function answer(socket: Socket, text: string): Promise<string> {
  socket.once('data', () => socket.write(text));
  return whole(socket);
}

/** Something that listens, at a port that was free, until it is closed. */
async function occupy(port = 0): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as { port: number }).port };
}

async function isFree(port: number): Promise<boolean> {
  try {
    const { server } = await occupy(port);
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}

for (const way of ['fork', 'spawn'] as const)
  describe(`published ports of guests that are started by ${way}`, () => {
    let shim: TestShim;
    let image: TestImage;
    before(async () => {
      shim = await TestShim.open(way);
      image = moduleImage(shim.folder, echo);
    });
    after(() => shim.close());

    test('a guest listens at descriptor 3 to all that leads to its port', async () => {
      const { task } = shim;
      for (const reached of [0, 1]) {
        const id = await shim.create({ image, ports: [request('127.0.0.1', 0), request('127.0.0.2', 0)] });
        const ports = shim.record(id).ports!;
        assert.deepEqual(
          ports.map(({ container_port, host_ip }) => `${host_ip} ${container_port}`),
          ['127.0.0.1 80', '127.0.0.2 80'],
        );
        await task.start({ id });
        const { host_ip, host_port } = ports[reached]!;
        const socket = connect(host_port, host_ip);
        const said = answer(socket, 'echo');
        const { exitStatus } = await task.wait({ id });
        assert.deepEqual([await said, exitStatus], ['hi:\necho', 0]);
        for (const each of ports) assert.ok(await isFree(each.host_port));
        await task.delete({ id });
      }
    });

    test('who connects before the guest runs is served when it does', async () => {
      const id = await shim.create({ image, ports: [request('', 0)] });
      const { host_port } = shim.record(id).ports![0]!;
      const socket = connect(host_port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      const said = answer(socket, 'early');
      await shim.task.start({ id });
      assert.equal(await said, 'hi:\nearly');
      await shim.task.wait({ id });
      await shim.task.delete({ id });
    });

    test('a port is free again after a kill, and after a delete before the start', async () => {
      const { server, port } = await occupy();
      await new Promise((resolve) => server.close(resolve));
      const killed = await shim.create({ image, ports: [request('127.0.0.1', port)] });
      await shim.task.start({ id: killed });
      assert.equal(await isFree(port), false);
      await shim.task.kill({ id: killed, signal: 9 });
      await shim.task.wait({ id: killed });
      assert.ok(await isFree(port));
      await shim.task.delete({ id: killed });
      const never = await shim.create({ image, ports: [request('127.0.0.1', port)] });
      await shim.task.delete({ id: never });
      assert.ok(await isFree(port));
      const again = await shim.create({ image, args: ['/missing'], ports: [request('127.0.0.1', 0)] });
      const { host_port } = shim.record(again).ports![0]!;
      await assert.rejects(shim.task.start({ id: again }));
      assert.ok(await isFree(host_port));
      await shim.task.delete({ id: again });
    });

    test('all ports or none: of a container that cannot have one nothing stays open', async () => {
      const { server, port } = await occupy();
      const { server: gone, port: free } = await occupy();
      await new Promise((resolve) => gone.close(resolve));
      await assert.rejects(
        shim.create({ image, ports: [request('127.0.0.1', free), request('127.0.0.1', port, 81)] }),
        {
          class: 'FailedPrecondition',
          message: `failed to bind host port 127.0.0.1:${port}/tcp: address already in use`,
        },
      );
      assert.ok(await isFree(free));
      const range: PortRequest = { ...request('127.0.0.1', port), host_port_last: Math.min(port + 30, 65_535) };
      const id = await shim.create({ image, ports: [range] });
      assert.ok(shim.record(id).ports![0]!.host_port > port, 'the next of a range');
      await shim.task.delete({ id });
      server.close();
    });

    test('an address that is not this machine’s is refused in words', async () => {
      await assert.rejects(shim.create({ image, ports: [request('192.0.2.1', 8080)] }), {
        message: 'failed to bind host port 192.0.2.1:8080/tcp: cannot assign requested address',
      });
    });
  });
