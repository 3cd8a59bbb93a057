import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Any as AnyMessage, Timestamp } from '@bufbuild/protobuf/wkt';

import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { shim_call_ms_max } from '../../limits/index.ts';
import { packMessage, sandboxEvents } from '../../wire/index.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { Any, SandboxController, SandboxEndpoint } from '../model.ts';
import type { Paths } from '../paths.ts';
import type { ShimPool } from './shim-pool.ts';
import { ForeignRuntimes } from './runtimes/foreign-runtimes.ts';
import type { ForeignShim } from './runtimes/foreign-shim.ts';
import type { ShimEnvironment } from './runtimes/program.ts';

export interface SandboxesOptions {
  readonly paths: Paths;
  readonly environment: ShimEnvironment;
  readonly pool: ShimPool;
  readonly bus: EventBus;
  readonly log: Log;
}

const timeout = { timeout_ms: shim_call_ms_max };

/** The sandboxes of all namespaces that run. */
export class Sandboxes {
  readonly #options: SandboxesOptions;
  readonly #runtimes: ForeignRuntimes;
  readonly #shims = new Map<string, ForeignShim | null>();

  constructor(options: SandboxesOptions) {
    const { paths, environment, pool, log } = options;
    this.#options = options;
    this.#runtimes = new ForeignRuntimes({
      folders: paths.ofSandboxes,
      environment,
      holders: pool,
      log,
      gone: (shim) => {
        log.warn(`shim ${shim.name} is gone, and its sandbox with it`);
        this.#shims.delete(key(shim.namespace, shim.id));
        void shim.afterDeath();
      },
    });
  }

  /** The shim of a sandbox that runs; null for none. */
  find(namespace: string, id: string): ForeignShim | null {
    return this.#shims.get(key(namespace, id)) ?? null;
  }

  /** Finds the sandboxes of a daemon that is gone; after those that died their programs clear up. */
  async recover(): Promise<void> {
    await Promise.all(
      this.#runtimes.bundles().map(async (bundle) => {
        try {
          const shim = await this.#runtimes.load(bundle);
          if (shim.isGone) await shim.afterDeath();
          else this.#shims.set(key(bundle.namespace, bundle.id), shim);
        } catch (error) {
          this.#options.log.error(`cannot take up sandbox ${bundle.id}: ${fromUnknown(error).message}`);
        }
      }),
    );
  }

  close(): void {
    this.#runtimes.close();
  }

  /** The sandboxes as `namespace` sees them. */
  view(namespace: string): SandboxController {
    const get = (id: string): ForeignShim => {
      const shim = this.find(namespace, id);
      if (shim === null) throw new WherryError('NotFound', 'not found');
      return shim;
    };
    const service = (id: string): ForeignShim['sandbox'] => get(id).sandbox;
    return {
      create: async (sandbox, { rootfs, options, netns_path, annotations }) => {
        const { id, runtime, spec } = sandbox;
        if (this.#shims.has(key(namespace, id)))
          throw new WherryError('AlreadyExists', `sandbox ${id} already running: already exists`);
        this.#shims.set(key(namespace, id), null);
        try {
          const shim = await named(`failed to start new shim for sandbox ${id}`, async () =>
            this.#runtimes.start(namespace, { id, spec }, { program: runtime.name, options: runtime.options }),
          );
          this.#shims.set(key(namespace, id), shim);
          const request = {
            sandboxId: id,
            bundlePath: this.#options.paths.ofSandboxes.bundle(namespace, id),
            rootfs: rootfs.map((each) => ({ ...each, options: [...each.options] })),
            netnsPath: netns_path,
            annotations: { ...annotations },
            ...(options === null ? {} : { options: { typeUrl: options.type_url, value: options.value } }),
          };
          await named(`failed to create sandbox ${id}`, async () => shim.sandbox.createSandbox(request, timeout));
        } catch (error) {
          await this.#end(namespace, id);
          throw error;
        }
        this.#publish(namespace, 'create', sandboxEvents.SandboxCreateSchema, { sandboxId: id });
      },
      start: async (id) => {
        const shim = this.find(namespace, id);
        if (shim === null) throw new WherryError('Unknown', `unable to find sandbox ${JSON.stringify(id)}`);
        try {
          const { pid, createdAt, spec } = await named(`failed to start sandbox ${id}`, async () =>
            shim.sandbox.startSandbox({ sandboxId: id }, timeout),
          );
          this.#publish(namespace, 'start', sandboxEvents.SandboxStartSchema, { sandboxId: id });
          return { pid, created_at: dateOf(createdAt), spec: anyOf(spec), ...endpointOf(shim) };
        } catch (error) {
          await this.#end(namespace, id);
          throw error;
        }
      },
      platform: async (id) => {
        const found = await named('failed to get sandbox platform', async () =>
          service(id).platform({ sandboxId: id }, timeout),
        );
        const { os = '', architecture = '', variant = '' } = found.platform ?? {};
        return { os, architecture, variant };
      },
      stop: async (id, timeout_s) => {
        if (this.find(namespace, id) === null) return;
        try {
          await service(id).stopSandbox({ sandboxId: id, timeoutSecs: timeout_s }, timeout);
        } catch (error) {
          if (!isClass(error, 'NotFound') && !isClass(error, 'Unavailable'))
            throw prefixed('failed to stop sandbox', error);
        }
      },
      wait: async (id) => {
        const { exitStatus, exitedAt } = await named(`failed to wait sandbox ${id}`, async () =>
          service(id).waitSandbox({ sandboxId: id }),
        );
        this.#publish(namespace, 'exit', sandboxEvents.SandboxExitSchema, { sandboxId: id, exitStatus, exitedAt });
        return { exit_status: exitStatus, exited_at: dateOf(exitedAt) };
      },
      status: async (id, verbose) => {
        const shim = this.find(namespace, id);
        if (shim === null) return { ...nothing, exited_at: new Date() };
        const { pid, state, info, createdAt, exitedAt, extra } = await named(
          `failed to query sandbox ${id} status`,
          async () => shim.sandbox.sandboxStatus({ sandboxId: id, verbose }, timeout),
        );
        const times = { created_at: dateOf(createdAt), exited_at: dateOf(exitedAt) };
        return { pid, state, info, ...times, extra: anyOf(extra), ...endpointOf(shim) };
      },
      shutdown: async (id) => {
        await named('failed to shutdown sandbox', async () => service(id).shutdownSandbox({ sandboxId: id }, timeout));
        const shim = get(id);
        this.#shims.delete(key(namespace, id));
        await shim.forget();
      },
      metrics: async (id) => {
        const { metrics } = await service(id).sandboxMetrics({ sandboxId: id }, timeout);
        if (metrics === undefined) return null;
        return { id: metrics.id, timestamp: dateOf(metrics.timestamp), data: anyOf(metrics.data) };
      },
    };
  }

  /** Takes away what was begun. */
  async #end(namespace: string, id: string): Promise<void> {
    const shim = this.find(namespace, id);
    this.#shims.delete(key(namespace, id));
    if (shim === null) return;
    try {
      if (!shim.isGone) await shim.sandbox.shutdownSandbox({ sandboxId: id }, timeout).catch(() => {});
      await shim.forget();
    } catch (error) {
      this.#options.log.error(`cannot clear up after sandbox ${id}: ${fromUnknown(error).message}`);
    }
  }

  #publish(namespace: string, what: string, ...packed: Parameters<typeof packMessage>): void {
    const pack = (): Any => {
      const { typeUrl, value } = packMessage(...packed);
      return { type_url: typeUrl, value };
    };
    this.#options.bus.publish(namespace, `/sandboxes/${what}`, pack);
  }
}

const nothing = { pid: 0, state: '', info: {}, created_at: null, extra: null, address: '', version: 0 } as const;

function key(namespace: string, id: string): string {
  return `${namespace}/${id}`;
}

function endpointOf({ endpoint }: ForeignShim): SandboxEndpoint {
  return endpoint === null
    ? { address: '', version: 0 }
    : { address: `ttrpc+${endpoint.address}`, version: endpoint.version };
}

function dateOf(timestamp: Timestamp | undefined): Date | null {
  return timestamp === undefined ? null : timestampDate(timestamp);
}

function anyOf(any: AnyMessage | undefined): Any | null {
  return any === undefined || any.typeUrl === '' ? null : { type_url: any.typeUrl, value: any.value };
}

/** Does it, and says what was being done when it fails, as containerd writes it. */
async function named<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw isClass(error, 'NotFound') && error.message === 'not found' ? error : prefixed(doing, error);
  }
}

function prefixed(doing: string, thrown: unknown): WherryError {
  const { class: errorClass, message } = fromUnknown(thrown);
  return new WherryError(errorClass, `${doing}: ${message}`, { cause: thrown });
}
