import { humanDuration, type NamespaceContainer, type Namespaces } from '../../../engine/index.ts';
import { commandText } from '../container-summary-json.ts';
import type { ApiRequest, Route } from '../route.ts';
import { imageList } from './images.ts';

/** Wherry's own: what containerd's namespaces have, in the form of Docker's lists. */
export function namespaceRoutes(namespaces: Namespaces): readonly Route[] {
  const name = (request: ApiRequest): string => request.params['namespace'] ?? '';
  return [
    { method: 'GET', pattern: '/namespaces', handler: (_request, reply) => reply.json(200, namespaces.names) },
    {
      method: 'GET',
      pattern: '/namespaces/{namespace}/containers/json',
      async handler(request, reply) {
        const found = await namespaces.containers(name(request));
        const shown = request.flag('all') ? found : found.filter(({ task }) => isRunning(task));
        reply.json(200, shown.map(summaryJson));
      },
    },
    {
      method: 'GET',
      pattern: '/namespaces/{namespace}/images/json',
      handler: async (request, reply) => await imageList(namespaces.images(name(request)), request, reply),
    },
  ];
}

function isRunning(task: NamespaceContainer['task']): boolean {
  return task !== null && task.status !== 'created' && task.status !== 'stopped';
}

function summaryJson({ container, args, task }: NamespaceContainer): Record<string, unknown> {
  const { id, image, labels, created_at } = container;
  return {
    Id: id,
    Names: [`/${id}`],
    Image: image,
    Command: commandText(args),
    Created: Math.floor(created_at.getTime() / 1000),
    Ports: [],
    Labels: labels,
    State: task === null ? 'created' : task.status === 'stopped' ? 'exited' : task.status,
    Status: statusText(task),
    Mounts: [],
  };
}

/** containerd keeps no time of a start, so what runs is simply up. */
function statusText(task: NamespaceContainer['task']): string {
  switch (task?.status) {
    case undefined:
    case 'created':
      return 'Created';
    case 'running':
      return 'Up';
    case 'paused':
    case 'pausing':
      return 'Up (Paused)';
    case 'stopped': {
      const ago = task.exited_at === null ? '' : ` ${humanDuration(Date.now() - task.exited_at.getTime())} ago`;
      return `Exited (${task.exit_status})${ago}`;
    }
  }
}
