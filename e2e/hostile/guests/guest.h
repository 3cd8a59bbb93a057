/* What the hostile guests in C are made with: preview 1 as it is, numbers for pointers, no C library. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
WASI(args_get) u32 args_get(u32 pointers, u32 buffer);
WASI(args_sizes_get) u32 args_sizes_get(u32 count, u32 bytes);
WASI(environ_get) u32 environ_get(u32 pointers, u32 buffer);
WASI(environ_sizes_get) u32 environ_sizes_get(u32 count, u32 bytes);
WASI(clock_res_get) u32 clock_res_get(u32 id, u32 result);
WASI(clock_time_get) u32 clock_time_get(u32 id, u64 precision, u32 result);
WASI(fd_advise) u32 fd_advise(u32 fd, u64 offset, u64 length, u32 advice);
WASI(fd_allocate) u32 fd_allocate(u32 fd, u64 offset, u64 length);
WASI(fd_close) u32 fd_close(u32 fd);
WASI(fd_fdstat_get) u32 fd_fdstat_get(u32 fd, u32 result);
WASI(fd_fdstat_set_flags) u32 fd_fdstat_set_flags(u32 fd, u32 flags);
WASI(fd_fdstat_set_rights) u32 fd_fdstat_set_rights(u32 fd, u64 base, u64 inheriting);
WASI(fd_filestat_get) u32 fd_filestat_get(u32 fd, u32 result);
WASI(fd_filestat_set_size) u32 fd_filestat_set_size(u32 fd, u64 size);
WASI(fd_filestat_set_times) u32 fd_filestat_set_times(u32 fd, u64 atim, u64 mtim, u32 flags);
WASI(fd_pread) u32 fd_pread(u32 fd, u32 iovecs, u32 count, u64 offset, u32 result);
WASI(fd_prestat_get) u32 fd_prestat_get(u32 fd, u32 result);
WASI(fd_prestat_dir_name) u32 fd_prestat_dir_name(u32 fd, u32 path, u32 length);
WASI(fd_pwrite) u32 fd_pwrite(u32 fd, u32 iovecs, u32 count, u64 offset, u32 result);
WASI(fd_read) u32 fd_read(u32 fd, u32 iovecs, u32 count, u32 result);
WASI(fd_readdir) u32 fd_readdir(u32 fd, u32 buffer, u32 length, u64 cookie, u32 result);
WASI(fd_renumber) u32 fd_renumber(u32 from, u32 to);
WASI(fd_seek) u32 fd_seek(u32 fd, u64 offset, u32 whence, u32 result);
WASI(fd_sync) u32 fd_sync(u32 fd);
WASI(fd_tell) u32 fd_tell(u32 fd, u32 result);
WASI(fd_write) u32 fd_write(u32 fd, u32 iovecs, u32 count, u32 result);
WASI(path_create_directory) u32 path_create_directory(u32 fd, u32 path, u32 length);
WASI(path_filestat_get) u32 path_filestat_get(u32 fd, u32 flags, u32 path, u32 length, u32 result);
WASI(path_filestat_set_times) u32 path_filestat_set_times(u32 fd, u32 flags, u32 path, u32 length, u64 atim, u64 mtim, u32 set);
WASI(path_link) u32 path_link(u32 fd, u32 flags, u32 path, u32 length, u32 to_fd, u32 to_path, u32 to_length);
WASI(path_open) u32 path_open(u32 fd, u32 lookup, u32 path, u32 length, u32 oflags, u64 base, u64 inheriting, u32 flags, u32 result);
WASI(path_readlink) u32 path_readlink(u32 fd, u32 path, u32 length, u32 buffer, u32 buffer_length, u32 result);
WASI(path_remove_directory) u32 path_remove_directory(u32 fd, u32 path, u32 length);
WASI(path_rename) u32 path_rename(u32 fd, u32 path, u32 length, u32 to_fd, u32 to_path, u32 to_length);
WASI(path_symlink) u32 path_symlink(u32 target, u32 target_length, u32 fd, u32 path, u32 length);
WASI(path_unlink_file) u32 path_unlink_file(u32 fd, u32 path, u32 length);
WASI(poll_oneoff) u32 poll_oneoff(u32 subscriptions, u32 events, u32 count, u32 result);
WASI(proc_exit) _Noreturn void proc_exit(u32 code);
WASI(proc_raise) u32 proc_raise(u32 signal);
WASI(random_get) u32 random_get(u32 buffer, u32 length);
WASI(sched_yield) u32 sched_yield(void);
WASI(sock_accept) u32 sock_accept(u32 fd, u32 flags, u32 result);
WASI(sock_recv) u32 sock_recv(u32 fd, u32 iovecs, u32 count, u32 flags, u32 bytes, u32 result_flags);
WASI(sock_send) u32 sock_send(u32 fd, u32 iovecs, u32 count, u32 flags, u32 bytes);
WASI(sock_shutdown) u32 sock_shutdown(u32 fd, u32 how);

enum {
  SUCCESS = 0, ACCES = 2, AGAIN = 6, BADF = 8, BUSY = 10, EXIST = 20, FAULT = 21, FBIG = 22, ILSEQ = 25, INVAL = 28,
  IO = 29, ISDIR = 31, LOOP = 32, NAMETOOLONG = 37, NFILE = 41, NOENT = 44, NOSPC = 51, NOTDIR = 54, NOTEMPTY = 55,
  NOTSOCK = 57, NOTSUP = 58, OVERFLOW = 61, PERM = 63, ROFS = 69, SPIPE = 70, XDEV = 75, NOTCAPABLE = 76
};
enum { CREAT = 1, DIRECTORY = 2, EXCL = 4, TRUNC = 8 };
enum { ROOT = 3, FOLLOW = 1 };
#define READING 0x204026ull
#define WRITING 0x60004Cull
#define BOTH (READING | WRITING)
#define EVERYTHING 0x3fffffffull
#define WALKING (EVERYTHING & ~0x40ull)

#define P(pointer) ((u32)(pointer))
/* A text as the two parameters that a path is. */
#define S(text) P(text), (u32)(sizeof(text) - 1)
#define MEMORY_END (P(__builtin_wasm_memory_size(0)) * 65536u)

typedef struct { u32 at, length; } iovec;
static u32 count, opened;
static u8 stat_of[64];

static inline u32 length_of(const char *text) {
  u32 length = 0;
  while (text[length] != 0) length++;
  return length;
}

static inline void say(u32 fd, const char *text) {
  iovec whole = {P(text), length_of(text)};
  fd_write(fd, P(&whole), 1, P(&count));
}

static inline void say_number(u32 fd, u32 number) {
  char digits[12];
  u32 at = sizeof digits - 1;
  digits[at] = 0;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  say(fd, digits + at);
}

static inline void wrong(u32 line, const char *what, u32 got, u32 wanted) {
  say(2, "line "), say_number(2, line), say(2, ": "), say(2, what), say(2, " is "), say_number(2, got);
  say(2, ", not "), say_number(2, wanted), say(2, "\n");
  proc_exit(1);
}

static inline void check(u32 line, const char *what, u32 got, u32 wanted) {
  if (got != wanted) wrong(line, what, got, wanted);
}

/* The errno of a call; anything else ends the guest with 1 and says which line. */
#define want(call, errno) check(__LINE__, #call, (call), (errno))
/* One of several errnos. */
#define either(call, one, two) do { u32 got = (call); if (got != (one)) check(__LINE__, #call, got, (two)); } while (0)
/* Any errno but success. */
#define refused(call) do { if ((call) == SUCCESS) wrong(__LINE__, #call, 0, 1); } while (0)
/* A condition. */
#define hold(condition) do { if (!(condition)) wrong(__LINE__, #condition, 0, 1); } while (0)

/* path_open that follows links; the descriptor is in `opened`. */
#define open_at(fd, text, oflags, rights) path_open(fd, FOLLOW, S(text), oflags, rights, 0, 0, P(&opened))
#define open_directory(fd, text) path_open(fd, FOLLOW, S(text), DIRECTORY, WALKING, EVERYTHING, 0, P(&opened))
#define stat_at(fd, text) path_filestat_get(fd, FOLLOW, S(text), P(stat_of))
#define symlink_at(target, fd, text) path_symlink(S(target), fd, S(text))

static inline void make_file(u32 fd, const char *path, const char *content) {
  want(path_open(fd, FOLLOW, P(path), length_of(path), CREAT | TRUNC, WRITING, 0, 0, P(&opened)), SUCCESS);
  iovec whole = {P(content), length_of(content)};
  want(fd_write(opened, P(&whole), 1, P(&count)), SUCCESS);
  want(fd_close(opened), SUCCESS);
}

static char argument_bytes[65536];
static u32 argument_pointers[64];
/* The argument of that number, or an empty text. */
static inline const char *argument(u32 number) {
  u32 arguments, bytes;
  want(args_sizes_get(P(&arguments), P(&bytes)), SUCCESS);
  if (number >= arguments || arguments > 64 || bytes > sizeof argument_bytes) return "";
  want(args_get(P(argument_pointers), P(argument_bytes)), SUCCESS);
  return (const char *)argument_pointers[number];
}

#define GUEST __attribute__((export_name("_start"))) void start(void)
