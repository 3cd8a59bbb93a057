import assert from 'node:assert/strict';
import { test } from 'node:test';

import { classOfGrpc, errorClasses, fromUnknown, grpcStatus, httpStatus, isClass, WherryError } from './index.ts';

test('every class has a gRPC code and a status', () => {
  for (const name of errorClasses) {
    const error = new WherryError(name, 'x');
    assert.ok(grpcStatus(error) >= 1 && grpcStatus(error) <= 16);
    assert.ok(httpStatus(error) >= 300 && httpStatus(error) <= 599);
  }
});

test('Docker answers 409 for a conflict, 404 for what is not there, 500 for what nobody classed', () => {
  assert.equal(httpStatus(new WherryError('Conflict', 'x')), 409);
  assert.equal(httpStatus(new WherryError('NotFound', 'x')), 404);
  assert.equal(httpStatus(new Error('x')), 500);
});

test('a gRPC code comes back as its class', () => {
  assert.equal(classOfGrpc(5), 'NotFound');
  assert.equal(classOfGrpc(9), 'FailedPrecondition');
  assert.equal(classOfGrpc(99), 'Unknown');
});

test('anything thrown becomes a WherryError and keeps its cause', () => {
  const cause = new TypeError('boom');
  const error = fromUnknown(cause);
  assert.equal(error.cause, cause);
  assert.ok(isClass(error, 'Unknown'));
  assert.equal(fromUnknown(error), error);
});
