import { WherryError } from '../../../errors/index.ts';
import { transfer_data_bytes, transfer_stalled_ms_max, transfer_window_bytes } from '../../../limits/index.ts';
import { packMessage, unpackMessage } from '../../../wire/index.ts';
import { transferStreaming } from '../../../wire/services.ts';
import type { TransferStream } from './streams.ts';

const { DataSchema, WindowUpdateSchema } = transferStreaming;

/**
 * The bytes that a client sends on a stream. It is let send `transfer_window_bytes` ahead of what was read.
 *
 * @throws WherryError ResourceExhausted when it sends more than it was let, Cancelled when it goes before the end
 */
export async function* receiveBytes(stream: TransferStream): AsyncGenerator<Uint8Array> {
  let window = 0;
  try {
    for (;;) {
      if (window <= transfer_window_bytes / 2) {
        const update = transfer_window_bytes - window;
        stream.post(packMessage(WindowUpdateSchema, { update }));
        window += update;
      }
      const message = await stream.receive();
      if (message === null) return;
      if (message.typeUrl !== DataSchema.typeName) continue;
      const { data } = unpackMessage(message, DataSchema);
      if (data.length > window) {
        throw new WherryError('ResourceExhausted', 'a client sends more on a stream than it was let');
      }
      window -= data.length;
      if (data.length > 0) yield data;
    }
  } finally {
    stream.close();
  }
}

/**
 * Sends bytes on a stream, as far ahead as the client lets it, and ends it.
 *
 * @throws WherryError DeadlineExceeded when the client does not let it go on for long, Cancelled when it is gone
 */
export async function sendBytes(stream: TransferStream, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  let credit = 0;
  try {
    for await (const piece of bytes) {
      for (let at = 0; at < piece.length;) {
        while (credit <= 0) credit = Math.min(credit + (await nextCredit(stream)), 2 ** 31 - 1);
        const end = Math.min(at + Math.min(transfer_data_bytes, credit), piece.length);
        await stream.send(packMessage(DataSchema, { data: piece.subarray(at, end) }));
        credit -= end - at;
        at = end;
      }
    }
  } finally {
    stream.close();
  }
}

async function nextCredit(stream: TransferStream): Promise<number> {
  const message = await inTime(stream.receive());
  if (message === null) throw new WherryError('Cancelled', 'the client ended the stream before the archive did');
  if (message.typeUrl !== WindowUpdateSchema.typeName) return 0;
  return Math.max(0, unpackMessage(message, WindowUpdateSchema).update);
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new WherryError('DeadlineExceeded', 'the client does not take the archive')),
      transfer_stalled_ms_max,
    );
    timer.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}
