import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';

import { WherryError } from '../errors/index.ts';

/**
 * Names of the JSON documents that containerd puts into an Any; "1" is the major version of the OCI runtime
 * specification.
 */
export const documentType = {
  spec: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
  process: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
  linuxResources: 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources',
} as const;

/** Packs a message as containerd does: `type_url` is the bare full name, compared there letter by letter. */
export function packMessage<Schema extends DescMessage>(schema: Schema, message: MessageInitShape<Schema>): Any {
  return create(AnySchema, { typeUrl: schema.typeName, value: toBinary(schema, create(schema, message)) });
}

/** Whether `any` holds a message of `schema`. */
function holdsMessage(any: Any, schema: DescMessage): boolean {
  return any.typeUrl === schema.typeName || any.typeUrl === `type.googleapis.com/${schema.typeName}`;
}

/**
 * The message in `any`.
 *
 * @throws WherryError InvalidArgument when it holds another or what it holds cannot be read
 */
export function unpackMessage<Schema extends DescMessage>(any: Any, schema: Schema): MessageShape<Schema> {
  if (!holdsMessage(any, schema)) {
    throw new WherryError('InvalidArgument', `Cannot read "${any.typeUrl}": a ${schema.typeName} is needed here.`);
  }
  try {
    return fromBinary(schema, any.value);
  } catch (cause) {
    throw new WherryError('InvalidArgument', `Cannot read a ${schema.typeName}: its bytes are not one.`, { cause });
  }
}

/** Packs a JSON document under one of the names in `documentType`. */
export function packDocument(typeUrl: string, document: unknown): Any {
  return create(AnySchema, { typeUrl, value: Buffer.from(JSON.stringify(document)) });
}

/**
 * The JSON document in `any`, not yet trusted.
 *
 * @throws WherryError InvalidArgument when it goes by another name than `typeUrl` or is no JSON
 */
export function unpackDocument(any: Any, typeUrl: string): unknown {
  if (any.typeUrl !== typeUrl) {
    throw new WherryError('InvalidArgument', `Cannot read "${any.typeUrl}": "${typeUrl}" is needed here.`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(any.value)) as unknown;
  } catch (cause) {
    throw new WherryError('InvalidArgument', `Cannot read "${typeUrl}": it is no JSON.`, { cause });
  }
}
