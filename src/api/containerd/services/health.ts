import type { ServiceHandlers } from '../../../wire/index.ts';
import { health, type HealthService } from '../../../wire/services.ts';

const { HealthCheckResponse_ServingStatus: status } = health;

/** gRPC's own Health service: whoever is answered is served. */
export function healthService(): ServiceHandlers<typeof HealthService> {
  return {
    check: async () => ({ status: status.SERVING }),
    async *watch(_request, { signal }) {
      yield { status: status.SERVING };
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
}
