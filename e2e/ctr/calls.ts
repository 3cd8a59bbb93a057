/** Calls of containerd's metadata services, one after the other, as a client of any language may make them. */
import { type DescMessage, type DescMethodUnary, type MessageInitShape } from '@bufbuild/protobuf';
import { createHash } from 'node:crypto';

import {
  ContainersService,
  contentApi,
  ContentService,
  EventsService,
  ImagesService,
  IntrospectionService,
  LeasesService,
  NamespacesService,
  SandboxStoreService,
} from '../../src/wire/services.ts';
import type { Client } from './client.ts';

const { WriteAction } = contentApi;

/** A client without a lease, and clients with one. */
export interface Callers {
  readonly plain: Client;
  /** Whose calls say no namespace. */
  readonly nowhere: Client;
  /** In another namespace. */
  readonly other: Client;
  readonly leased: Client;
  readonly ill_leased: Client;
  readonly namespace: string;
}

/** A call, and what it gives. */
export interface Step {
  readonly what: string;
  run(callers: Callers): Promise<unknown>;
}

export const lease = 'the-lease';

function unary<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  message: MessageInitShape<I>,
  who: 'plain' | 'nowhere' | 'other' | 'leased' | 'ill_leased' = 'plain',
): Step {
  const what = `${method.parent.typeName.split('.').at(-1)}.${method.name} ${show(message)}${who === 'plain' ? '' : ` (${who})`}`;
  return { what, run: (callers) => callers[who].call(method, message) };
}

function show(message: unknown): string {
  return JSON.stringify(message, (name, value: unknown) => {
    if (name === '$typeName') return undefined;
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
    return typeof value === 'string' && value.length > 100 ? `${value.slice(0, 60)}...${value.length}` : value;
  });
}

export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

interface WriteOptions {
  readonly who?: 'plain' | 'other' | 'leased' | 'ill_leased';
  /** Goes away without the end of its stream. */
  readonly leave?: boolean;
}

/** One call of Content.Write; gives all the answers until it ends. */
function write(
  requests: readonly MessageInitShape<typeof contentApi.WriteContentRequestSchema>[],
  { who = 'plain', leave = false }: WriteOptions = {},
): Step {
  return {
    what: `Content.Write ${requests.map(show).join(' ')}${who === 'plain' ? '' : ` (${who})`}`,
    async run(callers) {
      const stream = callers[who].open(ContentService.method.write);
      const answers: unknown[] = [];
      const received = stream.received[Symbol.asyncIterator]();
      try {
        for (const request of requests) {
          stream.send(request);
          const { done, value } = await received.next();
          if (done === true) break;
          answers.push(value);
        }
      } catch (error) {
        return [...answers, outcomeOf(error)];
      }
      if (leave) stream.cancel();
      else {
        stream.end();
        for (let next = await received.next(); next.done !== true;) next = await received.next();
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      return answers;
    },
  };
}

/** All messages of a stream of the server's, one after the other. */
function list(filters: readonly string[], who: 'plain' | 'other' = 'plain'): Step {
  return {
    what: `Content.List ${show(filters)} (${who})`,
    run: (callers) => all(callers[who].read(ContentService.method.list, { filters: [...filters] })),
  };
}

function read(request: MessageInitShape<typeof contentApi.ReadContentRequestSchema>): Step {
  return {
    what: `Content.Read ${show(request)}`,
    run: (callers) => all(callers.plain.read(ContentService.method.read, request)),
  };
}

async function all(messages: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const message of messages) found.push(message);
  return found;
}

/** What a call that failed is compared by. */
export function outcomeOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return `${code ?? 'thrown'}: ${message}`;
}

const ns = NamespacesService.method;
const images = ImagesService.method;
const containers = ContainersService.method;
const leases = LeasesService.method;
const content = ContentService.method;
const events = EventsService.method;
const sandboxes = SandboxStoreService.method;

const long = 'x'.repeat(5000);
const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256('x'), size: 1n };
const spec = { typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: bytes('{}') };
const runtime = { name: 'io.containerd.runc.v2' };
const one = { id: 'one', image: 'i', runtime, spec };

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text));
}

export const namespaceCalls: readonly Step[] = [
  unary(ns.get, { name: 'calls-none' }),
  unary(ns.create, { namespace: { name: 'calls-a', labels: { one: '1', empty: '' } } }),
  unary(ns.create, { namespace: { name: 'calls-a' } }),
  unary(ns.create, { namespace: { name: '' } }),
  unary(ns.create, { namespace: { name: 'a/b' } }),
  unary(ns.create, { namespace: { name: 'a-' } }),
  unary(ns.create, { namespace: { name: long.slice(0, 77) } }),
  unary(ns.create, { namespace: { name: 'calls-b', labels: { a: long } } }),
  unary(ns.get, { name: 'calls-a' }),
  unary(ns.update, { namespace: { name: 'calls-a', labels: { two: '2' } }, updateMask: { paths: ['labels.two'] } }),
  unary(ns.update, { namespace: { name: 'calls-a' }, updateMask: { paths: ['labels.one'] } }),
  unary(ns.update, { namespace: { name: 'calls-a' }, updateMask: { paths: ['labels'] } }),
  unary(ns.update, { namespace: { name: 'calls-a' }, updateMask: { paths: ['name'] } }),
  unary(ns.get, { name: 'calls-a' }),
  unary(ns.update, { namespace: { name: 'calls-a', labels: { three: '3' } } }),
  unary(ns.get, { name: 'calls-a' }),
  unary(ns.update, { namespace: { name: 'calls-c', labels: { new: 'yes' } } }),
  unary(ns.get, { name: 'calls-c' }),
  unary(ns.delete, { name: 'calls-c' }),
  unary(ns.delete, { name: 'calls-a' }),
  unary(ns.delete, { name: 'calls-a' }),
  unary(ns.delete, { name: '' }),
];

export const imageCalls: readonly Step[] = [
  unary(images.get, { name: 'a' }),
  unary(images.get, { name: 'a' }, 'nowhere'),
  unary(images.list, {}),
  unary(images.create, { image: { name: 'a', target, labels: { one: '1', empty: '' } } }),
  unary(images.create, { image: { name: 'a', target } }),
  unary(images.create, { image: { name: 'a', target: { ...target, size: 0n } } }),
  unary(images.create, { image: { name: '', target } }),
  unary(images.create, { image: { name: 'b', target: { ...target, digest: '' } } }),
  unary(images.create, { image: { name: 'b', target: { ...target, digest: 'sha256' } } }),
  unary(images.create, { image: { name: 'b', target: { ...target, digest: 'md5:abc' } } }),
  unary(images.create, { image: { name: 'b', target: { ...target, digest: 'sha256:ABC' } } }),
  unary(images.create, { image: { name: 'b', target: { ...target, digest: `sha256:${'G'.repeat(64)}` } } }),
  unary(images.create, { image: { name: 'b', target: { ...target, size: -1n } } }),
  unary(images.create, { image: { name: 'b', target: { ...target, mediaType: '' } } }),
  unary(images.create, { image: { name: 'b', target, labels: { a: long } } }),
  unary(images.create, { image: { name: 'b', target, labels: { ['k'.repeat(4097)]: 'v' } } }),
  unary(images.create, { image: { name: 'any name, ü/../..', target: { ...target, annotations: { x: 'y' } } } }),
  unary(images.create, { image: { name: 'old', target }, sourceDateEpoch: { seconds: 1000n } }),
  unary(images.list, { filters: ['labels.one==1'] }),
  unary(images.list, { filters: ['labels.one!=1'] }),
  unary(images.list, { filters: ['annotations.x==y'] }),
  unary(images.list, { filters: ['target.mediatype~=manifest'] }),
  unary(images.list, { filters: ['target'] }),
  unary(images.list, { filters: ['target.size==1'] }),
  unary(images.list, { filters: ['name~=^(a|o)', 'name==none'] }),
  unary(images.list, { filters: ['name~=^(a|o),labels.one'] }),
  unary(images.list, { filters: ['name~="^a$"'] }),
  unary(images.list, { filters: ['name~=/^a$/'] }),
  unary(images.list, { filters: ['name~='] }),
  unary(images.list, { filters: ['name=='] }),
  unary(images.list, { filters: ['name==""'] }),
  unary(images.list, { filters: [''] }),
  unary(images.list, { filters: [','] }),
  unary(images.list, { filters: ['name,'] }),
  unary(images.list, { filters: ['.name'] }),
  unary(images.list, { filters: ['name.'] }),
  unary(images.list, { filters: ['name==|a|'] }),
  unary(images.list, { filters: ['name=="\\x41"'] }),
  unary(images.list, { filters: ['name=="\\x4"'] }),
  unary(images.list, { filters: ['name=="\\400"'] }),
  unary(images.list, { filters: ['name=="a\nb"'] }),
  unary(images.list, { filters: ['name==a\u0000'] }),
  unary(images.list, { filters: ['näme==a'] }),
  unary(images.list, { filters: ['name==ü'] }),
  unary(images.list, { filters: ["name=='a'"] }),
  unary(images.list, { filters: ['name = a'] }),
  unary(images.list, { filters: ['name == a'] }),
  unary(images.list, { filters: ['name==a b'] }),
  unary(images.list, { filters: ['name<a'] }),
  unary(images.update, { image: { name: '', target } }),
  unary(images.update, { image: { name: 'none', target } }),
  unary(images.update, { image: { name: 'a', target: {} } }),
  unary(images.update, { image: { name: 'a', target: { ...target, digest: sha256('y') } } }),
  unary(images.update, {
    image: { name: 'a', target, labels: { x: '1', y: '2' } },
    updateMask: { paths: ['labels.x'] },
  }),
  unary(images.update, { image: { name: 'a', target, labels: { y: '2' } }, updateMask: { paths: ['labels'] } }),
  unary(images.update, { image: { name: 'a', target }, updateMask: { paths: ['labels.y', 'labels.none'] } }),
  unary(images.update, { image: { name: 'a', target }, updateMask: { paths: ['target'] } }),
  unary(images.update, { image: { name: 'a', target: {} }, updateMask: { paths: ['target'] } }),
  unary(images.update, { image: { name: 'a', target }, updateMask: { paths: ['target.size'] } }),
  unary(images.update, { image: { name: 'a', target }, updateMask: { paths: ['annotations'] } }),
  unary(images.update, {
    image: { name: 'a', target: { annotations: { k: 'v' } } },
    updateMask: { paths: ['annotations.k'] },
  }),
  unary(images.update, { image: { name: 'a', target }, updateMask: { paths: [''] } }),
  unary(images.delete, { name: 'a', target: { digest: sha256('other') } }),
  unary(images.delete, { name: 'none', target: { digest: sha256('other') } }),
  unary(images.delete, { name: 'a', target: { digest: target.digest } }),
  unary(images.delete, { name: 'a' }),
  unary(images.delete, { name: '' }),
];

/** What ends a containerd. */
export const hostileCalls: readonly Step[] = [
  unary(images.create, { image: { name: 'b' } }),
  unary(images.create, {}),
  unary(images.update, {}),
  unary(containers.create, {}),
  unary(containers.update, {}),
  unary(ns.create, {}),
  unary(ns.update, {}),
  unary(content.update, {}),
  unary(leases.addResource, { id: 'x' }),
  unary(leases.deleteResource, { id: 'x' }),
  unary(events.forward, {}),
  unary(events.publish, { topic: '/a' }),
  unary(sandboxes.create, {}),
  unary(sandboxes.update, {}),
];

export const containerCalls: readonly Step[] = [
  unary(containers.get, { id: 'one' }),
  unary(containers.get, { id: '' }),
  unary(containers.list, {}),
  unary(containers.create, { container: { id: 'one' } }),
  unary(containers.create, { container: { id: 'no-spec', runtime } }),
  unary(containers.delete, { id: 'no-spec' }),
  unary(containers.create, { container: { id: 'a b', runtime, spec } }),
  unary(containers.create, { container: { id: long.slice(0, 77), runtime, spec } }),
  unary(containers.create, { container: { ...one, extensions: { '': spec } } }),
  unary(containers.create, { container: { ...one, labels: { a: long } } }),
  unary(containers.create, { container: { ...one, snapshotKey: 'k' } }),
  unary(containers.create, {
    container: {
      ...one,
      runtime: { name: 'io.containerd.runc.v2', options: { typeUrl: 'x', value: bytes('y') } },
      labels: { l: '1' },
      extensions: { e: spec },
      snapshotter: 'overlayfs',
      snapshotKey: 'k',
      sandbox: 's',
    },
  }),
  unary(containers.create, { container: one }),
  unary(containers.create, { container: { ...one, id: 'two' } }),
  unary(containers.get, { id: 'one' }),
  unary(containers.list, { filters: ['id==one'] }),
  unary(containers.list, { filters: ['runtime.name~=runc', 'x'] }),
  unary(containers.list, { filters: ['image==i,labels.l==1'] }),
  unary(containers.list, { filters: ['runtime'] }),
  unary(containers.list, { filters: ['snapshotter'] }),
  unary(containers.update, { container: { id: '' } }),
  unary(containers.update, { container: { ...one, id: 'none' } }),
  unary(containers.update, { container: one }),
  unary(containers.update, { container: { ...one, snapshotter: 'overlayfs', runtime: { name: 'other' } } }),
  unary(containers.update, {
    container: { ...one, snapshotter: 'overlayfs', snapshotKey: 'k2', image: 'i2', extensions: { e: spec } },
  }),
  unary(containers.update, { container: { id: 'one', labels: { x: '1' } }, updateMask: { paths: ['labels.x'] } }),
  unary(containers.update, { container: { id: 'one', labels: { x: '' } }, updateMask: { paths: ['labels.x'] } }),
  unary(containers.update, { container: { id: 'one', labels: { y: '2' } }, updateMask: { paths: ['labels'] } }),
  unary(containers.update, {
    container: { id: 'one', extensions: { f: spec } },
    updateMask: { paths: ['extensions.f', 'image', 'snapshotkey'] },
  }),
  unary(containers.update, { container: { id: 'one', spec }, updateMask: { paths: ['spec'] } }),
  unary(containers.update, { container: { id: 'one' }, updateMask: { paths: ['runtime'] } }),
  unary(containers.update, { container: { id: 'one' }, updateMask: { paths: ['snapshotter'] } }),
  unary(containers.update, { container: { id: 'one' }, updateMask: { paths: ['snapshot_key'] } }),
  unary(containers.update, { container: { id: 'one' }, updateMask: { paths: ['sandbox'] } }),
  unary(containers.get, { id: 'one' }),
  {
    what: 'Containers.ListStream',
    run: ({ plain }) => all(plain.read(containers.listStream, { filters: ['id'] })),
  },
  {
    what: 'Containers.ListStream bad',
    run: ({ plain }) => all(plain.read(containers.listStream, { filters: ['id=='] })),
  },
  unary(containers.delete, { id: 'none' }),
  unary(containers.delete, { id: '' }),
  unary(containers.delete, { id: 'one' }),
  unary(containers.delete, { id: 'one' }),
  unary(containers.delete, { id: 'two' }),
];

export const leaseCalls: readonly Step[] = [
  unary(leases.create, { id: 'l1', labels: { a: '1', empty: '' } }),
  unary(leases.create, { id: 'l1' }),
  unary(leases.create, { id: 'l/2 ü' }),
  unary(leases.list, {}),
  unary(leases.list, { filters: ['id==l1'] }),
  unary(leases.list, { filters: ['labels.a==1'] }),
  unary(leases.list, { filters: ['labels.a=='] }),
  unary(leases.addResource, { id: 'none', resource: { type: 'content', id: sha256('x') } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'content', id: sha256('x') } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'content', id: sha256('x') } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'content', id: 'x' } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'content/x', id: sha256('x') } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'ingests', id: 'any' } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'images', id: 'any' } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'snapshots', id: 'any' } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'snapshots/overlayfs', id: 'any' } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'snapshots/overlayfs/x', id: 'any' } }),
  unary(leases.addResource, { id: 'l1', resource: { type: 'containers', id: 'any' } }),
  unary(leases.addResource, { id: 'l1', resource: { type: '', id: 'any' } }),
  unary(leases.listResources, { id: 'l1' }),
  unary(leases.listResources, { id: 'none' }),
  unary(leases.deleteResource, { id: 'l1', resource: { type: 'images', id: 'any' } }),
  unary(leases.deleteResource, { id: 'l1', resource: { type: 'images', id: 'any' } }),
  unary(leases.deleteResource, { id: 'l1', resource: { type: 'content', id: 'x' } }),
  unary(leases.deleteResource, { id: 'none', resource: { type: 'images', id: 'any' } }),
  unary(leases.listResources, { id: 'l1' }),
  unary(leases.delete, { id: 'none' }),
  unary(leases.delete, { id: '' }),
  unary(leases.delete, { id: 'l1', sync: true }),
  unary(leases.delete, { id: 'l/2 ü' }),
];

const hello = 'hello, world';
const whole = sha256(hello);

export const contentCalls: readonly Step[] = [
  unary(content.info, { digest: whole }),
  unary(content.info, { digest: 'x' }),
  unary(content.info, { digest: 'sha256:x' }),
  unary(content.info, { digest: whole }, 'nowhere'),
  unary(content.delete, { digest: whole }),
  unary(content.delete, { digest: 'x' }),
  read({ digest: whole }),
  read({ digest: 'sha256:x' }),
  unary(content.status, { ref: 'r' }),
  unary(content.abort, { ref: 'r' }),
  unary(content.listStatuses, {}),
  unary(content.listStatuses, { filters: ['ref=='] }),
  write([{ action: WriteAction.STAT }]),
  write([{ action: WriteAction.STAT, ref: 'r' }]),
  unary(content.status, { ref: 'r' }),
  write([{ action: WriteAction.STAT, ref: 'r', total: 12n, expected: whole }]),
  write([
    { action: WriteAction.STAT, ref: 'r' },
    { action: WriteAction.WRITE, data: bytes('hello') },
    { action: WriteAction.WRITE, offset: 5n, data: bytes(', ') },
    { action: WriteAction.STAT },
    { action: WriteAction.WRITE, offset: 6n, data: bytes('x') },
  ]),
  unary(content.status, { ref: 'r' }),
  unary(content.listStatuses, {}),
  unary(content.listStatuses, { filters: ['ref==r'] }),
  unary(content.listStatuses, { filters: ['ref!=r'] }),
  write([{ action: WriteAction.WRITE, ref: 'r', offset: 7n, data: bytes('wo') }], { leave: true }),
  write([{ action: WriteAction.COMMIT, ref: 'r', offset: 9n, total: 12n }]),
  unary(content.status, { ref: 'r' }),
  write([{ action: WriteAction.COMMIT, ref: 'r', offset: 9n, data: bytes('rld'), expected: sha256('no') }]),
  unary(content.status, { ref: 'r' }),
  write([{ action: WriteAction.COMMIT, ref: 'r', offset: 12n, labels: { a: long } }]),
  unary(content.status, { ref: 'r' }),
  write([
    { action: WriteAction.COMMIT, ref: 'r', offset: 12n, total: 12n, expected: whole, labels: { a: 'b', e: '' } },
  ]),
  unary(content.status, { ref: 'r' }),
  unary(content.info, { digest: whole }),
  list([]),
  list(['labels.a==b']),
  list([`digest==${whole}`]),
  list(['size==12']),
  list(['labels.a==c', 'digest~=^sha256:']),
  list(['size==']),
  list([], 'other'),
  read({ digest: whole }),
  read({ digest: whole, offset: 7n }),
  read({ digest: whole, offset: 7n, size: 2n }),
  read({ digest: whole, offset: 7n, size: 200n }),
  read({ digest: whole, offset: -7n, size: -2n }),
  read({ digest: whole, offset: 12n }),
  read({ digest: whole, offset: 13n }),
  write([{ action: WriteAction.STAT, ref: 'again', expected: whole }]),
  write([
    { action: WriteAction.STAT, ref: 'again' },
    { action: WriteAction.WRITE, data: bytes('x') },
  ]),
  write([{ action: WriteAction.COMMIT, ref: 'again', data: bytes(hello) }]),
  unary(content.status, { ref: 'again' }),
  write([
    { action: WriteAction.STAT, ref: 'again', total: 3n },
    { action: WriteAction.WRITE, data: bytes('too long') },
    { action: WriteAction.COMMIT, offset: 8n },
  ]),
  unary(content.abort, { ref: 'again' }),
  unary(content.abort, { ref: 'again' }),
  write([{ action: WriteAction.COMMIT, ref: 'empty' }]),
  read({ digest: sha256('') }),
  write([{ action: WriteAction.STAT, ref: 'other', expected: whole, total: 3n }], { who: 'other' }),
  write([{ action: WriteAction.STAT, ref: 'other', expected: whole, total: 12n }], { who: 'other' }),
  unary(content.abort, { ref: 'other' }, 'other'),
  write(
    [
      { action: WriteAction.STAT, ref: 'shared', expected: whole, total: 12n },
      { action: WriteAction.COMMIT, offset: 12n, total: 11n },
    ],
    { who: 'other' },
  ),
  write(
    [
      { action: WriteAction.STAT, ref: 'shared', expected: whole, total: 12n },
      { action: WriteAction.COMMIT, offset: 12n, total: 12n, expected: sha256('no') },
    ],
    { who: 'other' },
  ),
  write(
    [
      { action: WriteAction.STAT, ref: 'shared', expected: whole, total: 12n },
      { action: WriteAction.COMMIT, offset: 12n, total: 12n, labels: { o: 'p' } },
    ],
    { who: 'other' },
  ),
  list([], 'other'),
  unary(content.update, { info: { digest: whole, labels: { x: '1', y: '2' } }, updateMask: { paths: ['labels.x'] } }),
  unary(content.update, { info: { digest: whole, labels: { x: '' } }, updateMask: { paths: ['labels.x'] } }),
  unary(content.update, { info: { digest: whole, labels: { z: '3' } }, updateMask: { paths: ['labels'] } }),
  unary(content.update, { info: { digest: whole }, updateMask: { paths: ['size'] } }),
  unary(content.update, { info: { digest: whole, labels: { z: long } } }),
  unary(content.update, { info: { digest: whole, labels: { all: 'new' } } }),
  unary(content.update, { info: { digest: sha256('none') } }),
  unary(content.update, { info: { digest: 'x' } }),
  unary(content.delete, { digest: whole }),
  unary(content.info, { digest: whole }),
  unary(content.info, { digest: whole }, 'other'),
  unary(content.delete, { digest: whole }, 'other'),
  unary(content.delete, { digest: sha256('') }),
];

export const leasedCalls: readonly Step[] = [
  unary(leases.create, { id: lease }),
  write([{ action: WriteAction.STAT, ref: 'x' }], { who: 'ill_leased' }),
  write([{ action: WriteAction.COMMIT, ref: 'x', data: bytes('ill') }], { who: 'ill_leased' }),
  write([{ action: WriteAction.STAT, ref: 'held' }], { who: 'leased' }),
  unary(leases.listResources, { id: lease }),
  write([{ action: WriteAction.COMMIT, ref: 'leased', data: bytes('leased') }], { who: 'leased' }),
  unary(leases.listResources, { id: lease }),
  write([{ action: WriteAction.COMMIT, ref: 'plain', data: bytes('plain') }]),
  write([{ action: WriteAction.STAT, ref: 'more', expected: sha256('plain') }], { who: 'leased' }),
  unary(leases.listResources, { id: lease }),
  unary(content.delete, { digest: sha256('leased') }, 'leased'),
  unary(leases.listResources, { id: lease }),
  unary(images.create, { image: { name: 'kept', target } }, 'leased'),
  unary(
    images.create,
    { image: { name: 'goes', target, labels: { 'containerd.io/gc.expire': '2099-01-01T00:00:00Z' } } },
    'leased',
  ),
  unary(
    images.create,
    { image: { name: 'ill', target, labels: { 'containerd.io/gc.expire': '2099-01-01T00:00:00Z' } } },
    'ill_leased',
  ),
  unary(leases.listResources, { id: lease }),
  unary(images.delete, { name: 'goes' }, 'leased'),
  unary(leases.listResources, { id: lease }),
  unary(content.abort, { ref: 'held' }, 'leased'),
  unary(leases.listResources, { id: lease }),
  unary(leases.delete, { id: lease, sync: true }),
  list([]),
  unary(images.delete, { name: 'kept', sync: true }),
];

export const collectionCalls: readonly Step[] = [
  unary(leases.create, { id: lease }),
  write([{ action: WriteAction.COMMIT, ref: 'a', data: bytes('loose') }], { who: 'leased' }),
  write([{ action: WriteAction.COMMIT, ref: 'b', data: bytes('root'), labels: { 'containerd.io/gc.root': 'yes' } }], {
    who: 'leased',
  }),
  write([{ action: WriteAction.COMMIT, ref: 'c', data: bytes('child') }], { who: 'leased' }),
  write([{ action: WriteAction.COMMIT, ref: 'd', data: bytes('grandchild') }], { who: 'leased' }),
  unary(content.update, {
    info: { digest: sha256('root'), labels: { 'containerd.io/gc.ref.content.0': sha256('child') } },
    updateMask: { paths: ['labels.containerd.io/gc.ref.content.0'] },
  }),
  unary(content.update, {
    info: { digest: sha256('child'), labels: { 'containerd.io/gc.ref.content': sha256('grandchild') } },
    updateMask: { paths: ['labels.containerd.io/gc.ref.content'] },
  }),
  unary(images.create, { image: { name: 'img', target } }),
  unary(leases.delete, { id: lease, sync: true }),
  list([]),
  unary(images.create, {
    image: { name: 'over', target, labels: { 'containerd.io/gc.expire': '2001-01-01T00:00:00Z' } },
  }),
  unary(images.create, { image: { name: 'no-time', target, labels: { 'containerd.io/gc.expire': 'soon' } } }),
  unary(images.delete, { name: 'img', sync: true }),
  unary(images.list, {}),
  list([]),
  unary(content.update, { info: { digest: sha256('root') } }),
  unary(images.delete, { name: 'no-time', sync: true }),
  list([]),
  unary(leases.create, { id: lease }),
  write([{ action: WriteAction.COMMIT, ref: 'g', data: bytes('parent') }], { who: 'leased' }),
  write([{ action: WriteAction.COMMIT, ref: 'h', data: bytes('part') }], { who: 'leased' }),
  unary(content.update, {
    info: { digest: sha256('parent'), labels: { 'containerd.io/gc.ref.content.x': sha256('part') } },
  }),
  unary(leases.create, { id: 'flat', labels: { 'containerd.io/gc.flat': 'yes' } }),
  unary(leases.addResource, { id: 'flat', resource: { type: 'content', id: sha256('parent') } }),
  unary(leases.create, { id: 'past', labels: { 'containerd.io/gc.expire': '2001-01-01T00:00:00Z' } }),
  unary(leases.addResource, { id: 'past', resource: { type: 'content', id: sha256('part') } }),
  unary(leases.delete, { id: lease, sync: true }),
  list([]),
  unary(leases.list, {}),
  unary(leases.delete, { id: 'flat', sync: true }),
  list([]),
];

export const otherCalls: readonly Step[] = [
  unary(events.publish, { topic: '', event: spec }),
  unary(events.publish, { topic: 'x', event: spec }),
  unary(events.publish, { topic: '/', event: spec }),
  unary(events.publish, { topic: '/a//b', event: spec }),
  unary(events.publish, { topic: '/a b', event: spec }),
  unary(events.publish, { topic: '/a', event: spec }),
  unary(events.publish, { topic: '/a', event: spec }, 'nowhere'),
  unary(events.forward, { envelope: { topic: '/a', namespace: 'x', event: spec } }),
  unary(events.forward, { envelope: { topic: 'a', namespace: 'x', event: spec, timestamp: { seconds: 1n } } }),
  unary(events.forward, { envelope: { topic: '/a', namespace: '', event: spec, timestamp: { seconds: 1n } } }),
  unary(events.forward, { envelope: { topic: '/a', namespace: 'x', event: spec, timestamp: { seconds: 1n } } }),
  {
    what: 'Events.Subscribe bad',
    run: ({ plain }) => all(plain.read(events.subscribe, { filters: ['topic=='] })),
  },
  unary(IntrospectionService.method.plugins, { filters: ['id==none'] }),
  unary(IntrospectionService.method.plugins, { filters: ['id=='] }),
];

export const sandboxCalls: readonly Step[] = [
  unary(sandboxes.get, { sandboxId: 'none' }),
  unary(sandboxes.list, {}),
  unary(sandboxes.update, { sandbox: { sandboxId: 'none', runtime } }),
  unary(sandboxes.delete, { sandboxId: 'none' }),
  unary(sandboxes.create, { sandbox: { sandboxId: '', runtime } }),
  unary(sandboxes.create, { sandbox: { sandboxId: 'a b', runtime } }),
  unary(sandboxes.create, {
    sandbox: { sandboxId: 's', runtime, spec, labels: { a: '1' }, extensions: { e: spec }, sandboxer: 'shim' },
  }),
  unary(sandboxes.create, { sandbox: { sandboxId: 's', runtime } }),
  unary(sandboxes.create, { sandbox: { sandboxId: 't', runtime } }),
  unary(sandboxes.get, { sandboxId: 's' }),
  unary(sandboxes.get, { sandboxId: 'none' }),
  unary(sandboxes.list, { filters: ['labels.a==1'] }),
  unary(sandboxes.list, { filters: ['id==t'] }),
  unary(sandboxes.list, { filters: ['id=='] }),
  unary(sandboxes.update, { sandbox: { sandboxId: 's', runtime: { name: 'x' } } }),
  unary(sandboxes.update, { sandbox: { sandboxId: 's', runtime, spec, labels: { b: '2' }, extensions: { e: spec } } }),
  unary(sandboxes.update, { sandbox: { sandboxId: 's', runtime, labels: { c: '3' } }, fields: ['labels.c'] }),
  unary(sandboxes.update, { sandbox: { sandboxId: 's', runtime, extensions: { f: spec } }, fields: ['extensions.f'] }),
  unary(sandboxes.update, { sandbox: { sandboxId: 's', runtime: { name: 'y' } }, fields: ['runtime'] }),
  unary(sandboxes.update, { sandbox: { sandboxId: 's', runtime }, fields: ['sandboxer'] }),
  unary(sandboxes.update, { sandbox: { sandboxId: 'none', runtime }, fields: ['labels'] }),
  unary(sandboxes.delete, { sandboxId: 'none' }),
  unary(sandboxes.delete, { sandboxId: 's' }),
  unary(sandboxes.delete, { sandboxId: 't' }),
];

/** An answer as a text in which times are only there or not. */
export function describe(answer: unknown): string {
  return JSON.stringify(answer, (name, value: unknown) => {
    if (name === '$typeName') return undefined;
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('latin1')}`;
    if (isTime(value)) return value.seconds === 1000n ? 'then' : 'a time';
    if (isLabels(value)) return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return value;
  }).replaceAll(/locked for .*: unavailable/g, 'locked: unavailable');
}

function isTime(value: unknown): value is { readonly seconds: bigint } {
  return typeof value === 'object' && value !== null && typeof (value as { seconds?: unknown }).seconds === 'bigint';
}

function isLabels(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
