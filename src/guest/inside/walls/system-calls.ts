import type { AllowedCall } from '../../../os/index.ts';

const FIONREAD = 0x541b;
const FIONBIO = 0x5421;
const TCGETS = 0x5401;
const TIOCGWINSZ = 0x5413;

/** F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: none that sends a signal or locks a file. */
const fcntl_commands = [0, 1, 2, 3, 4, 1030];

const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
/** SO_TYPE, SO_ERROR, SO_SNDBUF, SO_RCVBUF, SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN. */
const socket_facts = [3, 4, 7, 8, 30, 38, 39];

/**
 * The system calls that a guest's process is left with. Those that are called most come first, though the kernel
 * remembers which are always allowed. Nothing here takes a path, makes a socket, a process or a file, or names a
 * process other than this one.
 */
export const calls_of_guest: readonly AllowedCall[] = (
  [
    // Descriptors that were handed over.
    ...(['read', 'write', 'readv', 'writev', 'pread64', 'pwrite64', 'preadv', 'pwritev', 'lseek'] as const),
    ...(['poll', 'ppoll', 'close', 'fstat', 'dup', 'dup2', 'dup3'] as const),
    ...(['fsync', 'fdatasync', 'ftruncate', 'fallocate', 'fadvise64'] as const),
    // The broker, and sockets that were handed over.
    ...(['recvmsg', 'sendmsg', 'recvfrom', 'sendto', 'accept4', 'shutdown', 'getsockname', 'getpeername'] as const),
    // Memory, as V8 and the C library take it.
    ...(['mmap', 'munmap', 'mremap', 'mprotect', 'pkey_mprotect', 'madvise', 'brk', 'membarrier'] as const),
    // Time, waiting, randomness.
    ...(['clock_gettime', 'clock_getres', 'clock_nanosleep', 'nanosleep', 'gettimeofday', 'time'] as const),
    ...(['futex', 'sched_yield', 'restart_syscall', 'getrandom'] as const),
    // About this process.
    ...(['rt_sigaction', 'rt_sigprocmask', 'rt_sigreturn', 'sigaltstack'] as const),
    ...(['getpid', 'gettid', 'getrusage', 'sched_getaffinity', 'exit', 'exit_group'] as const),
  ] as const
)
  .map((name): AllowedCall => ({ name }))
  .concat([
    { name: 'ioctl', only: [{ argument: 1, values: [FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ] }] },
    { name: 'fcntl', only: [{ argument: 1, values: fcntl_commands }] },
    {
      name: 'getsockopt',
      only: [
        { argument: 1, values: [SOL_SOCKET] },
        { argument: 2, values: socket_facts },
      ],
    },
    {
      name: 'setsockopt',
      only: [
        { argument: 1, values: [IPPROTO_TCP] },
        { argument: 2, values: [TCP_NODELAY] },
      ],
    },
    // How a program that cannot go on ends itself.
    { name: 'tgkill', only: [{ argument: 0, values: ['own process'] }] },
  ]);

/** What Node's own threads need beside, in a process that has them: without it they end the process when they wake. */
export const calls_of_threads: readonly AllowedCall[] = (
  ['epoll_wait', 'epoll_pwait', 'epoll_ctl', 'sched_getparam', 'sched_getscheduler'] as const
).map((name) => ({ name }));
