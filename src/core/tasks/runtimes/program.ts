import { create, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

import { WherryError } from '../../../errors/index.ts';
import {
  foreign_shim_delete_ms_max,
  foreign_shim_output_bytes_max,
  shim_launch_ms_max,
} from '../../../limits/index.ts';
import { bootstrapParams } from '../../../wire/index.ts';
import type { Any } from '../../model.ts';
import { throughNamespaces } from './rootless.ts';
import type { ShimFolders } from './runtime-name.ts';

/** Where shims find the daemon. */
export interface ShimEnvironment {
  /** containerd's socket. */
  readonly address: string;
  /** The socket that takes their events. */
  readonly ttrpc_address: string;
  /** A program that shims of an early generation publish events by: `BINARY --address A publish --topic T --namespace N`. */
  readonly publish_binary: string;
  /** What this daemon calls itself. */
  readonly version: string;
}

/** A shim's program and what it is called for. */
export interface ShimCall {
  readonly program: string;
  readonly namespace: string;
  readonly id: string;
  readonly bundle: string;
  readonly environment: ShimEnvironment;
}

/** Where shims' programs are looked for. */
export function shimFolders({ publish_binary }: ShimEnvironment): ShimFolders {
  return { path: process.env['PATH'] ?? '', beside: dirname(publish_binary) };
}

/** Which programs read the message of containerd 2.3 at their start, by path and age; the others read bare options. */
const generations = new Map<string, 'message' | 'options'>();

/**
 * Has a shim's program start a shim, or say which one takes another container. Gives what it printed. Nothing says
 * ahead what a program reads on stdin, and one that reads the other thing fails: then that is tried, once a program.
 *
 * @throws WherryError Unknown in containerd's words when it fails
 */
export async function startProgram(call: ShimCall, options: Any | null): Promise<Buffer> {
  const { program, namespace, id, environment } = call;
  const name = `${program} ${statSync(program, { throwIfNoEntry: false })?.mtimeMs}`;
  const known = generations.get(name);
  let printed: Printed | null = null;
  if (known !== 'options') {
    const message = bootstrapParams({ ...environment, namespace, id, options });
    printed = await run(call, ['start'], message, shim_launch_ms_max).catch((error: unknown) => {
      if (known === 'message') throw error;
      return null;
    });
    if (printed !== null) generations.set(name, 'message');
  }
  if (printed === null) {
    printed = await run(call, ['start'], packedOptions(options), shim_launch_ms_max);
    generations.set(name, 'options');
  }
  const { output, errors } = printed;
  // Of a shim that says nothing on its output the address may stand among its errors.
  return output.length > 0 ? output : errors;
}

/** The runtime's options as programs before that read them. */
function packedOptions(options: Any | null): Uint8Array {
  if (options === null) return Buffer.alloc(0);
  return toBinary(AnySchema, create(AnySchema, { typeUrl: options.type_url, value: options.value }));
}

/**
 * Has a shim's program clear up after a shim that is gone. Gives what it printed: a DeleteResponse.
 *
 * @throws WherryError Unknown when it fails
 */
export async function deleteProgram(call: ShimCall): Promise<Buffer> {
  const { output } = await run(call, ['-bundle', call.bundle, 'delete'], Buffer.alloc(0), foreign_shim_delete_ms_max);
  return output;
}

/**
 * What a shim's program says of itself: a `containerd.types.RuntimeInfo`, encoded.
 *
 * @throws WherryError Unknown when it says nothing
 */
export async function infoProgram(
  program: string,
  environment: ShimEnvironment,
  options: Any | null,
): Promise<Uint8Array> {
  const call = { program, namespace: 'default', id: 'info', bundle: '/', environment };
  const { output } = await run(call, ['-info'], packedOptions(options), shim_launch_ms_max);
  return output;
}

interface Printed {
  readonly output: Buffer;
  readonly errors: Buffer;
}

/** Not what slows every Go program, or this daemon's children, down. */
const unwanted: ReadonlySet<string> = new Set([
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NOTIFY_SOCKET',
  'XDG_RUNTIME_DIR',
]);

function run(call: ShimCall, action: readonly string[], input: Uint8Array, ms_max: number): Promise<Printed> {
  const { program, namespace, id, bundle, environment } = call;
  const { address, ttrpc_address, publish_binary } = environment;
  const known = ['-namespace', namespace, '-address', address, '-publish-binary', publish_binary, '-id', id];
  const inherited = Object.entries(process.env).filter(([name]) => !unwanted.has(name));
  return new Promise((resolve, reject) => {
    const started = throughNamespaces(address, program, [...known, ...action]);
    const child = spawn(started.program, started.args, {
      cwd: bundle,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(inherited),
        GOMAXPROCS: '2',
        MAX_SHIM_VERSION: '2',
        TTRPC_ADDRESS: ttrpc_address,
        GRPC_ADDRESS: address,
        NAMESPACE: namespace,
      },
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    let bytes = 0;
    const fail = (why: string, cause?: unknown): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      child.kill('SIGKILL');
      const said = Buffer.concat([...output, ...errors]).toString('utf8');
      reject(new WherryError('Unknown', `${said}: ${why}`, { cause }));
    };
    const timer = setTimeout(() => fail(`it took longer than ${ms_max} ms`), ms_max);
    const keep = (pieces: Buffer[]) => (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > foreign_shim_output_bytes_max) fail('it printed too much');
      else pieces.push(piece);
    };
    child.stdout.on('data', keep(output));
    child.stderr.on('data', keep(errors));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.once('error', (error: NodeJS.ErrnoException) => fail(`fork/exec ${program}: ${error.code}`, error));
    child.once('close', (code, signal) => {
      if (code === 0) {
        clearTimeout(timer);
        resolve({ output: Buffer.concat(output), errors: Buffer.concat(errors) });
      } else fail(signal === null ? `exit status ${code}` : `signal: ${signal}`);
    });
  });
}
