/** The daemon dies by `kill -9`; what runs goes on, and what was promised is there afterwards. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { faultLoop, showFaults } from './fault-loop.ts';
import { imageArchive } from './image.ts';
import { isAlive, sleep } from './processes.ts';

/** Kills of the short loop; `npm run soak -- faults` has the long one. */
const kills = Number(process.env['WHERRY_FAULTS'] ?? '12');
const seed = Number(process.env['WHERRY_SEED'] ?? Date.now() % 1_000_000);

interface Ticker {
  readonly name: string;
  readonly rate: number;
  readonly lines: number;
  readonly code: number;
  /** Ends before the daemon is back. */
  readonly short: boolean;
}

/** Ten that print a thousand lines a second, five slow ones that end while there is no daemon, five that go on. */
const tickers: readonly Ticker[] = Array.from({ length: 20 }, (_, i) => ({
  name: `t${i}`,
  ...(i < 10 ? { rate: 1000, lines: 30_000 } : i < 15 ? { rate: 10, lines: 300 } : { rate: 10, lines: 80 }),
  code: i + 1,
  short: i >= 15,
}));
const without_daemon_ms = 12_000;

/** The processes of containers. */
async function pidsOf(daemon: Daemon, names: readonly string[]): Promise<Map<string, number>> {
  const lines = (await daemon.ok(['inspect', '--format', '{{.State.Pid}}', ...names])).trim().split('\n');
  return new Map(names.map((name, i) => [name, Number(lines[i])]));
}

async function states(daemon: Daemon): Promise<Record<string, string>> {
  const lines = (await daemon.ok(['ps', '-a', '--format', '{{.Names}} {{.Status}}'])).trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

test('twenty containers outlive the daemon, and nothing of what they printed is lost', async () => {
  const daemon = await startDaemon();
  try {
    const bytes = readFileSync(join(checkout, 'e2e/guests/ticker.wasm'));
    await daemon.ok(['load'], {
      input: await imageArchive({
        tag: 'ticker',
        entrypoint: ['/ticker.wasm'],
        files: [{ path: 'ticker.wasm', bytes, mode: 0o755 }],
      }),
    });
    for (const { name, rate, lines, code } of tickers)
      await daemon.ok(['run', '-d', '--name', name, 'ticker', String(rate), String(lines), String(code)]);
    const names = tickers.map(({ name }) => name);
    const pids = await pidsOf(daemon, names);

    await daemon.kill();
    for (const [name, pid] of pids) assert.ok(isAlive(pid), `${name} (${pid}) runs on without a daemon`);
    await sleep(without_daemon_ms);
    const running = tickers.filter(({ name }) => isAlive(pids.get(name)!));
    await daemon.start();

    const listed = await states(daemon);
    assert.deepEqual(Object.keys(listed).toSorted(), names.toSorted());
    for (const { name, code, short } of tickers)
      if (short)
        assert.match(listed[name]!, new RegExp(`^Exited \\(${code}\\) `), `${name} ended while there was no daemon`);
    for (const { name, code } of running) assert.match(listed[name]!, new RegExp(`^Up |^Exited \\(${code}\\) `), name);
    const up = names.filter((name) => listed[name]!.startsWith('Up '));
    if (up.length > 0)
      for (const [name, pid] of await pidsOf(daemon, up))
        // It may have ended since.
        assert.ok(pid === 0 || pid === pids.get(name), `${name} is the same process`);

    const codes = await daemon.ok(['wait', ...names]);
    assert.deepEqual(
      codes.trim().split('\n').map(Number),
      tickers.map(({ code }) => code),
    );
    for (const { name, code, lines } of tickers) {
      assert.equal(
        await daemon.ok(['inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', name]),
        `exited ${code}\n`,
      );
      const printed = (await daemon.ok(['logs', name])).split('\n').slice(0, -1);
      const wrong = printed.findIndex((line, index) => line !== String(index + 1));
      assert.equal(wrong, -1, `line ${wrong + 1} of ${name} reads ${printed[wrong]}`);
      assert.equal(printed.length, lines, `${name} lost no line`);
    }
    await daemon.ok(['rm', ...names]);
  } finally {
    await daemon.stop();
  }
});

test('whenever the daemon is killed, nothing is half visible and nobody is left over', async () => {
  const report = await faultLoop(kills, seed);
  showFaults(report);
  assert.ok(report.inside > 0, 'kills hit operations that were under way');
});
