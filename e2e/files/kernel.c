/*
 * Does path operations in a directory of the kernel's and says what came of them: what a guest's files are compared
 * with. Reads commands line by line, words between tabs, and answers each with lines that end in a line of a dot.
 *
 *     tree DIRECTORY UID GID       makes a directory; entries follow, then a dot
 *       d PATH MODE MTIME          MODE in octal, MTIME in nanoseconds
 *       f PATH MODE MTIME TEXT
 *       l PATH TARGET MTIME
 *     run DIRECTORY UID GID LINKS  operations follow, then a dot; a line of an answer each. LINKS is "from-root" where
 *                                  absolute symlinks start at DIRECTORY, "refused" where nobody may follow them
 *     remove DIRECTORY
 *
 * Operations are done by a child whose root is the directory and who is the user. A path that would leave the
 * directory, by "..", as an absolute path or by a symlink, is NOTCAPABLE and nothing is done: preview 1 says so, and a
 * root directory of the kernel's does not.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { words_max = 16, slots = 4, links_max = 40, depth_max = 256 };

static FILE *in, *out;
static int64_t began_ns;

static void die(const char *about) {
  fprintf(stderr, "kernel: %s: %s\n", about, strerror(errno));
  exit(1);
}

static const char *name_of(int number) {
  const char *name = strerrorname_np(number);
  return name == NULL ? "?" : name + 1;
}

static int split(char *line, char **words) {
  int count = 0;
  line[strcspn(line, "\n")] = '\0';
  while (line != NULL && count < words_max) words[count++] = strsep(&line, "\t");
  for (int i = count; i < words_max; i++) words[i] = "";
  return count;
}

static char *next_line(void) {
  static char *line = NULL;
  static size_t room = 0;
  if (getline(&line, &room, in) < 0) return NULL;
  return line;
}

static struct timespec time_of(const char *text) {
  if (strcmp(text, "now") == 0) return (struct timespec){.tv_nsec = UTIME_NOW};
  if (strcmp(text, "keep") == 0) return (struct timespec){.tv_nsec = UTIME_OMIT};
  int64_t ns = strtoll(text, NULL, 10);
  return (struct timespec){ns / 1000000000, ns % 1000000000};
}

/* ---- trees ---- */

static void set_times(int at, const char *path, const char *mtime) {
  struct timespec times[2] = {time_of(mtime), time_of(mtime)};
  if (utimensat(at, path, times, AT_SYMLINK_NOFOLLOW) < 0) die(path);
}

static void make_tree(char **words) {
  if (mkdir(words[1], 0755) < 0) die(words[1]);
  int at = open(words[1], O_RDONLY | O_DIRECTORY);
  if (at < 0) die(words[1]);
  uid_t uid = (uid_t)atol(words[2]);
  gid_t gid = (gid_t)atol(words[3]);
  bool give = geteuid() == 0 && uid != geteuid();
  if (give && fchown(at, uid, gid) < 0) die("chown");
  /* Modes and times of directories come last, when nothing is put into them any more. */
  static struct { char *path, *mtime; mode_t mode; } later[256];
  int count = 0;
  for (char *line = next_line(); line != NULL && strcmp(line, ".\n") != 0; line = next_line()) {
    char *entry[words_max];
    split(line, entry);
    const char *path = entry[1];
    if (entry[0][0] == 'd') {
      if (mkdirat(at, path, 0755) < 0) die(path);
      later[count].path = strdup(path);
      later[count].mtime = strdup(entry[3]);
      later[count++].mode = (mode_t)strtol(entry[2], NULL, 8);
    } else if (entry[0][0] == 'f') {
      int fd = openat(at, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
      if (fd < 0 || write(fd, entry[4], strlen(entry[4])) < 0) die(path);
      if (fchmod(fd, (mode_t)strtol(entry[2], NULL, 8)) < 0) die(path);
      close(fd);
      set_times(at, path, entry[3]);
    } else {
      if (symlinkat(entry[2], at, path) < 0) die(path);
      set_times(at, path, entry[3]);
    }
    if (give && fchownat(at, path, uid, gid, AT_SYMLINK_NOFOLLOW) < 0) die(path);
  }
  while (count-- > 0) {
    if (fchmodat(at, later[count].path, later[count].mode, 0) < 0) die(later[count].path);
    set_times(at, later[count].path, later[count].mtime);
    free(later[count].path);
    free(later[count].mtime);
  }
  set_times(at, ".", "1000000000");
  close(at);
}

static void remove_tree(int at, const char *path) {
  if (unlinkat(at, path, 0) == 0) return;
  fchmodat(at, path, 0700, 0);
  int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0) return;
  DIR *directory = fdopendir(fd);
  for (struct dirent *each = readdir(directory); each != NULL; each = readdir(directory))
    if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0) remove_tree(fd, each->d_name);
  closedir(directory);
  unlinkat(at, path, AT_REMOVEDIR);
}

/* ---- operations ---- */

struct slot {
  int fd;
  bool directory, readable, writable;
};

static struct slot table[slots];
static bool links_from_root;

/* Whether `path` through `start` would leave it. Where the kernel has an error for the path, it is no way out. */
static bool leaves(int start, bool is_root, const char *path, bool follow) {
  if (path[0] == '/') return true;
  int at[depth_max];
  int depth = 0, links = 0;
  bool left = false;
  char *rest = strdup(path);
  at[0] = dup(start);
  while (rest[0] != '\0' && depth + 1 < depth_max) {
    size_t length = strcspn(rest, "/");
    char *name = strndup(rest, length);
    bool last = rest[length + strspn(rest + length, "/")] == '\0';
    bool slash = rest[length] == '/';
    char *after = strdup(rest + length + strspn(rest + length, "/"));
    free(rest);
    rest = after;
    if (strcmp(name, "..") == 0) {
      if (depth == 0) left = true;
      else close(at[depth--]);
    } else if (strcmp(name, ".") != 0 && name[0] != '\0') {
      int fd = openat(at[depth], name, O_PATH | O_NOFOLLOW);
      struct stat found;
      if (fd < 0 || fstat(fd, &found) < 0) {
        free(name);
        break;
      }
      if (S_ISDIR(found.st_mode)) {
        at[++depth] = fd;
      } else {
        char target[4097];
        ssize_t got = S_ISLNK(found.st_mode) ? readlinkat(fd, "", target, 4096) : -1;
        close(fd);
        if (got < 0 || (last && !follow) || ++links > links_max) {
          free(name);
          break;
        }
        target[got] = '\0';
        if (target[0] == '/') {
          if (!is_root || !links_from_root) left = true;
          while (depth > 0) close(at[depth--]);
        }
        char *joined;
        if (asprintf(&joined, "%s%s%s", target, slash ? "/" : "", rest) < 0) die("memory");
        memmove(joined, joined + strspn(joined, "/"), strlen(joined + strspn(joined, "/")) + 1);
        free(rest);
        rest = joined;
      }
    }
    free(name);
    if (left) break;
  }
  free(rest);
  while (depth >= 0) close(at[depth--]);
  return left;
}

static void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(out, format, arguments);
  va_end(arguments);
}

static void say_result(int result) { say("%s", result < 0 ? name_of(errno) : "SUCCESS"); }

/* A time that was set, or "new" for one of since the program began. */
static void say_time(struct timespec time) {
  int64_t ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
  if (ns >= began_ns) say(" new");
  else say(" %" PRId64, ns);
}

static char letter_of(mode_t mode) { return S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISREG(mode) ? 'f' : '?'; }

static void say_stat(int result, const struct stat *found, bool with_atime) {
  say_result(result);
  if (result < 0) return;
  say(" %c", letter_of(found->st_mode));
  if (!S_ISDIR(found->st_mode)) say(" %lld %ld", (long long)found->st_size, (long)found->st_nlink);
  say_time(found->st_mtim);
  if (with_atime) say_time(found->st_atim);
}

static void say_bytes(const char *bytes, ssize_t count) {
  say(" %zd ", count);
  for (ssize_t i = 0; i < count; i++) say("%02x", (unsigned char)bytes[i]);
}

/* Answers a path through a descriptor that is no directory, or a path that leaves it; true when it did. */
static bool refused(struct slot *through, const char *path, bool follow) {
  if (through->fd < 0) say("BADF");
  else if (!through->directory) say("NOTDIR");
  else if (path[0] == '\0') say("NOENT");
  else if (leaves(through->fd, through == &table[0], path, follow)) say("NOTCAPABLE");
  else return false;
  return true;
}

static bool has_slash(const char *path) {
  size_t length = strlen(path);
  if (length == 0) return false;
  if (path[length - 1] == '/') return true;
  return path[length - 1] == '.' && (length == 1 || path[length - 2] == '/');
}

struct entry {
  char *name;
  char letter;
};

static int compare_entries(const void *a, const void *b) {
  return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* The entries of a directory by name; the number of them, or -1. */
static int entries_of(int directory, struct entry *into, int most) {
  DIR *listed = fdopendir(dup(directory));
  if (listed == NULL) return -1;
  rewinddir(listed);
  int count = 0;
  errno = 0;
  for (struct dirent *each = readdir(listed); each != NULL && count < most; each = readdir(listed)) {
    mode_t mode = DTTOIF(each->d_type);
    into[count++] = (struct entry){strdup(each->d_name), letter_of(mode)};
  }
  int failed = errno;
  closedir(listed);
  if (count == 0 && failed == 0) failed = ENOENT;
  if (count == 0) {
    errno = failed;
    return -1;
  }
  qsort(into, (size_t)count, sizeof *into, compare_entries);
  return count;
}

static void list(int directory, bool sweep) {
  struct entry entries[512];
  int count = entries_of(directory, entries, 512);
  say_result(count);
  for (int i = 0; i < count; i++) {
    say(" %c:%s", entries[i].letter, entries[i].name);
    if (sweep && entries[i].letter != 'd') say(":%s", unlinkat(directory, entries[i].name, 0) < 0 ? name_of(errno) : "SUCCESS");
    free(entries[i].name);
  }
}

/* All that lies below a directory. */
static void dump(int directory, const char *above) {
  struct entry entries[512];
  int count = entries_of(directory, entries, 512);
  if (count < 0) say(" %s=%s", above, name_of(errno));
  for (int i = 0; i < count; i++) {
    const char *name = entries[i].name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
    char *path;
    if (asprintf(&path, "%s/%s", above, name) < 0) die("memory");
    struct stat found;
    say(" %s:", path);
    int result = fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW);
    say_result(result);
    if (result == 0) {
      say(":%c:", letter_of(found.st_mode));
      if (!S_ISDIR(found.st_mode)) say("%lld:%ld:", (long long)found.st_size, (long)found.st_nlink);
      if (S_ISLNK(found.st_mode)) {
        char target[4096];
        ssize_t got = readlinkat(directory, name, target, sizeof target);
        say("%.*s", (int)got, target);
      } else if (S_ISREG(found.st_mode)) {
        int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW);
        if (fd < 0) say("%s", name_of(errno));
        else {
          /* FNV-1a of what is in it. */
          uint32_t hash = 2166136261u;
          unsigned char bytes[4096];
          for (ssize_t got = read(fd, bytes, sizeof bytes); got > 0; got = read(fd, bytes, sizeof bytes))
            for (ssize_t k = 0; k < got; k++) hash = (hash ^ bytes[k]) * 16777619u;
          say("%u", hash);
          close(fd);
        }
      } else if (S_ISDIR(found.st_mode)) {
        int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd < 0) say("%s", name_of(errno));
        else {
          dump(fd, path);
          close(fd);
        }
      }
    }
    free(path);
  }
  for (int i = 0; i < count; i++) free(entries[i].name);
}

static struct slot *slot_of(const char *word) { return &table[atoi(word) % slots]; }

static void close_slot(struct slot *slot) {
  if (slot->fd >= 0) close(slot->fd);
  slot->fd = -1;
}

static void open_path(char **words) {
  struct slot *through = slot_of(words[1]), *to = slot_of(words[2]);
  const char *path = words[3], *how = words[4];
  bool follow = strchr(how, 'l') != NULL, creates = strchr(how, 'c') != NULL, exclusive = creates && strchr(how, 'x');
  bool reads = strchr(how, 'r') != NULL, writes = strchr(how, 'w') != NULL;
  close_slot(to);
  bool no_file = creates && path[0] != '\0' && path[strlen(path) - 1] == '/';
  if (refused(through, path, !exclusive && !no_file && (follow || has_slash(path)))) return;
  int flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (creates) flags |= O_CREAT;
  if (exclusive) flags |= O_EXCL;
  if (strchr(how, 't')) flags |= O_TRUNC;
  if (strchr(how, 'd')) flags |= O_DIRECTORY;
  if (strchr(how, 'a')) flags |= O_APPEND;
  if (!follow) flags |= O_NOFOLLOW;
  int fd = openat(through->fd, path, flags | O_CLOEXEC, 0666);
  say_result(fd);
  if (fd < 0) return;
  struct stat found;
  fstat(fd, &found);
  *to = (struct slot){fd, S_ISDIR(found.st_mode), reads, writes};
  say(" %c", letter_of(found.st_mode));
}

/* Operations on descriptors; false when it is none. */
static bool on_descriptor(char **words) {
  const char *what = words[0];
  struct slot *slot = slot_of(words[1]);
  long long number = atoll(words[2]);
  if (strcmp(what, "close") == 0) {
    say("%s", slot->fd < 0 ? "BADF" : "SUCCESS");
    close_slot(slot);
    return true;
  }
  if (strcmp(what, "renumber") == 0) {
    struct slot *to = slot_of(words[2]);
    say("%s", slot->fd < 0 || to->fd < 0 ? "BADF" : "SUCCESS");
    if (slot->fd < 0 || to->fd < 0 || slot == to) return true;
    dup2(slot->fd, to->fd);
    close(slot->fd);
    *to = (struct slot){to->fd, slot->directory, slot->readable, slot->writable};
    slot->fd = -1;
    return true;
  }
  if (strcmp(what, "fdstat") == 0) {
    struct stat found;
    int result = fstat(slot->fd, &found);
    say_stat(result, &found, false);
    return true;
  }
  if (strcmp(what, "list") == 0 || strcmp(what, "sweep") == 0) {
    if (slot->fd < 0) say("BADF");
    else if (!slot->directory) say("NOTDIR");
    else list(slot->fd, what[0] == 's');
    return true;
  }
  if (strcmp(what, "fdtimes") == 0) {
    struct timespec times[2] = {time_of(words[2]), time_of(words[3])};
    int result = futimens(slot->fd, times);
    struct stat found;
    if (result == 0) fstat(slot->fd, &found);
    say_stat(result, &found, false);
    return true;
  }
  bool reads = strcmp(what, "read") == 0 || strcmp(what, "pread") == 0;
  bool seeks = strcmp(what, "seek") == 0 || strcmp(what, "setflags") == 0;
  bool writes = strcmp(what, "write") == 0 || strcmp(what, "pwrite") == 0 || strcmp(what, "size") == 0 ||
                strcmp(what, "allocate") == 0;
  if (!reads && !seeks && !writes) return false;
  if (slot->fd < 0) {
    say("BADF");
    return true;
  }
  /* What a descriptor has no right to, and what a directory is not for, is the host's alone to say. */
  if (slot->directory || (reads && !slot->readable) || (writes && !slot->writable)) {
    say("-");
    return true;
  }
  char bytes[4096];
  if (strcmp(what, "read") == 0 || strcmp(what, "pread") == 0) {
    ssize_t got = what[0] == 'r' ? read(slot->fd, bytes, (size_t)number)
                                 : pread(slot->fd, bytes, (size_t)number, atoll(words[3]));
    say_result((int)got);
    if (got >= 0) say_bytes(bytes, got);
  } else if (strcmp(what, "write") == 0) {
    ssize_t put = write(slot->fd, words[2], strlen(words[2]));
    say_result((int)put);
    if (put >= 0) say(" %zd", put);
  } else if (strcmp(what, "pwrite") == 0) {
    ssize_t put = pwrite(slot->fd, words[2], strlen(words[2]), atoll(words[3]));
    say_result((int)put);
    if (put >= 0) say(" %zd", put);
  } else if (strcmp(what, "size") == 0) {
    say_result(ftruncate(slot->fd, number));
  } else if (strcmp(what, "allocate") == 0) {
    say_result(fallocate(slot->fd, 0, number, atoll(words[3])));
  } else if (strcmp(what, "seek") == 0) {
    long long at = lseek(slot->fd, number, atoi(words[3]));
    say("%s", at < 0 ? name_of(errno) : "SUCCESS");
    if (at >= 0) say(" %lld", at);
  } else {
    say_result(fcntl(slot->fd, F_SETFL, words[2][0] == 'a' ? O_APPEND : 0));
  }
  return true;
}

static void on_path(char **words) {
  const char *what = words[0], *path = words[2];
  struct slot *through = slot_of(words[1]);
  bool slash = has_slash(path);
  if (strcmp(what, "mkdir") == 0) {
    if (!refused(through, path, false)) say_result(mkdirat(through->fd, path, 0777));
  } else if (strcmp(what, "rmdir") == 0) {
    if (!refused(through, path, false)) say_result(unlinkat(through->fd, path, AT_REMOVEDIR));
  } else if (strcmp(what, "unlink") == 0) {
    if (!refused(through, path, false)) say_result(unlinkat(through->fd, path, 0));
  } else if (strcmp(what, "readlink") == 0) {
    if (refused(through, path, slash)) return;
    char target[4096];
    ssize_t got = readlinkat(through->fd, path, target, (size_t)atol(words[3]));
    say_result((int)got);
    if (got >= 0) say(" %.*s", (int)got, target);
  } else if (strcmp(what, "symlink") == 0) {
    if (!refused(through, path, false)) say_result(symlinkat(words[3], through->fd, path));
  } else if (strcmp(what, "stat") == 0) {
    bool follow = words[3][0] == 'l';
    if (refused(through, path, follow || slash)) return;
    struct stat found;
    say_stat(fstatat(through->fd, path, &found, follow ? 0 : AT_SYMLINK_NOFOLLOW), &found, false);
  } else if (strcmp(what, "times") == 0) {
    bool follow = words[3][0] == 'l';
    if (refused(through, path, follow || slash)) return;
    struct timespec times[2] = {time_of(words[4]), time_of(words[5])};
    int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
    int result = utimensat(through->fd, path, times, flags);
    struct stat found;
    if (result == 0) result = fstatat(through->fd, path, &found, flags);
    say_stat(result, &found, strcmp(words[4], "keep") != 0 && !S_ISLNK(found.st_mode));
  } else if (strcmp(what, "rename") == 0 || strcmp(what, "link") == 0) {
    struct slot *to = slot_of(words[3]);
    bool follow = words[5][0] == 'l';
    if (through->fd < 0) say("BADF");
    else if (!through->directory) say("NOTDIR");
    else if (to->fd < 0) say("BADF");
    else if (!to->directory) say("NOTDIR");
    else if (path[0] == '/' || words[4][0] == '/') say("NOTCAPABLE");
    else if (refused(through, path, what[0] == 'l' && (follow || slash))) return;
    else if (path[0] != '\0' && leaves(to->fd, to == &table[0], words[4], false)) {
      /* What is wrong with the first path, or with the way to it, comes before: a root is no name to rename to. */
      struct stat found;
      int result = what[0] == 'r' ? renameat(through->fd, path, through->fd, "/")
                                  : fstatat(through->fd, path, &found, follow ? 0 : AT_SYMLINK_NOFOLLOW);
      if (what[0] == 'l' && result == 0 && slash && !S_ISDIR(found.st_mode)) say("NOTDIR");
      else say("%s", result < 0 && errno != EBUSY ? name_of(errno) : "NOTCAPABLE");
    }
    else if (what[0] == 'r') say_result(renameat(through->fd, path, to->fd, words[4]));
    else say_result(linkat(through->fd, path, to->fd, words[4], follow ? AT_SYMLINK_FOLLOW : 0));
  } else if (strcmp(what, "dump") == 0) {
    dump(through->fd, "");
  } else {
    fprintf(stderr, "kernel: there is no operation %s\n", what);
    exit(2);
  }
}

static void become(const char *directory, uid_t uid, gid_t gid) {
  if (chdir(directory) < 0 || chroot(".") < 0) die(directory);
  umask(022);
  if (uid != 0 && geteuid() == 0) {
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) die("become");
  } else if (uid != 0) {
    /* The rights that came with a user namespace go. */
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capset, &header, none) < 0) die("capset");
  }
}

static void run(char **words) {
  links_from_root = strcmp(words[4], "from-root") == 0;
  become(words[1], (uid_t)atol(words[2]), (gid_t)atol(words[3]));
  for (int i = 0; i < slots; i++) table[i].fd = -1;
  table[0] = (struct slot){open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), true, true, true};
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

/* A user without rights gets those for a root directory of his own from a user namespace. */
static void enter_namespace(void) {
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (uid == 0) return;
  if (unshare(CLONE_NEWUSER) < 0) die("a user namespace");
  char map[64];
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", uid, uid);
  write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%u %u 1", gid, gid);
  write_file("/proc/self/gid_map", map);
}

int main(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  began_ns = ((int64_t)now.tv_sec - 3600) * 1000000000;
  in = stdin;
  out = stdout;
  enter_namespace();
  umask(0);
  for (char *line = next_line(); line != NULL; line = next_line()) {
    char *words[words_max];
    char *kept = strdup(line);
    split(kept, words);
    if (strcmp(words[0], "tree") == 0) {
      make_tree(words);
    } else if (strcmp(words[0], "remove") == 0) {
      remove_tree(AT_FDCWD, words[1]);
    } else if (strcmp(words[0], "run") == 0) {
      /* The operations are read here and done by a child, which answers by itself. */
      char *operations[256];
      int count = 0;
      for (char *each = next_line(); each != NULL && strcmp(each, ".\n") != 0 && count < 256; each = next_line())
        operations[count++] = strdup(each);
      fflush(out);
      pid_t child = fork();
      if (child < 0) die("fork");
      if (child == 0) {
        run(words);
        for (int i = 0; i < count; i++) {
          char *operation[words_max];
          split(operations[i], operation);
          if (strcmp(operation[0], "open") == 0) open_path(operation);
          else if (!on_descriptor(operation)) on_path(operation);
          say("\n");
        }
        fflush(out);
        _exit(0);
      }
      int status;
      if (waitpid(child, &status, 0) < 0 || status != 0) die("a child");
      while (count-- > 0) free(operations[count]);
      for (int i = 0; i < count; i++) free(operations[i]);
    } else {
      fprintf(stderr, "kernel: there is no command %s\n", words[0]);
      return 2;
    }
    free(kept);
    say(".\n");
    fflush(out);
  }
  return 0;
}
