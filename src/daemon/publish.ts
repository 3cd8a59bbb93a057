import { create, fromBinary } from '@bufbuild/protobuf';
import { AnySchema, timestampNow } from '@bufbuild/protobuf/wkt';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { EventsForwardService, TtrpcClient } from '../wire/index.ts';

/** How long the daemon may take to answer. */
const answer_ms_max = 10_000;

/**
 * Publishes one event for a shim of an early generation, as containerd's own program does it:
 * `--address SOCKET publish --topic TOPIC --namespace NAMESPACE`, with the event as an Any on stdin.
 */
export async function publish(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { address: { type: 'string' }, topic: { type: 'string' }, namespace: { type: 'string' } },
  });
  const { address, topic, namespace } = values;
  if (positionals[0] !== 'publish' || address === undefined || topic === undefined || namespace === undefined)
    throw new Error('publish needs --address, --topic and --namespace');
  const event = fromBinary(AnySchema, readFileSync(0));
  const client = await TtrpcClient.connect(`${address.replace(/^unix:\/\//, '')}.ttrpc`);
  try {
    await client
      .service(EventsForwardService)
      .forward(
        { envelope: { timestamp: timestampNow(), namespace, topic, event: create(AnySchema, event) } },
        { timeout_ms: answer_ms_max },
      );
  } finally {
    client.close();
  }
}
