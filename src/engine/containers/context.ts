import type { Core, Log, NamespaceView } from '../../core/index.ts';
import type { EngineEvents } from '../events.ts';
import type { Images } from '../images/images.ts';
import type { Networks } from '../networks.ts';
import type { Volumes } from '../volumes.ts';
import type { LogConfig } from './config.ts';

/** What containers need of the engine around them. */
export interface ContainersContext {
  readonly core: Core;
  /** The namespace that Docker's containers live in. */
  readonly space: NamespaceView;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly events: EngineEvents;
  readonly log: Log;
  /** How logs are kept where a client says nothing. */
  readonly log_config: LogConfig;
}
