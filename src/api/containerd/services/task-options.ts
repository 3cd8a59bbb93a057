import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import { WherryError } from '../../../errors/index.ts';
import { runc, runtimeOptions } from '../../../wire/index.ts';

/** What the daemon itself takes from a runtime's options. */
export interface TaskOptions {
  /** The folder of a checkpoint that a task goes on from; '' for none. */
  readonly checkpoint_path: string;
  /** The folder that a checkpoint is written to; '' for none. */
  readonly image_path: string;
}

/**
 * Reads a runtime's options, which are passed on to its shim as they are.
 *
 * @throws WherryError Unknown in containerd's words for a type that it does not know, or what is none of its type
 */
export function checkTaskOptions(options: Any | undefined): TaskOptions {
  const none = { checkpoint_path: '', image_path: '' };
  switch (options?.typeUrl.replace(/^type\.googleapis\.com\//, '')) {
    case undefined:
    case '':
      return none;
    case runc.OptionsSchema.typeName:
      return { ...none, checkpoint_path: read(runc.OptionsSchema, options!).criuImagePath };
    case runc.CheckpointOptionsSchema.typeName:
      return { ...none, image_path: read(runc.CheckpointOptionsSchema, options!).imagePath };
    case runtimeOptions.OptionsSchema.typeName:
      read(runtimeOptions.OptionsSchema, options!);
      return none;
    default:
      throw new WherryError('Unknown', `type with url ${options!.typeUrl}: not found`);
  }
}

function read<Schema extends DescMessage>(schema: Schema, { value }: Any): MessageShape<Schema> {
  try {
    return fromBinary(schema, value);
  } catch (cause) {
    throw new WherryError('Unknown', 'proto: cannot parse invalid wire-format data', { cause });
  }
}
