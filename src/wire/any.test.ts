import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WherryError } from '../errors/index.ts';
import { documentType, packDocument, packMessage, taskEvents, unpackDocument, unpackMessage } from './index.ts';

const { TaskExitSchema, TaskStartSchema } = taskEvents;

test('a packed message goes by its bare name, as containerd compares it', () => {
  const any = packMessage(TaskExitSchema, { containerId: 'a', exitStatus: 137 });
  assert.equal(any.typeUrl, 'containerd.events.TaskExit');
  assert.equal(unpackMessage(any, TaskExitSchema).exitStatus, 137);
});

test('another message, broken bytes and broken JSON are refused', () => {
  const any = packMessage(TaskExitSchema, { containerId: 'a' });
  const refused = (error: unknown): boolean => error instanceof WherryError && error.class === 'InvalidArgument';
  assert.throws(() => unpackMessage(any, TaskStartSchema), refused);
  assert.throws(() => unpackMessage({ ...any, value: new Uint8Array([0x0a, 9]) }, TaskExitSchema), refused);
  assert.throws(() => unpackDocument(any, documentType.spec), refused);
  const text = packDocument(documentType.spec, { ociVersion: '1.2.0' });
  assert.deepEqual(unpackDocument(text, documentType.spec), { ociVersion: '1.2.0' });
  assert.throws(() => unpackDocument({ ...text, value: new Uint8Array([0x7b, 0xff]) }, documentType.spec), refused);
});
