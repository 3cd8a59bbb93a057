import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

import { fromUnknown, isClass, WherryError } from '../../../errors/index.ts';
import {
  formatPlatform,
  isWasmPlatform,
  parsePlatform,
  type Platform,
  platformMatch,
  wasmPlatform,
} from '../../../oci/index.ts';
import { userId } from '../../../os/index.ts';
import type { FoundImage } from '../../images/find-image.ts';
import { hostArchitecture } from '../../images/host-architecture.ts';
import { defaultRuntime, namedRuntime, type Runtime, wasm_runtime } from '../../runtimes.ts';
import type { ContainerConfig, CreateRequest, HostConfig } from '../config.ts';
import type { ContainersContext } from '../context.ts';
import { planMounts } from '../mounts/plan-mounts.ts';
import { realizeMounts, removeVolumes } from '../mounts/realize.ts';
import { type ContainerRecord, fresh_state, type MountPoint } from '../record.ts';
import { containerSpec } from './container-spec.ts';
import { validateLinux } from './linux/validate.ts';
import { createWarnings, type Mismatch } from './warnings.ts';
import { mergeConfig } from './merge.ts';
import { checkNetwork, networkError } from './network.ts';
import { withHostDefaults } from './host-defaults.ts';
import { eraseContainer, persistContainer, replaceSpec } from './persist.ts';
import { findUser, type GuestUser, root_user } from './user.ts';
import { validateConfig } from './validate-config.ts';
import { validateHostConfig } from './validate-host-config.ts';
import { checkWorkingDirectory } from './working-directory.ts';

export interface Created {
  readonly record: ContainerRecord;
  readonly warnings: readonly string[];
}

/** What making a container needs of those that are there. */
export interface Neighbours {
  /** Reserves the name for the container, or one of the daemon's choice when '' is asked for. */
  takeName(name: string, id: string): string;
  giveBackName(name: string): void;
  /** @throws WherryError InvalidArgument when it is not there */
  find(container: string): unknown;
  mountsOf(container: string): readonly MountPoint[];
  /** Keeps a volume from being removed while the container is made. */
  hold(id: string, volume: string): void;
  release(id: string): void;
}

/**
 * Makes a container: checks the request with Docker's texts, finds the image, makes volumes, and writes it all down at
 * once. Nothing of it is left when it fails.
 */
export async function createContainer(
  context: ContainersContext,
  neighbours: Neighbours,
  request: CreateRequest,
): Promise<Created> {
  const platform = request.platform === '' ? null : parseWanted(request.platform);
  const image = await context.images.find(request.config.Image, platform);
  const merged = mergeConfig(request.config, image.config.config);
  const runtime = await chooseRuntime(context, image, merged, request.host_config);
  const host_config = withHostDefaults(request.host_config, context.log_config, runtime);
  validateConfig(merged);
  validateHostConfig(host_config, merged);
  const linux = runtime.name !== wasm_runtime;
  if (linux) validateLinux(host_config, merged);
  const unjoinable = joinError(host_config, neighbours);
  if (unjoinable === '') checkNetwork(host_config, merged, request.endpoints);
  checkLinks(host_config, neighbours);
  const planned = planMounts(merged, host_config, neighbours.mountsOf);
  const id = newId();
  const name = neighbours.takeName(request.name, id);
  try {
    const { mounts, made } = await realizeMounts(planned, context.volumes, (volume) => neighbours.hold(id, volume));
    const config = { ...merged, Hostname: hostnameOf(merged, host_config, id) };
    const record: ContainerRecord = {
      version: 1,
      id,
      name,
      created_at: new Date().toISOString(),
      config,
      host_config,
      endpoints: request.endpoints,
      image_name: image.name,
      image_id: image.id,
      manifest: { ...image.manifest, platform: image.config.platform },
      ...(linux ? { runtime: { name: runtime.name, binary: runtime.binary } } : {}),
      os: image.config.platform.os,
      args: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
      mounts,
      unfinished:
        linux || config.User !== '' || (host_config.GroupAdd ?? []).length > 0 || mounts.some(({ copy_up }) => copy_up),
      start_error: deviceError(host_config) || unjoinable || networkError(host_config, context.networks),
      state: fresh_state,
    };
    try {
      const finished = await write(context, record, image);
      const warnings = [...request.warnings, ...createWarnings(finished, mismatch(image, platform, linux))];
      return { record: finished, warnings };
    } catch (error) {
      await removeVolumes(made, context.volumes);
      throw error;
    }
  } catch (error) {
    neighbours.giveBackName(name);
    throw error;
  } finally {
    neighbours.release(id);
  }
}

/** Puts the container into the store and its files where they belong; takes it back when they cannot be made. */
async function write(context: ContainersContext, record: ContainerRecord, image: FoundImage): Promise<ContainerRecord> {
  const { space, images } = context;
  const { id } = record;
  await images.prepare(image);
  await persistContainer(context, record, image, containerSpec(context, record, root_user));
  space.reuseFolder(id);
  try {
    return image.diff_ids.length > 0 || record.unfinished ? await finish(context, record) : record;
  } catch (error) {
    await eraseContainer(context, id);
    throw error;
  }
}

/** What can be done only with the image's files. A user who is not in them is told of at the start. */
async function finish(context: ContainersContext, record: ContainerRecord): Promise<ContainerRecord> {
  const { id, config, host_config } = record;
  const mounts = await context.space.mounts(id);
  const covered = [...Object.keys(host_config.Tmpfs), ...record.mounts.map(({ Destination }) => Destination)];
  if (config.WorkingDir !== '') checkWorkingDirectory(config.WorkingDir, covered, mounts);
  for (const { copy_up, Name, Destination } of record.mounts) {
    if (copy_up) await context.volumes.copyUp(Name, mounts, Destination);
  }
  let user = root_user;
  let { start_error } = record;
  try {
    user = await findUser(config.User, host_config.GroupAdd ?? [], mounts);
    if (record.runtime !== undefined && userId() !== 0) requireRoot(user);
  } catch (error) {
    if (!isClass(error, 'InvalidArgument')) throw error;
    start_error = error.message;
  }
  // Most are made right at once.
  if (!record.unfinished && start_error === record.start_error && user.home === root_user.home) return record;
  const finished = { ...record, unfinished: false, start_error };
  await replaceSpec(context, finished, containerSpec(context, finished, user));
  return finished;
}

/** @throws WherryError InvalidArgument for another: what the daemon's own user can be in a container is its root */
function requireRoot({ uid, gid }: GuestUser): void {
  if (uid === 0 && gid === 0) return;
  throw new WherryError(
    'InvalidArgument',
    `cannot run as user ${uid}:${gid}: the daemon runs without root, and then root is the only user of a Linux ` +
      'container. Run the daemon as root.',
  );
}

function parseWanted(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (cause) {
    throw new WherryError('InvalidArgument', `failed to parse platform: ${fromUnknown(cause).message}`, { cause });
  }
}

/** What the image's program is for says what runs it, unless the client does. */
async function chooseRuntime(
  context: ContainersContext,
  image: FoundImage,
  config: ContainerConfig,
  host: HostConfig,
): Promise<Runtime> {
  const named = namedRuntime(host.Runtime);
  if (named !== null) return named;
  const [name = ''] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const path = config.Env.find((variable) => variable.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  await context.images.prepare(image);
  const kind = await context.images.programKind(image, { name, path, directory: config.WorkingDir });
  return defaultRuntime(kind, userId() !== 0);
}

/** The platforms of the image and of this host, when the image is for another and nobody asked for it. */
function mismatch({ config }: FoundImage, asked: Platform | null, linux: boolean): Mismatch | null {
  if (asked !== null) return null;
  const host: Platform = linux ? { os: 'linux', architecture: hostArchitecture } : wasmPlatform;
  const fits = linux ? platformMatch(host, config.platform) > 0 : isWasmPlatform(config.platform);
  return fits ? null : { image: formatPlatform(config.platform), host: formatPlatform(host) };
}

function hostnameOf(config: ContainerConfig, { NetworkMode }: HostConfig, id: string): string {
  if (config.Hostname !== '') return config.Hostname;
  return NetworkMode === 'host' ? hostname() : id.slice(0, 12);
}

/** Links to containers that are there are taken, and do nothing. */
function checkLinks({ Links }: HostConfig, neighbours: Neighbours): void {
  for (const link of Links ?? []) {
    const name = link.split(':')[0]!;
    try {
      neighbours.find(name);
    } catch (cause) {
      const { class: errorClass, message } = fromUnknown(cause);
      throw new WherryError(errorClass, `could not get container for ${name}: ${message}`, { cause });
    }
  }
}

/** Why the network of another container cannot be shared, as Docker finds at the start; '' when that one is there. */
function joinError({ NetworkMode }: HostConfig, neighbours: Neighbours): string {
  if (!NetworkMode.startsWith('container:')) return '';
  try {
    neighbours.find(NetworkMode.slice('container:'.length));
    return '';
  } catch (error) {
    return `joining network namespace of container: ${fromUnknown(error).message}`;
  }
}

/** What Docker would find out only as it starts the container. */
function deviceError({ DeviceRequests }: HostConfig): string {
  const [request] = DeviceRequests ?? [];
  if (request === undefined) return '';
  const capabilities = (request.Capabilities ?? []).map((set) => `[${set.join(' ')}]`).join(' ');
  return `could not select device driver "${request.Driver}" with capabilities: [${capabilities}]`;
}

/** 64 hex digits; the first 12, which stand for it, never look like a number. */
function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d{12}/.test(id)) return id;
  }
}
