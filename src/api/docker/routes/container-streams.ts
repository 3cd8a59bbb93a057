import { checkAttachable, type Engine, openLog, type WaitCondition } from '../../../engine/index.ts';
import { fromUnknown, WherryError } from '../../../errors/index.ts';
import { parseDetachKeys } from '../../../shim/index.ts';
import { errorFrame, logFrame, type LogForm, nanoseconds, streamType } from '../log-frames.ts';
import { gone, parseTimestamp } from '../numbers.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';

const conditions = ['not-running', 'next-exit', 'removed'];

/** Operations on containers that last: attach, logs, core dumps, wait. */
export function containerStreamRoutes(engine: Engine): readonly Route[] {
  const { containers } = engine;
  const id = (request: ApiRequest): string => request.params['id'] ?? '';

  async function attach(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { query } = request;
    const container = containers.find(id(request));
    checkAttachable(container, id(request));
    const detach_keys = query.get('detachKeys') ?? '';
    if (parseDetachKeys(detach_keys) === null) {
      throw new WherryError('InvalidArgument', `Invalid detach keys (${detach_keys}) provided`);
    }
    const { Tty: terminal } = container.record.config;
    const stdout = request.flag('stdout');
    const stderr = request.flag('stderr');
    container.publish('attach');
    const connection = await reply.hijack(streamType(terminal, request.before('1.42')));
    if (request.flag('logs')) {
      const form: LogForm = { terminal, timestamps: false, details: false, stdout, stderr };
      const log = { tail: null, since_ns: 0n, until_ns: 0n, follow: false, signal: request.signal };
      for await (const record of openLog(container, log)) {
        const frame = logFrame(record, form);
        if (frame !== null) await connection.write(frame);
      }
    }
    if (!request.flag('stream')) {
      connection.end();
      return;
    }
    const { fd, head } = connection.release();
    await containers.attach(container, fd, head, { stdin: request.flag('stdin'), stdout, stderr, detach_keys });
  }

  async function logs(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { query, signal } = request;
    const stdout = request.flag('stdout');
    const stderr = request.flag('stderr');
    if (!stdout && !stderr) {
      throw new WherryError('InvalidArgument', "must specify at least one of 'stdout' or 'stderr'");
    }
    const container = containers.find(id(request));
    const since_ns = parseTimestamp('since', query.get('since') ?? '', '"');
    const until_ns = parseTimestamp('until', query.get('until') ?? '', '"');
    const asked = query.get('tail') ?? '';
    const tail = /^\d{1,15}$/.test(asked) ? Number(asked) : null;
    const { Tty: terminal } = container.record.config;
    const form: LogForm = {
      terminal,
      timestamps: request.flag('timestamps'),
      details: request.flag('details'),
      stdout,
      stderr,
    };
    const asJson = !request.before('1.54') && query.get('format') === 'json';
    const records = openLog(container, { tail, since_ns, until_ns, follow: request.flag('follow'), signal });
    const type = asJson ? 'application/jsonl' : streamType(terminal, request.before('1.42'));
    const stream = reply.stream(200, type);
    try {
      for await (const record of records) {
        if (signal.aborted) return;
        if (!form[record.stream]) continue;
        await stream.write(asJson ? logJson(record) : logFrame(record, form)!);
      }
    } catch (error) {
      await stream.write(errorFrame(fromUnknown(error).message));
    } finally {
      stream.end();
    }
  }

  /** Wherry's own; Docker has nothing of the kind. */
  async function coreDump(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { content, size_bytes } = containers.coreDump(id(request));
    // One that ends early is no dump: without the length a client would not see it.
    reply.header('Content-Length', String(size_bytes));
    const stream = reply.stream(200, 'application/wasm');
    try {
      for await (const chunk of content as AsyncIterable<Buffer>) {
        if (request.signal.aborted) return;
        await stream.write(chunk);
      }
    } finally {
      content.destroy();
    }
    stream.end();
  }

  async function wait(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { query, signal } = request;
    const asked = request.before('1.30') ? '' : (query.get('condition') ?? '');
    const condition = asked === '' ? 'not-running' : asked;
    if (!conditions.includes(condition)) {
      throw new WherryError('InvalidArgument', `invalid condition: "${condition}"`);
    }
    const container = containers.find(id(request));
    const waiting = container.wait(condition as WaitCondition, signal);
    // A client starts the container only when it has these headers.
    const stream = request.before('1.30') ? null : reply.stream(200, 'application/json');
    const result = await Promise.race([waiting, gone(signal)]);
    if (result === null) return;
    const answer = { StatusCode: result.exit_code };
    if (stream === null) reply.json(200, answer);
    else {
      void stream.write(`${JSON.stringify(answer)}\n`);
      stream.end();
    }
  }

  return [
    { method: 'POST', pattern: '/containers/{id}/attach', hijacks: true, handler: attach },
    { method: 'GET', pattern: '/containers/{id}/logs', handler: logs },
    { method: 'GET', pattern: '/containers/{id}/core', handler: coreDump },
    { method: 'POST', pattern: '/containers/{id}/wait', handler: wait },
  ];
}

/** A record for clients that ask for `format=json`. */
function logJson(record: { readonly stream: string; readonly text: string; readonly time: string }): string {
  const Line = record.text.replace(/\n$/, '');
  return `${JSON.stringify({ Line, Source: record.stream, Timestamp: nanoseconds(record.time) })}\n`;
}
