import { timestampDate } from '@bufbuild/protobuf/wkt';

import { shim_call_ms_max } from '../../limits/index.ts';
import { types } from '../../wire/index.ts';
import type { TaskState } from '../model.ts';
import type { TaskShim } from './task-shim.ts';

/** How a process is, as its shim says: the container's own when `exec_id` is ''. */
export async function askState(shim: TaskShim, container: string, exec_id: string): Promise<TaskState> {
  const found = await shim.task.state({ id: container, execId: exec_id }, { timeout_ms: shim_call_ms_max });
  const { status, pid, exitStatus, exitedAt, stdin, stdout, stderr, terminal } = found;
  const exited_at = status === types.Status.STOPPED && exitedAt !== undefined ? timestampDate(exitedAt) : null;
  const stdio = { stdin, stdout, stderr, terminal };
  return { status: statusName(status), pid, exit_status: exitStatus, exited_at, stdio, lost: false };
}

function statusName(status: types.Status): TaskState['status'] {
  switch (status) {
    case types.Status.RUNNING:
      return 'running';
    case types.Status.PAUSED:
      return 'paused';
    case types.Status.PAUSING:
      return 'pausing';
    case types.Status.STOPPED:
      return 'stopped';
    default:
      return 'created';
  }
}
