import type { Stat } from './files.ts';

/**
 * Where preview 1 and its predecessor `wasi_unstable` put things differently in the guest's memory. All else is the
 * same in both.
 */
export interface Layout {
  readonly filestat_bytes: number;
  /** Writes `stat` at `pointer`, where `filestat_bytes` are known to be. */
  writeFilestat(view: DataView, pointer: number, stat: Stat): void;
  /** The `whence` of `File` for the guest's number. */
  readonly whence: readonly (0 | 1 | 2)[];
  readonly subscription_bytes: number;
  /** Where a subscription to a clock has its fields, from its start. */
  readonly clock_subscription: { readonly id: number; readonly timeout: number; readonly flags: number };
}

export const preview1: Layout = {
  filestat_bytes: 64,
  writeFilestat(view, pointer, stat) {
    view.setBigUint64(pointer, stat.dev, true);
    view.setBigUint64(pointer + 8, stat.ino, true);
    view.setBigUint64(pointer + 16, BigInt(stat.type), true);
    view.setBigUint64(pointer + 24, stat.nlink, true);
    view.setBigUint64(pointer + 32, stat.size, true);
    view.setBigUint64(pointer + 40, stat.atim, true);
    view.setBigUint64(pointer + 48, stat.mtim, true);
    view.setBigUint64(pointer + 56, stat.ctim, true);
  },
  whence: [0, 1, 2],
  subscription_bytes: 48,
  clock_subscription: { id: 16, timeout: 24, flags: 40 },
};

/** `wasi_unstable`: a u32 of links, whence counted from the current place, a userdata inside the clock's union. */
export const unstable: Layout = {
  filestat_bytes: 56,
  writeFilestat(view, pointer, stat) {
    view.setBigUint64(pointer, stat.dev, true);
    view.setBigUint64(pointer + 8, stat.ino, true);
    view.setUint32(pointer + 16, stat.type, true);
    view.setUint32(pointer + 20, stat.nlink > 0xffff_ffffn ? 0xffff_ffff : Number(stat.nlink), true);
    view.setBigUint64(pointer + 24, stat.size, true);
    view.setBigUint64(pointer + 32, stat.atim, true);
    view.setBigUint64(pointer + 40, stat.mtim, true);
    view.setBigUint64(pointer + 48, stat.ctim, true);
  },
  whence: [1, 2, 0],
  subscription_bytes: 56,
  clock_subscription: { id: 24, timeout: 32, flags: 48 },
};
