import type { RecordsTx } from '../model.ts';
import type { RecordRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

/** The documents of one bucket. */
export function createRecords(bucket: string, { table, scope }: { table: Table<RecordRow>; scope: Scope }): RecordsTx {
  return {
    get: (key) => table.find(bucket, key)?.value,
    put(key, value) {
      scope.requireAct();
      table.put(bucket, key, { value });
    },
    delete(key) {
      scope.requireAct();
      return table.delete(bucket, key);
    },
    list: () => table.list(bucket).map(({ key, value }) => ({ key, value: value.value })),
  };
}
