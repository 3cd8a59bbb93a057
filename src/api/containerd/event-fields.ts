import { type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';

import { type Envelope, fieldOfMap, type Fields } from '../../core/index.ts';
import {
  containerEvents,
  contentEvents,
  imageEvents,
  namespaceEvents,
  snapshotEvents,
  taskEvents,
  sandboxEvents,
} from '../../wire/index.ts';
import { present } from './messages.ts';

/** The messages that events of containerd carry, by their full names. */
const schemas: ReadonlyMap<string, DescMessage> = new Map(
  [containerEvents, contentEvents, imageEvents, namespaceEvents, taskEvents, sandboxEvents, snapshotEvents]
    .flatMap((file): unknown[] => Object.values(file))
    .filter(isMessage)
    .map((schema) => [schema.typeName, schema]),
);

function isMessage(exported: unknown): exported is DescMessage {
  return typeof exported === 'object' && exported !== null && (exported as { kind?: unknown }).kind === 'message';
}

/** What a filter may ask of an event: `topic`, `namespace`, and `event.<field>` by the names of its message. */
export function eventFields({ namespace, topic, event }: Envelope): Fields {
  let message: { readonly schema: DescMessage; readonly value: Message } | null | undefined;
  return ([first, ...rest]) => {
    if (first === 'namespace') return rest.length === 0 ? present(namespace) : undefined;
    if (first === 'topic') return rest.length === 0 ? present(topic) : undefined;
    if (first !== 'event') return undefined;
    message ??= read(event.type_url, event.value);
    return message === null ? undefined : fieldOf(message.schema, message.value, rest);
  };
}

function read(type_url: string, bytes: Uint8Array): { schema: DescMessage; value: Message } | null {
  const schema = schemas.get(type_url.slice(type_url.lastIndexOf('/') + 1));
  if (schema === undefined) return null;
  try {
    return { schema, value: fromBinary(schema, bytes) };
  } catch {
    return null;
  }
}

function fieldOf(schema: DescMessage, value: Message, path: readonly string[]): string | undefined {
  const [name, ...rest] = path;
  const field = schema.fields.find((each) => each.name === name);
  if (field === undefined) return undefined;
  const found = reflect(schema, value).get(field);
  if (field.fieldKind === 'map') return fieldOfMap(rest, stringsOf(value, field.localName));
  if (field.fieldKind === 'message')
    return field.message === undefined || !reflect(schema, value).isSet(field)
      ? undefined
      : fieldOf(field.message, (found as { message: Message }).message, rest);
  if (rest.length > 0) return undefined;
  if (typeof found === 'string') return present(found);
  return typeof found === 'boolean' ? String(found) : undefined;
}

function stringsOf(value: Message, name: string): Readonly<Record<string, string>> {
  return (value as unknown as Readonly<Record<string, Record<string, string>>>)[name] ?? {};
}
