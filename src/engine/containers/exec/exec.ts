import { randomBytes } from 'node:crypto';

import type { Container } from '../container.ts';

/** What a client asks to be run in a container. */
export interface ExecRequest {
  readonly command: readonly string[];
  /** `NAME=value`; a name alone unsets one of the container's. */
  readonly env: readonly string[];
  /** `user[:group]`, '' for the container's. */
  readonly user: string;
  /** '' for the container's. */
  readonly working_directory: string;
  readonly privileged: boolean;
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** As the client wrote them; '' for Docker's. */
  readonly detach_keys: string;
  /** Height and width, 0 where the client does not say. */
  readonly console_size: readonly [height: number, width: number];
}

/** How far it is. One that could not be started has ended, too. */
export type ExecPhase = 'created' | 'starting' | 'running' | 'ended';

/** A program that is run in a container beside its own, from its making until it is forgotten. In memory only. */
export class Exec {
  readonly id: string = randomBytes(32).toString('hex');
  readonly container: Container;
  readonly request: ExecRequest;
  /** Settles when it runs, or never will. */
  readonly started: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  phase: ExecPhase = 'created';
  pid = 0;
  /** null until it has ended. */
  exit_code: number | null = null;
  /** When it ended, in ms; null until then. */
  ended_at_ms: number | null = null;

  constructor(container: Container, request: ExecRequest) {
    this.container = container;
    this.request = request;
  }

  ended(exit_code: number): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    this.exit_code = exit_code;
    this.ended_at_ms = Date.now();
    this.started.resolve();
  }
}
