/** A mount that a request asks for, before its volume is there. */
export interface PlannedMount {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  /** The host's path of a bind, the name of a volume ('' for an anonymous one). */
  readonly source: string;
  readonly destination: string;
  readonly read_only: boolean;
  readonly mode: string;
  readonly propagation: string;
  readonly create_source: boolean;
  readonly copy_up: boolean;
  readonly driver: string;
  readonly driver_options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export const no_mount: Omit<PlannedMount, 'type' | 'source' | 'destination'> = {
  read_only: false,
  mode: '',
  propagation: '',
  create_source: false,
  copy_up: false,
  driver: '',
  driver_options: {},
  labels: {},
};
