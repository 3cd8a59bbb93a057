/** A core whose tasks run by a shim program of nobody's, for tests of what it makes of one. */
import assert from 'node:assert/strict';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { EventsForwardService, TtrpcServer } from '../../wire/index.ts';
import type { Core, Envelope, TaskExit, TaskStdio } from '../index.ts';
import { containerOf } from './fixtures.ts';
import { keptLog, openCore } from './open-core.ts';
import { coreFolders, type Places } from './temporary.ts';

export const stdio: TaskStdio = { stdin: '', stdout: '', stderr: '', terminal: false };
const script = new URL('./foreign-shim.ts', import.meta.url).pathname;

export interface Setup {
  readonly places: Places;
  readonly program: string;
  readonly log: ReturnType<typeof keptLog>;
  open(): Promise<{ core: Core; exits: TaskExit[]; events: Envelope[] }>;
  /** The calls of the program so far. */
  calls(): readonly { action: string; args: string[]; cwd: string; ttrpc: string }[];
  bundles(): string[];
}

export function setUp(t: TestContext, generation: 'address' | 'json' | 'message' = 'message'): Setup {
  const places = coreFolders(t);
  const program = join(places.state, 'containerd-shim-fake-v1');
  const record = join(places.state, 'calls');
  const log = keptLog();
  return {
    places,
    program,
    log,
    calls: () =>
      readFileSync(record, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as ReturnType<Setup['calls']>[number])
        .filter(({ action }) => action === 'start' || action === 'delete'),
    bundles: () => readdirSync(join(places.state, 'bundles')).filter((name) => !name.startsWith('.')),
    async open() {
      const core = await openCore(places, { log });
      writeFileSync(
        program,
        `#!/bin/sh\nexport FAKE_BOOTSTRAP=${generation} FAKE_RECORD=${record}\n` +
          `exec ${process.execPath} --experimental-ffi --no-warnings ${script} "$@"\n`,
      );
      chmodSync(program, 0o755);
      const server = new TtrpcServer();
      server.register(EventsForwardService, {
        async forward({ envelope }) {
          const { namespace, topic, timestamp, event } = envelope!;
          core.events.forward({
            namespace,
            topic,
            timestamp: timestampDate(timestamp!),
            event: { type_url: event!.typeUrl, value: event!.value },
          });
          return {};
        },
      });
      await server.listen(join(places.state, 'containerd.sock.ttrpc'));
      const events: Envelope[] = [];
      core.events.subscribe((envelope) => events.push(envelope), new AbortController().signal);
      const exits: TaskExit[] = [];
      core.namespace('moby').tasks.onExit((exit) => exits.push(exit));
      await core.recover();
      const { close } = core;
      const closing = {
        ...core,
        close: async () => {
          await server.close();
          await close();
        },
      };
      places.cores.push(closing);
      t.after(async () => {
        for (const { container } of core.namespace('moby').tasks.list())
          await core
            .namespace('moby')
            .tasks.kill(container, 60)
            .catch(() => {});
      });
      return { core: closing, exits, events };
    },
  };
}

export async function create(core: Core, id: string, spec: object, program: string): Promise<void> {
  await core.transact((tx) => tx.containers('moby').create({ ...containerOf(id, spec), runtime: program }));
  await core.namespace('moby').tasks.create(id, stdio);
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(10);
  assert.ok(holds(), what);
}
