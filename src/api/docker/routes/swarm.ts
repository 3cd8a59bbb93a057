import { WherryError } from '../../../errors/index.ts';
import type { Method, Route } from '../route.ts';

const not_manager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const not_part = 'This node is not part of a swarm';

/** Swarm's operations, which answer as Docker's do on a node without one. */
const operations: readonly (readonly [Method, string, string?])[] = [
  ['GET', '/swarm'],
  ['POST', '/swarm/update'],
  ['GET', '/swarm/unlockkey'],
  ['POST', '/swarm/unlock'],
  ['GET', '/nodes'],
  ['GET', '/nodes/{id}'],
  ['DELETE', '/nodes/{id}'],
  ['POST', '/nodes/{id}/update'],
  ['GET', '/services'],
  ['POST', '/services/create'],
  ['GET', '/services/{id}'],
  ['DELETE', '/services/{id}'],
  ['POST', '/services/{id}/update'],
  ['GET', '/services/{id}/logs'],
  ['GET', '/tasks'],
  ['GET', '/tasks/{id}'],
  ['GET', '/tasks/{id}/logs'],
  ['GET', '/secrets', '1.25'],
  ['POST', '/secrets/create', '1.25'],
  ['GET', '/secrets/{id}', '1.25'],
  ['DELETE', '/secrets/{id}', '1.25'],
  ['POST', '/secrets/{id}/update', '1.25'],
  ['GET', '/configs', '1.30'],
  ['POST', '/configs/create', '1.30'],
  ['GET', '/configs/{id}', '1.30'],
  ['DELETE', '/configs/{id}', '1.30'],
  ['POST', '/configs/{id}/update', '1.30'],
];

/** Routes of a swarm that this node is no part of. */
export const swarmRoutes: readonly Route[] = [
  ...operations.map(([method, pattern, min_version]): Route => ({
    method,
    pattern,
    ...(min_version === undefined ? {} : { min_version }),
    handler: refuse(not_manager),
  })),
  { method: 'POST', pattern: '/swarm/leave', handler: refuse(not_part) },
  ...(['init', 'join'] as const).map((verb): Route => ({
    method: 'POST',
    pattern: `/swarm/${verb}`,
    handler: () => {
      throw new WherryError(
        'Unimplemented',
        `swarm ${verb} is not there in Wherry: many machines are Kubernetes' work`,
      );
    },
  })),
];

function refuse(message: string): Route['handler'] {
  return () => {
    throw new WherryError('Unavailable', message);
  };
}
