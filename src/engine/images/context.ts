import type { Core, NamespaceView } from '../../core/index.ts';

/** What an event of Docker's says of its subject; who publishes it adds scope and time. */
export interface ImageEvent {
  readonly Type: 'image';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** A container, as far as it holds on to an image. */
export interface ImageUser {
  /** 64 hex digits. */
  readonly id: string;
  /** The id of its image: a digest. */
  readonly image: string;
  readonly running: boolean;
}

export interface RegistrySettings {
  /** Registries, `host` or `host:port`, that are spoken to without TLS, besides this machine. */
  readonly insecure: readonly string[];
  readonly userAgent: string;
}

/** What images need of the engine around them. */
export interface ImagesContext {
  readonly core: Core;
  /** The namespace that Docker's images live in. */
  readonly space: NamespaceView;
  readonly registries: RegistrySettings;
  publish(event: ImageEvent): void;
  /** Every container there is. */
  users(): readonly ImageUser[];
}
