import { WherryError } from '../../../errors/index.ts';
import type { Method, Route } from '../route.ts';

/** Operations of Docker's that are not there yet, each by the name its documentation gives it. */
const operations: readonly (readonly [Method, string, string, string?])[] = [
  ['GET', '/containers/{id}/changes', 'ContainerChanges (docker diff)'],
  ['GET', '/containers/{id}/export', 'ContainerExport (docker export)'],
  ['GET', '/containers/{id}/attach/ws', 'ContainerAttachWebsocket'],
  ['HEAD', '/containers/{id}/archive', 'ContainerArchiveInfo (docker cp)'],
  ['GET', '/containers/{id}/archive', 'ContainerArchive (docker cp)'],
  ['PUT', '/containers/{id}/archive', 'PutContainerArchive (docker cp)'],
  ['GET', '/containers/{id}/checkpoints', 'CheckpointList'],
  ['POST', '/containers/{id}/checkpoints', 'CheckpointCreate'],
  ['DELETE', '/containers/{id}/checkpoints/{checkpoint}', 'CheckpointDelete'],
  ['POST', '/build', 'ImageBuild (docker build)'],
  ['POST', '/build/cancel', 'BuildCancel'],
  ['POST', '/commit', 'ImageCommit (docker commit)'],
  ['GET', '/images/search', 'ImageSearch (docker search)'],
  ['GET', '/images/{name:.*}/attestations', 'ImageAttestations', '1.55'],
  ['GET', '/distribution/{name:.*}/json', 'DistributionInspect (docker manifest inspect)', '1.30'],
  ['GET', '/system/df', 'SystemDataUsage (docker system df)'],
  ['POST', '/session', 'Session (BuildKit)'],
  ['POST', '/grpc', 'Grpc (BuildKit)'],
  ['GET', '/plugins/privileges', 'GetPluginPrivileges', '1.25'],
  ['POST', '/plugins/pull', 'PluginPull', '1.25'],
  ['POST', '/plugins/create', 'PluginCreate', '1.25'],
  ['POST', '/plugins/{name:.*}/upgrade', 'PluginUpgrade', '1.26'],
  ['POST', '/plugins/{name:.*}/push', 'PluginPush', '1.25'],
  ['POST', '/plugins/{name:.*}/set', 'PluginSet', '1.25'],
  ['GET', '/debug/vars', 'DebugVars'],
];

/** Routes that answer 501, naming what is missing. */
export const unimplementedRoutes: readonly Route[] = operations.map(([method, pattern, name, min_version]) => ({
  method,
  pattern,
  ...(min_version === undefined ? {} : { min_version }),
  handler: () => {
    throw new WherryError('Unimplemented', `${name} is not there yet in Wherry`);
  },
}));
