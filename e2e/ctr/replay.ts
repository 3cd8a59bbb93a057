/** Sends a server what containerd's Go client was recorded to send, in the recorded order, and notes what it answers. */
import { type DescMethod, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import http2 from 'node:http2';
import net from 'node:net';

import type { Step } from '../record/grpc-proxy.ts';
import {
  ContainersService,
  ContentService,
  ImagesService,
  IntrospectionService,
  LeasesService,
  leasesApi,
  NamespacesService,
  SnapshotsService,
  TasksService,
  VersionService,
} from '../../src/wire/services.ts';

const known: readonly DescService[] = [
  ContainersService,
  ContentService,
  ImagesService,
  IntrospectionService,
  LeasesService,
  NamespacesService,
  SnapshotsService,
  TasksService,
  VersionService,
];

/** What a call came to: its messages in JSON, its status. */
export interface Answered {
  readonly path: string;
  readonly messages: unknown[];
  code: number | null;
  text: string;
}

const answer_ms_max = 20_000;

/** What was answered when it was recorded. */
export function recordedAnswers(steps: readonly Step[]): Answered[] {
  const calls = new Map<number, Answered>();
  for (const step of steps)
    if (step.is === 'open') calls.set(step.call, { path: step.path, messages: [], code: null, text: '' });
    else if (step.is === 'received') note(calls.get(step.call)!, Buffer.from(step.bytes, 'base64'));
    else if (step.is === 'status') Object.assign(calls.get(step.call)!, { code: step.code, text: step.message });
  return [...calls.values()];
}

/** What a server answers to the same. */
export async function replay(socket: string, steps: readonly Step[]): Promise<Answered[]> {
  const session = http2.connect('http://localhost', { createConnection: () => net.connect(socket) });
  const calls = new Map<number, Call>();
  // Leases are called by names that the server gives; the client goes on with those it got.
  const names = new Map<string, string>();
  try {
    for (const step of steps) {
      if (step.is === 'open') {
        const headers = Object.fromEntries(
          Object.entries(step.headers).map(([name, value]) => [name, names.get(value) ?? value]),
        );
        calls.set(step.call, new Call(session, step.path, headers));
        continue;
      }
      const call = calls.get(step.call)!;
      if (step.is === 'sent') call.send(renamed(call.answered.path, Buffer.from(step.bytes, 'base64'), names));
      else if (step.is === 'end') call.end();
      else if (step.is === 'cancel') call.cancel();
      else if (step.is === 'status') await call.ended();
      else {
        const answer = await call.next();
        if (answer !== null) learn(call.answered.path, Buffer.from(step.bytes, 'base64'), answer, names);
      }
    }
    return [...calls.values()].map(({ answered }) => answered);
  } finally {
    session.destroy();
  }
}

class Call {
  readonly answered: Answered;
  readonly #stream: http2.ClientHttp2Stream;
  readonly #messages: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #over = false;
  #wake: () => void = () => {};

  constructor(session: http2.ClientHttp2Session, path: string, headers: Readonly<Record<string, string>>) {
    this.answered = { path, messages: [], code: null, text: '' };
    this.#stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const status = (given: http2.IncomingHttpHeaders): void => {
      if (given['grpc-status'] === undefined) return;
      this.answered.code = Number(given['grpc-status']);
      this.answered.text = this.answered.code === 0 ? '' : decodeURIComponent(String(given['grpc-message'] ?? ''));
    };
    for (const event of ['response', 'trailers'])
      this.#stream.on(event, (given: http2.IncomingHttpHeaders) => {
        status(given);
        this.#wake();
      });
    this.#stream.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      while (this.#rest.length >= 5 && this.#rest.length >= 5 + this.#rest.readUInt32BE(1)) {
        const message = this.#rest.subarray(5, 5 + this.#rest.readUInt32BE(1));
        this.#rest = this.#rest.subarray(5 + message.length);
        this.#messages.push(message);
        note(this.answered, message);
      }
      this.#wake();
    });
    this.#stream.on('close', () => {
      this.#over = true;
      this.#wake();
    });
    this.#stream.on('error', () => {});
  }

  send(message: Buffer): void {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    this.#stream.write(Buffer.concat([head, message]));
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.close(http2.constants.NGHTTP2_CANCEL);
  }

  /** The next message; null when the call ended instead. */
  async next(): Promise<Buffer | null> {
    await this.#until(() => this.#messages.length > 0 || this.#over || this.answered.code !== null);
    return this.#messages.shift() ?? null;
  }

  async ended(): Promise<void> {
    await this.#until(() => this.#over || this.answered.code !== null);
  }

  async #until(holds: () => boolean): Promise<void> {
    const late = Date.now() + answer_ms_max;
    while (!holds()) {
      if (Date.now() > late) throw new Error(`${this.answered.path}: no answer within ${answer_ms_max} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function methodOf(path: string): DescMethod {
  const [, service, name] = path.split('/');
  const method = known.find(({ typeName }) => typeName === service)?.methods.find((each) => each.name === name);
  if (method === undefined) throw new Error(`${path} is not known here`);
  return method;
}

function note(answered: Answered, bytes: Buffer): void {
  const { output } = methodOf(answered.path);
  answered.messages.push(plainOf(fromBinary(output, bytes)));
}

/** A message as JSON that can be compared: what is `Any` stays bytes. */
function plainOf(message: object): unknown {
  return JSON.parse(
    JSON.stringify(message, (name, value: unknown) => {
      if (name === '$typeName' || name === '$unknown') return undefined;
      if (typeof value === 'object' && value !== null && 'seconds' in value && 'nanos' in value) return '<time>';
      if (typeof value === 'bigint') return String(value);
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
    }),
  );
}

const is_created = `/${LeasesService.typeName}/Create`;
const is_deleted = `/${LeasesService.typeName}/Delete`;

function learn(path: string, recorded: Buffer, answer: Buffer, names: Map<string, string>): void {
  if (path !== is_created) return;
  const id = (bytes: Buffer): string => fromBinary(leasesApi.CreateResponseSchema, bytes).lease?.id ?? '';
  names.set(id(recorded), id(answer));
}

function renamed(path: string, bytes: Buffer, names: ReadonlyMap<string, string>): Buffer {
  if (path !== is_deleted) return bytes;
  const message = fromBinary(leasesApi.DeleteRequestSchema, bytes);
  return Buffer.from(toBinary(leasesApi.DeleteRequestSchema, { ...message, id: names.get(message.id) ?? message.id }));
}
