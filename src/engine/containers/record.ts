import type { Container as CoreContainer, GuestWalls } from '../../core/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import { WherryError } from '../../errors/index.ts';
import type { ContainerConfig, EndpointRequest, HostConfig } from './config.ts';

/** The extension of core's container that is Docker's. */
const extension = 'wherry.engine';
const type_url = 'wherry.engine/container+json';

/** A mount as `inspect` tells of it, and what it takes to make it. */
export interface MountPoint {
  readonly Type: 'bind' | 'volume' | 'tmpfs';
  /** The volume's name; '' for others. */
  readonly Name: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
  /** A host folder that is not there is made. */
  readonly create_source: boolean;
  /** Whether the image's files at the place fill an empty volume. */
  readonly copy_up: boolean;
  /** Nobody gave the volume a name: it goes with the container. */
  readonly anonymous: boolean;
}

/** What runs a container that is not WebAssembly. */
export interface ContainerRuntime {
  /** containerd's name of its shim. */
  readonly name: string;
  /** The program that the shim calls, by name; '' for the shim's own. */
  readonly binary: string;
}

/** What became of a container so far. Times are RFC 3339, '' for never. */
export interface ContainerState {
  readonly started_at: string;
  readonly finished_at: string;
  readonly exit_code: number;
  readonly error: string;
  readonly oom: boolean;
  /** Stopped by a user: no policy restarts it. */
  readonly stopped_by_user: boolean;
  readonly restart_count: number;
  /** Its files could not be removed. */
  readonly dead: boolean;
  /** What stood around its last process; absent or null when that was not told. */
  readonly walls?: GuestWalls | null;
}

/** Docker's part of a container, kept in core's record of it. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  readonly created_at: string;
  readonly config: ContainerConfig;
  readonly host_config: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointRequest>>;
  /** The full name the image was found by; its id where it was found by that. */
  readonly image_name: string;
  /** The digest that the image's names pointed to. */
  readonly image_id: string;
  readonly manifest: Descriptor;
  /** What runs it; left out for WebAssembly. */
  readonly runtime?: ContainerRuntime;
  /** `wasi`, as the image says. */
  readonly os: string;
  readonly args: readonly string[];
  readonly mounts: readonly MountPoint[];
  /** Its user or the contents of its volumes are still to be found out; a daemon that died before was not able to. */
  readonly unfinished: boolean;
  /** Why it cannot be started, when that was plain already as it was made. */
  readonly start_error: string;
  readonly state: ContainerState;
}

export const fresh_state: ContainerState = {
  started_at: '',
  finished_at: '',
  exit_code: 0,
  error: '',
  oom: false,
  stopped_by_user: false,
  restart_count: 0,
  dead: false,
};

export function packRecord(record: ContainerRecord): CoreContainer['extensions'] {
  return { [extension]: { type_url, value: Buffer.from(JSON.stringify(record)) } };
}

/** null for a container that is not Docker's: one that came in through containerd's door. */
export function unpackRecord(container: CoreContainer): ContainerRecord | null {
  const any = container.extensions[extension];
  if (any === undefined) return null;
  const record = JSON.parse(Buffer.from(any.value).toString()) as ContainerRecord;
  if (record.version !== 1) {
    throw new WherryError(
      'FailedPrecondition',
      `Cannot read container ${container.id}: a newer Wherry wrote it (version ${String(record.version)}).`,
    );
  }
  return record;
}
