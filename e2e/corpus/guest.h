/*
 * What the guests of this folder share: the functions of preview 1 as they are imported, and how to say what should
 * come of a call. A guest is one rule, named by its function and what it says: path_open/missing-is-noent.c. It ends
 * with 0 when the rule holds and says what differed when not. No libc: what is called is what is meant.
 */
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) u16 name
#define NULL ((void *)0)

typedef struct { const void *bytes; u32 length; } buffer;
typedef struct { u8 type; u16 flags; u64 base, inheriting; } fdstat;
typedef struct { u64 dev, ino; u8 type; u64 nlink, size, atim, mtim, ctim; } filestat;
typedef struct { u64 next, ino; u32 length; u8 type; } dirent;
typedef struct {
  u64 userdata;
  u8 tag;
  union {
    struct { u32 id; u64 timeout, precision; u16 flags; } clock;
    struct { u32 fd; } fd;
  };
} subscription;
typedef struct { u64 userdata; u16 error; u8 type; u64 bytes; u16 flags; } event;

IMPORT(args_get)(u8 **, u8 *);
IMPORT(args_sizes_get)(u32 *, u32 *);
IMPORT(environ_get)(u8 **, u8 *);
IMPORT(environ_sizes_get)(u32 *, u32 *);
IMPORT(clock_res_get)(u32, u64 *);
IMPORT(clock_time_get)(u32, u64, u64 *);
IMPORT(fd_advise)(u32, u64, u64, u8);
IMPORT(fd_allocate)(u32, u64, u64);
IMPORT(fd_close)(u32);
IMPORT(fd_datasync)(u32);
IMPORT(fd_fdstat_get)(u32, fdstat *);
IMPORT(fd_fdstat_set_flags)(u32, u16);
IMPORT(fd_fdstat_set_rights)(u32, u64, u64);
IMPORT(fd_filestat_get)(u32, filestat *);
IMPORT(fd_filestat_set_size)(u32, u64);
IMPORT(fd_filestat_set_times)(u32, u64, u64, u16);
IMPORT(fd_pread)(u32, const buffer *, u32, u64, u32 *);
IMPORT(fd_prestat_get)(u32, u32 *);
IMPORT(fd_prestat_dir_name)(u32, u8 *, u32);
IMPORT(fd_pwrite)(u32, const buffer *, u32, u64, u32 *);
IMPORT(fd_read)(u32, const buffer *, u32, u32 *);
IMPORT(fd_readdir)(u32, void *, u32, u64, u32 *);
IMPORT(fd_renumber)(u32, u32);
IMPORT(fd_seek)(u32, i64, u8, u64 *);
IMPORT(fd_sync)(u32);
IMPORT(fd_tell)(u32, u64 *);
IMPORT(fd_write)(u32, const buffer *, u32, u32 *);
IMPORT(path_create_directory)(u32, const char *, u32);
IMPORT(path_filestat_get)(u32, u32, const char *, u32, filestat *);
IMPORT(path_filestat_set_times)(u32, u32, const char *, u32, u64, u64, u16);
IMPORT(path_link)(u32, u32, const char *, u32, u32, const char *, u32);
IMPORT(path_open)(u32, u32, const char *, u32, u16, u64, u64, u16, u32 *);
IMPORT(path_readlink)(u32, const char *, u32, void *, u32, u32 *);
IMPORT(path_remove_directory)(u32, const char *, u32);
IMPORT(path_rename)(u32, const char *, u32, u32, const char *, u32);
IMPORT(path_symlink)(const char *, u32, u32, const char *, u32);
IMPORT(path_unlink_file)(u32, const char *, u32);
IMPORT(poll_oneoff)(const subscription *, event *, u32, u32 *);
IMPORT(random_get)(void *, u32);
IMPORT(sched_yield)(void);
IMPORT(sock_accept)(u32, u16, u32 *);
IMPORT(sock_recv)(u32, const buffer *, u32, u16, u32 *, u16 *);
IMPORT(sock_send)(u32, const buffer *, u32, u16, u32 *);
IMPORT(sock_shutdown)(u32, u8);
_Noreturn __attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) void proc_exit(u32);

enum {
  SUCCESS, TOOBIG, ACCES, ADDRINUSE, ADDRNOTAVAIL, AFNOSUPPORT, AGAIN, ALREADY, BADF, BADMSG, BUSY, CANCELED, CHILD,
  CONNABORTED, CONNREFUSED, CONNRESET, DEADLK, DESTADDRREQ, DOM, DQUOT, EXIST, FAULT, FBIG, HOSTUNREACH, IDRM, ILSEQ,
  INPROGRESS, INTR, INVAL, IO, ISCONN, ISDIR, LOOP, MFILE, MLINK, MSGSIZE, MULTIHOP, NAMETOOLONG, NETDOWN, NETRESET,
  NETUNREACH, NFILE, NOBUFS, NODEV, NOENT, NOEXEC, NOLCK, NOLINK, NOMEM, NOMSG, NOPROTOOPT, NOSPC, NOSYS, NOTCONN,
  NOTDIR, NOTEMPTY, NOTRECOVERABLE, NOTSOCK, NOTSUP, NOTTY, NXIO, OVERFLOW, OWNERDEAD, PERM, PIPE, PROTO,
  PROTONOSUPPORT, PROTOTYPE, RANGE, ROFS, SPIPE, SRCH, STALE, TIMEDOUT, TXTBSY, XDEV, NOTCAPABLE
};

enum { CHARACTER_DEVICE = 2, DIRECTORY = 3, REGULAR_FILE = 4, SYMBOLIC_LINK = 7 };
enum { CREAT = 1, ONLY_DIRECTORY = 2, EXCL = 4, TRUNC = 8 };
enum { APPEND = 1, DSYNC = 2, NONBLOCK = 4, RSYNC = 8, SYNC = 16 };
enum { SET = 0, CUR = 1, END = 2 };
enum { ATIM = 1, ATIM_NOW = 2, MTIM = 4, MTIM_NOW = 8 };
enum { FOLLOW = 1 };
enum { STDIN, STDOUT, STDERR, ROOT };

enum {
  RIGHT_DATASYNC = 1, RIGHT_READ = 2, RIGHT_SEEK = 4, RIGHT_SET_FLAGS = 8, RIGHT_SYNC = 16, RIGHT_TELL = 32,
  RIGHT_WRITE = 64, RIGHT_ADVISE = 128, RIGHT_ALLOCATE = 256, RIGHT_CREATE_DIRECTORY = 512, RIGHT_CREATE_FILE = 1024,
  RIGHT_LINK_SOURCE = 2048, RIGHT_LINK_TARGET = 4096, RIGHT_OPEN = 8192, RIGHT_READDIR = 16384,
  RIGHT_READLINK = 32768, RIGHT_RENAME_SOURCE = 65536, RIGHT_RENAME_TARGET = 131072, RIGHT_STAT = 262144,
  RIGHT_PATH_SET_SIZE = 524288, RIGHT_PATH_SET_TIMES = 1048576, RIGHT_FD_STAT = 2097152,
  RIGHT_SET_SIZE = 4194304, RIGHT_SET_TIMES = 8388608, RIGHT_SYMLINK = 16777216,
  RIGHT_REMOVE_DIRECTORY = 33554432, RIGHT_UNLINK = 67108864, RIGHT_POLL = 134217728
};
#define ALL 0x3fffffffull
#define READING (ALL & ~(u64)(RIGHT_WRITE | RIGHT_ALLOCATE | RIGHT_SET_SIZE))
#define WRITING (ALL & ~(u64)(RIGHT_READ | RIGHT_READDIR))
/* All that can be asked of a directory. */
#define SEARCHING READING

/* A text and its length; one below /t, where the files lie. */
#define TEXT(text) (text), (sizeof(text) - 1)
#define T(path) TEXT("t/" path)

static inline u32 length_of(const char *text) {
  u32 length = 0;
  while (text[length] != 0) length++;
  return length;
}

/* The compiler calls them for what is set or copied as a whole. */
void *memset(void *at, int byte, unsigned long length) {
  for (u8 *each = at; length > 0; length--) *each++ = (u8)byte;
  return at;
}

void *memcpy(void *to, const void *from, unsigned long length) {
  const u8 *source = from;
  for (u8 *each = to; length > 0; length--) *each++ = *source++;
  return to;
}

static void print(const char *text) {
  buffer all = {text, length_of(text)};
  u32 written;
  fd_write(STDERR, &all, 1, &written);
}

static void print_number(u64 number) {
  char digits[24];
  char *at = digits + sizeof digits - 1;
  *at = 0;
  do *--at = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  print(at);
}

static void differs(const char *what, u64 got, const char *wanted) {
  print(what);
  print(" is ");
  print_number(got);
  print(", not ");
  print(wanted);
  print("\n");
  proc_exit(1);
}

/* The call gives the errno; the value is the one. */
#define expect(call, errno) do { u16 got_ = (call); if (got_ != (errno)) differs(#call, got_, #errno); } while (0)
#define same(value, wanted) do { u64 got_ = (value); if (got_ != (u64)(wanted)) differs(#value, got_, #wanted); } while (0)
#define check(condition) do { if (!(condition)) { print("not so: " #condition "\n"); proc_exit(1); } } while (0)

static inline int equal(const void *a, const void *b, u32 length) {
  const u8 *x = a, *y = b;
  for (u32 i = 0; i < length; i++) if (x[i] != y[i]) return 0;
  return 1;
}

/* What the guests work on; an image, a folder or a volume may have it already:
 *   t/file "hello", t/dir/inner "inner", t/empty/, t/link -> file, t/dirlink -> dir, t/dangling -> nowhere, t/loop -> loop */
static inline void put_file(const char *path, u32 length, const char *text) {
  u32 fd, written;
  if (path_open(ROOT, 0, path, length, CREAT | EXCL, WRITING, 0, 0, &fd) != SUCCESS) return;
  buffer all = {text, length_of(text)};
  expect(fd_write(fd, &all, 1, &written), SUCCESS);
  expect(fd_close(fd), SUCCESS);
}

static inline void fixture(void) {
  path_create_directory(ROOT, TEXT("t"));
  path_create_directory(ROOT, T("dir"));
  path_create_directory(ROOT, T("empty"));
  put_file(T("file"), "hello");
  put_file(T("dir/inner"), "inner");
  path_symlink(TEXT("file"), ROOT, T("link"));
  path_symlink(TEXT("dir"), ROOT, T("dirlink"));
  path_symlink(TEXT("nowhere"), ROOT, T("dangling"));
  path_symlink(TEXT("loop"), ROOT, T("loop"));
}

/* Opens for what `rights` say; the descriptor. */
#define opened(path, oflags, rights) open_or_end(path, oflags, rights, 0)
static inline u32 open_or_end(const char *path, u32 length, u16 oflags, u64 rights, u16 flags) {
  u32 fd = 0;
  expect(path_open(ROOT, FOLLOW, path, length, oflags, rights, ALL, flags, &fd), SUCCESS);
  return fd;
}

static inline u64 size_of(u32 fd) {
  filestat stat;
  expect(fd_filestat_get(fd, &stat), SUCCESS);
  return stat.size;
}

static inline void write_text(u32 fd, const char *text) {
  buffer all = {text, length_of(text)};
  u32 written = 0;
  expect(fd_write(fd, &all, 1, &written), SUCCESS);
  same(written, all.length);
}

/* What is left to read must be the text. */
static inline void read_text(u32 fd, const char *text) {
  char bytes[256];
  buffer all = {bytes, sizeof bytes};
  u32 count = 0;
  expect(fd_read(fd, &all, 1, &count), SUCCESS);
  same(count, length_of(text));
  check(equal(bytes, text, count));
}

static inline void holds(const char *path, u32 length, const char *text) {
  u32 fd = open_or_end(path, length, 0, READING, 0);
  read_text(fd, text);
  expect(fd_close(fd), SUCCESS);
}

/* Whether a directory lists a name, and as what. */
static inline int lists(u32 fd, const char *name, u8 type) {
  static u8 bytes[8192];
  u32 filled = 0;
  expect(fd_readdir(fd, bytes, sizeof bytes, 0, &filled), SUCCESS);
  for (u32 at = 0; at + sizeof(dirent) <= filled;) {
    dirent *entry = (dirent *)(bytes + at);
    if (entry->length == length_of(name) && equal(entry + 1, name, entry->length)) return entry->type == type;
    at += sizeof(dirent) + entry->length;
  }
  return 0;
}

static void test(void);

/* A guest that works on files, and one that does not. */
#define FILES \
  void _start(void) { fixture(); test(); proc_exit(0); } \
  static void test(void)
#define PLAIN \
  void _start(void) { test(); proc_exit(0); } \
  static void test(void)
