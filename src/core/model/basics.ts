export type Labels = Readonly<Record<string, string>>;

/** A typed payload, as containerd keeps it: `type_url` is a bare name, `value` its encoding (JSON for ours). */
export interface Any {
  readonly type_url: string;
  readonly value: Uint8Array;
}
