// The kernel without a C library: what the shim's binary calls, for x86-64 and aarch64.
#ifndef WHERRY_SYSTEM_H
#define WHERRY_SYSTEM_H
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
enum {
  SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_munmap = 11, SYS_socket = 41, SYS_connect = 42,
  SYS_fork = 57, SYS_execve = 59, SYS_exit = 60, SYS_wait4 = 61, SYS_kill = 62, SYS_flock = 73, SYS_fsync = 74,
  SYS_chdir = 80, SYS_getppid = 110, SYS_setsid = 112, SYS_prctl = 157, SYS_umount2 = 166, SYS_clock_gettime = 228,
  SYS_openat = 257, SYS_mkdirat = 258, SYS_newfstatat = 262, SYS_unlinkat = 263, SYS_renameat = 264,
  SYS_readlinkat = 267, SYS_ppoll = 271, SYS_unshare = 272, SYS_dup3 = 292, SYS_pipe2 = 293, SYS_setns = 308,
  SYS_getuid = 102, SYS_rt_sigprocmask = 14, SYS_rt_sigtimedwait = 128, SYS_setsockopt = 54, SYS_shutdown = 48,
  SYS_mount = 165, SYS_ioctl = 16,
};
static inline long syscall6(long n, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
// O_DIRECTORY and O_NOFOLLOW have numbers of their own on each.
enum { O_DIRECTORY = 0200000 };
struct file_status { uint64_t device, inode, links; uint32_t mode, uid, gid, pad; uint64_t rdev; int64_t size, rest[12]; };
#elif defined(__aarch64__)
enum {
  SYS_read = 63, SYS_write = 64, SYS_close = 57, SYS_mmap = 222, SYS_munmap = 215, SYS_socket = 198,
  SYS_connect = 203, SYS_clone = 220, SYS_execve = 221, SYS_exit = 93, SYS_wait4 = 260, SYS_kill = 129,
  SYS_flock = 32, SYS_fsync = 82, SYS_chdir = 49, SYS_getppid = 173, SYS_setsid = 157, SYS_prctl = 167,
  SYS_umount2 = 39, SYS_clock_gettime = 113, SYS_openat = 56, SYS_mkdirat = 34, SYS_newfstatat = 79,
  SYS_unlinkat = 35, SYS_renameat = 38, SYS_readlinkat = 78, SYS_ppoll = 73, SYS_unshare = 97, SYS_dup3 = 24,
  SYS_pipe2 = 59, SYS_setns = 268, SYS_getuid = 174, SYS_rt_sigprocmask = 135, SYS_rt_sigtimedwait = 137,
  SYS_setsockopt = 208, SYS_shutdown = 210, SYS_mount = 40, SYS_ioctl = 29,
};
static inline long syscall6(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}
enum { O_DIRECTORY = 040000 };
struct file_status { uint64_t device, inode; uint32_t mode, links, uid, gid; uint64_t rdev, pad; int64_t size, rest[12]; };
#else
#error "this machine is not known"
#endif

#define syscall(n, ...) SYSCALL_(n, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYSCALL_(n, a, b, c, d, e, f, ...) \
  syscall6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

enum {
  AT_FDCWD = -100, AT_REMOVEDIR = 0x200,
  O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000,
  O_CLOEXEC = 02000000,
  ENOENT = 2, EINTR = 4, EEXIST = 17, EINVAL = 22, ECONNREFUSED = 111,
  LOCK_EX = 2, AF_UNIX = 1, SOCK_STREAM = 1, SOCK_CLOEXEC = O_CLOEXEC, SOL_SOCKET = 1, SO_RCVTIMEO = 20, SHUT_WR = 1,
  PR_SET_PDEATHSIG = 1, PR_SET_NAME = 15, SIGINT = 2, SIGKILL = 9, SIGCHLD = 17, SIGTERM = 15, SIG_BLOCK = 0,
  MNT_DETACH = 2, CLONE_NEWNS = 0x20000, CLONE_NEWUTS = 0x4000000, CLONE_NEWIPC = 0x8000000, CLONE_NEWNET = 0x40000000,
  PROT_READ = 1, MAP_PRIVATE = 2,
};

struct time { int64_t seconds, nanoseconds; };

static inline long open_file(const char *path, int flags, int mode) {
  return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
static inline long close_file(long fd) { return syscall(SYS_close, fd); }
static inline long status_of(const char *path, struct file_status *status) {
  return syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}
static inline long fork_process(void) {
#if defined(__x86_64__)
  return syscall(SYS_fork);
#else
  return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#endif
}
_Noreturn static inline void leave(int code) {
  for (;;) syscall(SYS_exit, code);
}

// The compiler calls these by itself.
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *at, int value, size_t length);

static inline size_t length_of(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}
static inline int same(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}
static inline int same_bytes(const char *text, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] == 0 || text[i] != bytes[i]) return 0;
  return text[length] == 0;
}
#endif
