/** System calls of x86-64 as native code makes them. */
import ffi from 'node:ffi';
import { getSystemErrorName } from 'node:util';

const c = ffi.dlopen(null, {
  syscall: { arguments: ['int64', 'int64', 'int64', 'int64', 'int64', 'int64', 'int64'], return: 'int64' },
  __errno_location: { arguments: [], return: 'uint64' },
}).functions;
const errno_address = c.__errno_location();

/** What raw pointers refer to must not be collected. */
const kept: Buffer[] = [];

type Word = number | bigint | string | Buffer;

function word(value: Word): bigint {
  if (typeof value === 'number') return BigInt(value);
  if (typeof value === 'bigint') return value;
  const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`) : value;
  kept.push(bytes);
  return ffi.getRawPointer(bytes);
}

/** The address of `bytes`, which are kept for good. */
export function address(bytes: Buffer): bigint {
  return word(bytes);
}

/** The result, or `-errno`. */
export function call(number: number, ...words: readonly Word[]): number {
  const [a = 0n, b = 0n, d = 0n, e = 0n, f = 0n, g = 0n] = words.map(word);
  const result = Number(c.syscall(BigInt(number), a, b, d, e, f, g));
  return result < 0 ? -ffi.getInt32(errno_address, 0) : result;
}

export function nameOf(result: number): string {
  return result < 0 ? getSystemErrorName(result) : 'done';
}

export function now_ms(): number {
  return Date.now();
}

/** A line to standard output, with no stream between. */
export function print(text: string): void {
  const bytes = Buffer.from(`${text}\n`);
  for (let done = 0; done < bytes.length;) {
    const n = call(number_of.write, 1, bytes.subarray(done), bytes.length - done);
    if (n <= 0) return;
    done += n;
  }
}

export const number_of = {
  read: 0,
  write: 1,
  open: 2,
  close: 3,
  stat: 4,
  poll: 7,
  mmap: 9,
  pread64: 17,
  pwrite64: 18,
  shmget: 29,
  getpid: 39,
  socket: 41,
  connect: 42,
  sendto: 44,
  bind: 49,
  socketpair: 53,
  clone: 56,
  fork: 57,
  execve: 59,
  kill: 62,
  fcntl: 72,
  flock: 73,
  truncate: 76,
  ftruncate: 77,
  chdir: 80,
  rename: 82,
  mkdir: 83,
  creat: 85,
  link: 86,
  unlink: 87,
  symlink: 88,
  chmod: 90,
  fchmod: 91,
  chown: 92,
  fchown: 93,
  ptrace: 101,
  setsid: 112,
  setgroups: 116,
  setresuid: 117,
  mknod: 133,
  personality: 135,
  pivot_root: 155,
  prctl: 157,
  setrlimit: 160,
  chroot: 161,
  mount: 165,
  umount2: 166,
  swapon: 167,
  sethostname: 170,
  init_module: 175,
  quotactl: 179,
  setxattr: 188,
  fsetxattr: 190,
  tkill: 200,
  add_key: 248,
  keyctl: 250,
  inotify_init1: 294,
  openat: 257,
  utimensat: 280,
  memfd_create: 319,
  perf_event_open: 298,
  fanotify_init: 300,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
  setns: 308,
  process_vm_readv: 310,
  process_vm_writev: 311,
  seccomp: 317,
  bpf: 321,
  execveat: 322,
  userfaultfd: 323,
  rt_sigqueueinfo: 129,
  tgkill: 234,
  unshare: 272,
  pidfd_send_signal: 424,
  io_uring_setup: 425,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  pidfd_open: 434,
  clone3: 435,
  openat2: 437,
  pidfd_getfd: 438,
  fchmodat2: 452,
  mq_open: 240,
  fallocate: 285,
} as const;
