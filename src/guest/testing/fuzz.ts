import { encodeFrame, frame } from '../job.ts';
import { call, number_of as n, print } from './native.ts';

const requests = 3000;

/**
 * Sends its shim what no guest sends: requests of the broker with random operations, mounts and paths that climb,
 * frames of every kind and length, plain noise, without ever reading an answer. It ends when the shim has had enough.
 */
export function fuzz(channel: number, seed: number): void {
  let state = seed >>> 0 || 1;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const paths = ['', '..', '../..', 'a/../../..', '/etc/shadow', 'a\0b', '.', 'a'.repeat(5000), 'x/y'];
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(2);
    length.writeUInt16LE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const noise = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, () => random(256)));
  const request = (): Buffer => {
    const mount = Buffer.alloc(2);
    mount.writeUInt16LE(random(5) === 0 ? random(65_536) : random(4));
    const place = (): Buffer => Buffer.concat([mount, text(paths[random(paths.length)]!)]);
    return Buffer.concat([Buffer.from([random(16)]), place(), random(2) === 0 ? place() : noise(random(20))]);
  };
  print('fuzzes');
  for (let i = 0; i < requests; i++) {
    const kind = random(10);
    // Most are requests that can be answered, so that a shim that ends guests at the first fault hears some.
    const bytes =
      kind < 7 || i < seed
        ? encodeFrame(frame.request, random(3) === 0 ? request() : noise(1 + random(60)))
        : kind < 9
          ? encodeFrame(random(256), noise(random(100)))
          : noise(random(70_000));
    if (call(n.sendto, channel, Buffer.from(bytes), bytes.length, 0x4000 | 0x40, 0, 0) < 0) call(n.poll, 0, 0, 1);
  }
}
