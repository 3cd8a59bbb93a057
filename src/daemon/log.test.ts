import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

test('a log that nobody reads any more is no error of the daemon', async () => {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)};
    const log = createLogger('info');
    let uncaught = 0;
    process.on('uncaughtException', (error) => { uncaught++; if (uncaught < 10) log.error(error.message); });
    process.stdin.once('data', () => {
      log.info('a line for nobody');
      setTimeout(() => { process.stdout.write(String(uncaught)); process.exit(0); }, 100);
    });`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stderr.destroy();
  child.stdin.write('now');
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(said.toString(), '0');
});
