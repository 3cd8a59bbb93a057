import { WherryError } from '../../errors/index.ts';
import { type Core, createCore, type Gate, type Log, type ShimLauncher } from '../index.ts';
import type { Places } from './temporary.ts';

/** A gate that lets everything through. */
export const openGate: Gate = { imageVisible() {}, containerCreate() {}, taskStart() {} };

const noShims: ShimLauncher = {
  launch: () => Promise.reject(new WherryError('Unavailable', 'no shims in this test')),
};

/** A log that keeps its lines. */
export interface KeptLog extends Log {
  readonly lines: string[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const keep = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { lines, info: keep('info'), warn: keep('warn'), error: keep('error') };
}

export interface OpenOptions {
  readonly gate?: Gate;
  readonly launcher?: ShimLauncher;
  readonly log?: Log;
  readonly warm?: string;
}

/** The real core over these folders; the test's end closes it if nobody did. */
export async function openCore(places: Places, options: OpenOptions = {}): Promise<Core> {
  const { gate = openGate, launcher = noShims, log = keptLog(), ...rest } = options;
  const core = await createCore({ root: places.root, state: places.state, gate, launcher, log, ...rest });
  places.cores.push(core);
  return core;
}
