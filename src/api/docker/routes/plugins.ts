import { WherryError } from '../../../errors/index.ts';
import type { ApiRequest, Route } from '../route.ts';

/** Plugins, of which there are none: lists are empty, and whatever is named is not found. */
export const pluginRoutes: readonly Route[] = [
  { method: 'GET', pattern: '/plugins', min_version: '1.25', handler: (_request, reply) => reply.json(200, []) },
  { method: 'GET', pattern: '/plugins/{name:.*}/json', min_version: '1.25', handler: missing },
  { method: 'DELETE', pattern: '/plugins/{name:.*}', min_version: '1.25', handler: missing },
  { method: 'POST', pattern: '/plugins/{name:.*}/enable', min_version: '1.25', handler: missing },
  { method: 'POST', pattern: '/plugins/{name:.*}/disable', min_version: '1.25', handler: missing },
];

function missing({ params }: ApiRequest): never {
  throw new WherryError('NotFound', `plugin "${params['name']}" not found`);
}
