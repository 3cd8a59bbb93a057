/** The topic under which each task event is published; the message is `taskEvents.Task…` of the same name. */
export const taskTopic = {
  create: '/tasks/create',
  start: '/tasks/start',
  oom: '/tasks/oom',
  exit: '/tasks/exit',
  delete: '/tasks/delete',
  execAdded: '/tasks/exec-added',
  execStarted: '/tasks/exec-started',
  paused: '/tasks/paused',
  resumed: '/tasks/resumed',
  checkpointed: '/tasks/checkpointed',
} as const;
