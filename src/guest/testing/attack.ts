import type { TakenJob } from '../inside/serve.ts';
import type { Targets } from './attacker.ts';
import { address, call, nameOf, number_of as n, print } from './native.ts';

const AT_FDCWD = -100;
const O_RDWR = 2;
const O_WRONLY = 1;
const O_CREAT = 0o100;
const SIGTERM = 15;
const descriptors_tried = 64;

/** What the attack prints, as a line of JSON. */
export interface AttackReport {
  /** Each attempt, with the name of its errno, or `done`. */
  readonly attempts: Readonly<Record<string, string>>;
  /** What came to light of files, joined. */
  readonly read: string;
}

/**
 * Tries everything, says how each attempt went, and last of all tries to become another program. An attempt that is
 * one of many alike is `done` when one of them was, else what the last of them got.
 */
export function attack(targets: Targets, { layers, chain_index }: TakenJob, channel: number): void {
  const attempts: Record<string, string> = {};
  let read = '';

  function attempt(name: string, ...results: readonly number[]): void {
    attempts[name] = nameOf(results.find((result) => result >= 0) ?? results.at(-1)!);
  }

  /** Reads what could be opened. */
  function opened(fd: number): number {
    if (fd < 0) return fd;
    const bytes = Buffer.alloc(4096);
    const got = call(n.read, fd, bytes, bytes.length);
    if (got > 0) read += bytes.toString('latin1', 0, got);
    call(n.close, fd);
    return fd;
  }

  const numbers = Array.from({ length: descriptors_tried }, (_, i) => i);
  const climb = `${'../'.repeat(12)}${targets.secret_file.slice(1)}`;
  const { secret_file, open_file, open_folder } = targets;

  // Files, by their paths.
  attempt('open', opened(call(n.open, secret_file, 0)), opened(call(n.open, climb, 0)));
  attempt('openat', ...[AT_FDCWD, ...numbers].map((fd) => opened(call(n.openat, fd, climb, 0))));
  const how = Buffer.alloc(24);
  attempt('openat2', ...[AT_FDCWD, ...numbers].map((fd) => opened(call(n.openat2, fd, climb, how, 24))));
  attempt(
    '/proc',
    ...['/proc/self/environ', '/proc/version', '/proc/1/environ', `/proc/${targets.victim_pid}/environ`].map((path) =>
      opened(call(n.open, path, 0)),
    ),
    ...['self', '1', '2', targets.victim_pid, targets.shim_pid, targets.neighbour_pid].map((pid) =>
      opened(call(n.open, `/proc/${pid}/root${secret_file}`, 0)),
    ),
    ...[...numbers].map((fd) => opened(call(n.open, `/proc/self/fd/${fd}/${climb}`, 0))),
  );
  attempt('open_by_handle_at', call(n.open_by_handle_at, AT_FDCWD, Buffer.alloc(16, 1), 0));
  attempt('name_to_handle_at', call(n.name_to_handle_at, AT_FDCWD, secret_file, Buffer.alloc(140), Buffer.alloc(4), 0));
  attempt('stat', call(n.stat, secret_file, Buffer.alloc(144)));
  const writable = call(n.open, open_file, O_RDWR);
  if (writable >= 0) call(n.write, writable, 'changed', 7);
  attempt('open for writing', writable);
  attempt(
    'creat',
    call(n.creat, `${open_folder}/made`, 0o666),
    call(n.open, `${open_folder}/m`, O_WRONLY | O_CREAT, 0o666),
  );
  attempt('mkdir', call(n.mkdir, `${open_folder}/folder`, 0o777));
  attempt('mknod', call(n.mknod, `${open_folder}/pipe`, 0o10666, 0));
  attempt('symlink', call(n.symlink, '/', `${open_folder}/symlink`));
  attempt('link', call(n.link, secret_file, `${open_folder}/link`));
  attempt('rename', call(n.rename, open_file, `${open_folder}/renamed`));
  attempt('truncate', call(n.truncate, open_file, 0));
  attempt('chmod', call(n.chmod, open_file, 0o777), call(n.fchmodat2, AT_FDCWD, open_file, 0o777, 0));
  attempt('chown', call(n.chown, open_file, 1, 1));
  attempt('utimensat', call(n.utimensat, AT_FDCWD, open_file, Buffer.alloc(32), 0));
  attempt('setxattr', call(n.setxattr, open_file, 'user.x', 'y', 1, 0));
  attempt('unlink', call(n.unlink, open_file));

  // The blobs, by the descriptors that this process has.
  const blobs = [chain_index, ...layers.flatMap(({ tar, index }) => [tar, index])];
  const each = (act: (fd: number) => number): readonly number[] => blobs.map(act);
  attempt('write to a blob', ...each((fd) => call(n.write, fd, 'changed', 7)));
  attempt('pwrite to a blob', ...each((fd) => call(n.pwrite64, fd, 'changed', 7, 0)));
  attempt('ftruncate a blob', ...each((fd) => call(n.ftruncate, fd, 0)));
  attempt('fallocate a blob', ...each((fd) => call(n.fallocate, fd, 3, 0, 4096)));
  attempt('map a blob to write', ...each((fd) => call(n.mmap, 0, 4096, 3, 1, fd, 0)));
  attempt('fchmod', ...each((fd) => call(n.fchmod, fd, 0o777)));
  attempt('fchown', ...each((fd) => call(n.fchown, fd, 1, 1)));
  attempt('futimens', ...each((fd) => call(n.utimensat, fd, 0, Buffer.alloc(32), 0)));
  attempt('fsetxattr', ...each((fd) => call(n.fsetxattr, fd, 'user.x', 'y', 1, 0)));
  attempt('flock', ...each((fd) => call(n.flock, fd, 2 | 4)));
  attempt('reopen a blob', ...each((fd) => call(n.open, `/proc/self/fd/${fd}`, O_RDWR)));
  // All other descriptors: what they lead to is told by what became of it.
  for (const fd of numbers) if (fd > 2 && fd !== channel && !blobs.includes(fd)) call(n.write, fd, 'xxxxxxxx', 8);

  // The network and sockets.
  const families = Array.from({ length: 46 }, (_, family) => family);
  const kinds = [1, 2, 3, 5];
  attempt('socket', ...families.flatMap((family) => kinds.map((kind) => call(n.socket, family, kind, 0))));
  attempt('socketpair', call(n.socketpair, 1, 1, 0, Buffer.alloc(8)));
  const inet = (port: number): Buffer =>
    Buffer.from([2, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  const unix = (name: string): Buffer => Buffer.concat([Buffer.from([1, 0]), Buffer.from(name)]);
  const reach = (family: number, kind: number, to: Buffer): number => {
    const fd = call(n.socket, family, kind, 0);
    const target = fd >= 0 ? fd : numbers.length;
    const result = call(n.connect, target, to, to.length);
    if (result >= 0) call(n.write, target, 'reached', 7);
    const sent = kind === 2 ? call(n.sendto, target, 'reached', 7, 0x40, to, to.length) : -1;
    return result >= 0 || sent < 0 ? result : sent;
  };
  attempt('connect TCP', reach(2, 1, inet(targets.tcp_port)));
  attempt('connect UDP', reach(2, 2, inet(targets.udp_port)));
  attempt('connect unix', reach(1, 1, unix(`${targets.unix_path}\0`)));
  attempt('connect abstract', reach(1, 1, unix(`\0${targets.abstract_name}`)));
  attempt('bind', ...numbers.map((fd) => call(n.bind, fd, inet(0), 16)));

  // Other processes.
  // In a process namespace of its own the neighbour's number may be this process's.
  const own_pid = call(n.getpid);
  const pids = [targets.victim_pid, targets.shim_pid, targets.neighbour_pid].filter((pid) => pid !== own_pid);
  attempt('kill', ...pids.map((pid) => call(n.kill, pid, SIGTERM)));
  attempt('tkill', ...pids.map((pid) => call(n.tkill, pid, SIGTERM)));
  attempt('tgkill', ...pids.map((pid) => call(n.tgkill, pid, pid, SIGTERM)));
  attempt('rt_sigqueueinfo', ...pids.map((pid) => call(n.rt_sigqueueinfo, pid, SIGTERM, Buffer.alloc(128, 255))));
  const handles = pids.map((pid) => call(n.pidfd_open, pid, 0));
  const known = handles.map((handle) => (handle >= 0 ? handle : numbers.length));
  attempt('pidfd_send_signal', ...known.map((handle) => call(n.pidfd_send_signal, handle, SIGTERM, 0, 0)));
  attempt(
    'pidfd_getfd',
    ...known.flatMap((handle) =>
      [3, 4, 5, 6, 7, 8].map((fd) => {
        const taken = call(n.pidfd_getfd, handle, fd, 0);
        if (taken >= 0) call(n.write, taken, 'reached!reached!', 16);
        return taken;
      }),
    ),
  );
  attempt('ptrace', ...pids.map((pid) => traced(pid)));
  const piece = Buffer.alloc(16);
  piece.writeBigUInt64LE(address(Buffer.alloc(8)), 0);
  piece.writeBigUInt64LE(8n, 8);
  attempt('process_vm_readv', ...pids.map((pid) => call(n.process_vm_readv, pid, piece, 1, piece, 1, 0)));
  attempt('process_vm_writev', ...pids.map((pid) => call(n.process_vm_writev, pid, piece, 1, piece, 1, 0)));
  attempt('/proc/PID/mem', ...pids.map((pid) => call(n.open, `/proc/${pid}/mem`, O_RDWR)));

  // The kernel's own.
  attempt('mount', call(n.mount, 'none', '/', 'tmpfs', 0, ''));
  attempt('umount2', call(n.umount2, '/', 2));
  attempt('fsopen', call(n.fsopen, 'tmpfs', 0));
  attempt('open_tree', call(n.open_tree, AT_FDCWD, '/', 1));
  attempt('move_mount', call(n.move_mount, AT_FDCWD, '/', AT_FDCWD, '/', 0));
  attempt('pivot_root', call(n.pivot_root, '/', '/'));
  attempt('setns', ...numbers.map((fd) => call(n.setns, fd, 0)));
  attempt('bpf', call(n.bpf, 0, Buffer.alloc(128), 128));
  attempt('io_uring_setup', call(n.io_uring_setup, 8, Buffer.alloc(120)));
  attempt('keyctl', call(n.keyctl, 0, -3, 0));
  attempt('add_key', call(n.add_key, 'user', 'x', 'y', 1, -3));
  attempt('perf_event_open', call(n.perf_event_open, Buffer.alloc(128, 0), 0, -1, -1, 0));
  attempt('userfaultfd', call(n.userfaultfd, 1));
  attempt('inotify_init1', call(n.inotify_init1, 0));
  attempt('fanotify_init', call(n.fanotify_init, 0, 0));
  attempt('init_module', call(n.init_module, Buffer.alloc(8), 8, ''));
  attempt('swapon', call(n.swapon, open_file, 0));
  attempt('sethostname', call(n.sethostname, 'changed', 7));
  attempt('personality', call(n.personality, 0xffffffff));
  attempt('quotactl', call(n.quotactl, 0, '', 0, 0));
  attempt('mq_open', call(n.mq_open, 'x', O_CREAT | O_RDWR, 0o666, 0));
  attempt('shmget', call(n.shmget, 0, 4096, 0o1666));
  attempt('setresuid', call(n.setresuid, 0, 0, 0));
  attempt('setgroups', call(n.setgroups, 0, 0));
  attempt('prctl', call(n.prctl, 4, 1, 0, 0, 0));
  attempt('seccomp', call(n.seccomp, 2, 0, Buffer.from([0, 0, 0xff, 0x7f])));
  attempt('setrlimit', call(n.setrlimit, 6, Buffer.alloc(16, 255)));
  attempt('fcntl F_SETOWN', ...numbers.map((fd) => call(n.fcntl, fd, 8, targets.victim_pid)));

  // Out of namespaces and roots, into new ones.
  attempt('unshare', call(n.unshare, 0x10000000), call(n.unshare, 0x20000));
  attempt('chroot', call(n.chroot, '/'), ...numbers.map((fd) => call(n.chroot, `/proc/self/fd/${fd}`)));
  attempt('chdir', call(n.chdir, '/proc/1/root'));
  attempt('open after unshare', opened(call(n.open, climb, 0)), opened(call(n.open, secret_file, 0)));

  // Other programs.
  const shell = ['/bin/sh', '-c', `echo ran > ${open_folder}/ran`];
  const pointers = Buffer.alloc((shell.length + 1) * 8);
  for (const [i, text] of shell.entries()) pointers.writeBigUInt64LE(address(Buffer.from(`${text}\0`)), i * 8);
  const child = (kind: string, made: number): void => {
    if (made === 0) {
      // In a process of its own: leaves its mark, now and when the container is gone.
      call(n.prctl, 1, 0);
      call(n.setsid);
      call(n.creat, `${open_folder}/forked`, 0o666);
      call(n.execve, '/bin/sh', pointers, 0);
      for (let i = 0; i < 60; i++) call(n.poll, 0, 0, 1000);
      call(60, 0);
    }
    attempt(kind, made);
  };
  child('fork', call(n.fork));
  child('clone', call(n.clone, 17, 0, 0, 0, 0));
  const clone_args = Buffer.alloc(88);
  clone_args.writeBigUInt64LE(17n, 32);
  child('clone3', call(n.clone3, clone_args, 88));

  const file = call(n.memfd_create, 'program', 0);
  attempt('memfd_create', file);
  const program = programThatMakes(`${open_folder}/ran-from-memory`);
  const written = call(n.write, file >= 0 ? file : numbers.length, program, program.length);
  attempt('write a program', written);
  attempt('execve', call(n.execve, '/nothing/here', pointers, 0));
  attempt('execveat', call(n.execveat, numbers.length, '', pointers, 0, 0x1000));
  print(JSON.stringify({ attempts, read } satisfies AttackReport));
  // What succeeds here says no more: it is told by what it does.
  if (file >= 0) call(n.execveat, file, '', pointers, 0, 0x1000);
  call(n.execve, '/bin/sh', pointers, 0);
}

/** Attaches to a process, and ends it if that worked. */
function traced(pid: number): number {
  const PTRACE_ATTACH = 16;
  const PTRACE_KILL = 8;
  const result = call(n.ptrace, PTRACE_ATTACH, pid, 0, 0);
  if (result >= 0) {
    call(n.poll, 0, 0, 50);
    call(n.ptrace, PTRACE_KILL, pid, 0, 0);
  }
  return result;
}

/** An executable for x86-64 that makes a file and ends. */
function programThatMakes(path: string): Buffer {
  const start = 0x400000;
  const header_bytes = 120;
  const code = Buffer.concat([
    // mov eax, 85 (creat); lea rdi, [rip + 20]; mov esi, 0666
    Buffer.from([0xb8, 85, 0, 0, 0, 0x48, 0x8d, 0x3d, 16, 0, 0, 0, 0xbe, 0xb6, 1, 0, 0]),
    // syscall; mov eax, 60 (exit); xor edi, edi; syscall
    Buffer.from([0x0f, 0x05, 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05]),
  ]);
  const bytes = Buffer.concat([Buffer.alloc(header_bytes), code, Buffer.from(`${path}\0`)]);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BigInt(start + header_bytes), 24);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(64, 52);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(1, 64);
  bytes.writeUInt32LE(5, 68);
  bytes.writeBigUInt64LE(BigInt(start), 80);
  bytes.writeBigUInt64LE(BigInt(start), 88);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 96);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 104);
  bytes.writeBigUInt64LE(4096n, 112);
  return bytes;
}
