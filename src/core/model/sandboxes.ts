import type { Any, Labels } from './basics.ts';

/** containerd's record of a sandbox: what is common to the containers of a pod. */
export interface Sandbox {
  readonly id: string;
  readonly runtime: { readonly name: string; readonly options: Any | null };
  readonly spec: Any | null;
  readonly labels: Labels;
  readonly extensions: Readonly<Record<string, Any>>;
  /** The name of the controller that runs it. */
  readonly sandboxer: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export type SandboxFields = Omit<Sandbox, 'created_at' | 'updated_at'>;

export interface SandboxesTx {
  get(id: string): Sandbox;
  find(id: string): Sandbox | null;
  list(): readonly Sandbox[];
  create(sandbox: SandboxFields): Sandbox;
  /** Replaces labels, extensions, spec and runtime, or what `paths` name. */
  update(sandbox: SandboxFields, paths?: readonly string[]): Sandbox;
  delete(id: string): void;
}
