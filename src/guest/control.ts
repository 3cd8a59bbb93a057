/**
 * What a shim and its zygote say to each other over the zygote's descriptor 3. The shim sends orders of 8 bytes
 * (u32 order, u32 job; a `fork` has the guest's channel beside it, and a `standby` is a fork ahead of its job), the zygote and its newborn children send reports
 * of 16 bytes (u32 report, u32 job, i32 pid as the zygote sees it, i32 status).
 */
export const order = { fork: 1, kill: 2, standby: 3 } as const;
export const report = { ready: 1, forked: 2, started: 3, ended: 4 } as const;

export const order_bytes: number = 8;
export const report_bytes: number = 16;

/** An empty folder that cannot be written, in the root that bubblewrap makes. */
export const empty_folder: string = '/nothing';

/** The descriptor numbers that a zygote is born with. */
export const control_fd: number = 3;

export interface Report {
  readonly kind: number;
  readonly job: number;
  readonly pid: number;
  /** Exit code, or 128 + the signal that ended it. */
  readonly status: number;
}

export function encodeReport(kind: number, job: number, pid: number, status: number): Buffer {
  const bytes = Buffer.alloc(report_bytes);
  bytes.writeUInt32LE(kind, 0);
  bytes.writeUInt32LE(job, 4);
  bytes.writeInt32LE(pid, 8);
  bytes.writeInt32LE(status, 12);
  return bytes;
}

export function decodeReport(bytes: Buffer, at: number): Report {
  return {
    kind: bytes.readUInt32LE(at),
    job: bytes.readUInt32LE(at + 4),
    pid: bytes.readInt32LE(at + 8),
    status: bytes.readInt32LE(at + 12),
  };
}
