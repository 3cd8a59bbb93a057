import { EmptySchema } from '@bufbuild/protobuf/wkt';

import { WherryError } from '../../../errors/index.ts';
import { packMessage, type ServiceHandlers, unpackMessage } from '../../../wire/index.ts';
import { streamingApi, type StreamingService } from '../../../wire/services.ts';
import { TransferStream, type TransferStreams } from '../transfer/streams.ts';

/** containerd's Streaming service: a client opens streams here, by name, that a transfer then uses. */
export function streamingService(streams: TransferStreams): ServiceHandlers<typeof StreamingService> {
  return {
    async *stream(requests, { metadata, signal }) {
      const messages = requests[Symbol.asyncIterator]();
      const first = await messages.next();
      if (first.done === true) throw new WherryError('Unknown', 'EOF');
      const { id } = readInit(first.value);
      // Streams without a namespace are let in, as containerd does it; no transfer finds them.
      const namespace = metadata.get('containerd-namespace')?.[0] ?? '';
      const stream = new TransferStream(messages, signal);
      streams.register(namespace, id, stream);
      try {
        yield packMessage(EmptySchema, {});
        yield* stream.outgoing();
      } finally {
        stream.close();
        streams.forget(namespace, id);
      }
    },
  };
}

function readInit(message: Parameters<typeof unpackMessage>[0]): streamingApi.StreamInit {
  const { typeName } = streamingApi.StreamInitSchema;
  if (message.typeUrl !== typeName) {
    throw new WherryError('Unknown', `can't unmarshal type "${message.typeUrl}" to output "${typeName}"`);
  }
  return unpackMessage(message, streamingApi.StreamInitSchema);
}
