import { diskUsage } from '../disk-usage.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';

/** Bytes of a container's writable layer, and of that with its image's layers. */
export async function containerSize(
  { space }: ContainersContext,
  { id }: Container,
): Promise<{ readonly own_bytes: number; readonly whole_bytes: number }> {
  const [mount] = await space.mounts(id);
  const own_bytes = mount === undefined || mount.source === '' ? 0 : await diskUsage(mount.source);
  const layers = (mount?.options ?? []).filter((option) => option.startsWith('layer='));
  const sizes = layers.map((option) => space.layers.size(`sha256:${option.slice(option.lastIndexOf('/') + 1)}`));
  return { own_bytes, whole_bytes: sizes.reduce((sum, bytes) => sum + bytes, own_bytes) };
}
