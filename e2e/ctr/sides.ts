/** The two that are compared: a real containerd where one can be started, and our daemon. */
import { join } from 'node:path';

import { type Daemon, startDaemon } from '../daemon.ts';
import type { Outcome } from '../docker/run.ts';
import { runSteps } from '../docker/run.ts';
import type { Scenario } from '../docker/scenario.ts';
import { masksOf } from './masks.ts';
import { startPeer, type Version } from './peer.ts';

/** Where scenarios run. */
export interface Side {
  readonly name: string;
  readonly socket: string;
  readonly roots: readonly string[];
  /** Namespaces of this side start with it, so that those of the other have other control groups. */
  readonly letter: string;
  stop(): Promise<void>;
}

/** Our daemon, its containerd door, and the runtimes of the version beside it. */
export async function ourSide(programs: string): Promise<Side> {
  const daemon: Daemon = await startDaemon({ path: `${programs}:${process.env['PATH'] ?? ''}` });
  return {
    name: 'ours',
    socket: join(daemon.state, 'containerd.sock'),
    roots: [daemon.root, daemon.state, daemon.folder],
    letter: 'w',
    stop: () => daemon.stop(),
  };
}

/** A containerd. */
export function peerSide(version: Version, letter = 'c'): Side {
  const peer = startPeer(version);
  return {
    name: `containerd ${version}`,
    socket: peer.socket,
    roots: [join(peer.folder, 'root'), join(peer.folder, 'state'), peer.folder],
    letter,
    stop: async () => peer.stop(),
  };
}

/** Runs a scenario with the `ctr` of a folder, in a namespace of its own. */
export function runOn(
  side: Side,
  programs: string,
  files: ReadonlyMap<string, Uint8Array>,
  scenario: Scenario,
  number: number,
): Promise<Outcome[]> {
  const namespace = `${side.letter}${process.pid % 1000}-${String(number).padStart(2, '0')}`;
  const environment = {
    PATH: `${programs}:${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
    CONTAINERD_ADDRESS: side.socket,
    CONTAINERD_NAMESPACE: namespace,
    NS: namespace,
  };
  return runSteps(
    {
      environment,
      files,
      masks: (folder) => masksOf({ folder, socket: side.socket, roots: side.roots, namespace }),
    },
    scenario.steps,
  );
}
