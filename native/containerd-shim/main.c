// containerd-shim-wherry-v1: what containerd starts for each container. Not the shim itself: that is a process of Node
// which holds many containers, and which this finds, or starts, and asks. Linked without a C library; built by
// native/build.sh.
#include "annotation.h"
#include "hold.h"
#include "text.h"

static const char *const name = "containerd-shim-wherry-v1";
static const char *const runtime_name = "io.containerd.wherry.v1";
// What this runtime makes of an OCI bundle: runtime-spec, features.md.
static const char *const features_type = "types.containerd.io/opencontainers/runtime-spec/1/features/Features";
static const char *const features =
    "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.2.1\","
    "\"hooks\":[\"prestart\",\"createRuntime\",\"createContainer\",\"startContainer\",\"poststart\",\"poststop\"],"
    "\"mountOptions\":[\"bind\",\"rbind\",\"ro\",\"rw\"],"
    "\"linux\":{\"namespaces\":[\"ipc\",\"network\",\"uts\"],\"cgroup\":{\"v1\":true,\"v2\":true}},"
    "\"annotations\":{\"dev.wherry.runtime\":\"wasm\"}}";

enum { shims_max = 128, launch_seconds_max = 30, answer_seconds_max = 60 };

static char **environment;
static char own_folder[4096];
static char input[262144];
static size_t input_length;

struct arguments {
  const char *namespace_, *address, *id, *bundle, *command;
  int info, version;
};

void *memcpy(void *to, const void *from, size_t length) {
  char *into = to;
  const char *bytes = from;
  while (length-- > 0) *into++ = *bytes++;
  return to;
}
void *memset(void *at, int value, size_t length) {
  char *into = at;
  while (length-- > 0) *into++ = (char)value;
  return at;
}

static void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    long wrote = syscall(SYS_write, fd, bytes, length);
    if (wrote == -EINTR) continue;
    if (wrote <= 0) return;
    bytes += wrote;
    length -= (size_t)wrote;
  }
}

_Noreturn static void fail(const char *what, const char *which, long error) {
  struct text text = {.length = 0};
  add(&text, name);
  add(&text, ": ");
  add(&text, what);
  if (which != 0) {
    add(&text, " ");
    add(&text, which);
  }
  if (error < 0) {
    add(&text, " (errno ");
    add_number(&text, (uint64_t)-error);
    add(&text, ")");
  }
  add(&text, "\n");
  write_all(2, text.bytes, text.length);
  leave(1);
}

// Texts that become paths and messages are of a length that was checked.
static const char *whole(const struct text *text) {
  if (text->full) fail("a path is too long", 0, 0);
  return text->bytes;
}

static const char *variable(const char *wanted) {
  size_t length = length_of(wanted);
  for (char **each = environment; *each != 0; each++) {
    size_t i = 0;
    while (i < length && (*each)[i] == wanted[i]) i++;
    if (i == length && (*each)[i] == '=') return *each + i + 1;
  }
  return 0;
}

// Flags as Go reads them: one dash or two, the value behind `=` or as the next word.
static struct arguments parse(char **words) {
  struct arguments given = {"", "", "", "", "", 0, 0};
  for (; *words != 0 && (*words)[0] == '-'; words++) {
    const char *flag = *words + ((*words)[1] == '-' ? 2 : 1);
    struct { const char *name; const char **value; } const known[] = {
        {"namespace", &given.namespace_}, {"address", &given.address}, {"id", &given.id}, {"bundle", &given.bundle},
        {"publish-binary", 0}, {"socket", 0},
    };
    if (same(flag, "debug") || same(flag, "debug=true") || same(flag, "debug=false")) continue;
    if (same(flag, "info")) given.info = 1;
    else if (same(flag, "v") || same(flag, "version")) given.version = 1;
    else {
      size_t length = 0;
      while (flag[length] != 0 && flag[length] != '=') length++;
      size_t i = 0;
      while (i < sizeof known / sizeof *known && !same_bytes(known[i].name, flag, length)) i++;
      if (i == sizeof known / sizeof *known) fail("flag provided but not defined:", *words, 0);
      const char *value = flag + length + 1;
      if (flag[length] == 0 && (value = *++words) == 0) fail("flag needs an argument:", *(words - 1), 0);
      if (known[i].value != 0) *known[i].value = value;
    }
  }
  if (*words != 0) given.command = *words;
  return given;
}

static void read_input(void) {
  while (input_length < sizeof input) {
    long got = syscall(SYS_read, 0, input + input_length, sizeof input - input_length);
    if (got == -EINTR) continue;
    if (got <= 0) return;
    input_length += (size_t)got;
  }
}

static void find_own_folder(void) {
  long length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", own_folder, sizeof own_folder - 1);
  if (length <= 0) fail("cannot read /proc/self/exe", 0, length);
  own_folder[length] = 0;
  while (length > 0 && own_folder[length] != '/') own_folder[length--] = 0;
}

// Runs Node with what lies in the same folder; does not return.
_Noreturn static void become_node(char *const *more, size_t count) {
  static char node[4096], script[4200];
  struct text path = {.length = 0};
  add(&path, own_folder);
  add(&path, "/shim-node");
  long fd = open_file(whole(&path), O_RDONLY | O_CLOEXEC, 0);
  long length = fd < 0 ? fd : syscall(SYS_read, fd, node, sizeof node - 1);
  if (length <= 0) fail("cannot read", path.bytes, length);
  for (long i = 0; i < length; i++)
    if (node[i] == '\n') node[i] = 0;
  struct text where = {.length = 0};
  add(&where, own_folder);
  add(&where, "/shim.js");
  if (whole(&where) == 0 || where.length >= sizeof script) fail("a path is too long", 0, 0);
  memcpy(script, where.bytes, where.length + 1);
  char *words[32] = {node, "--experimental-ffi", "--no-warnings", "--max-semi-space-size=2", script};
  size_t at = 5;
  for (size_t i = 0; i < count && at < 31; i++) words[at++] = more[i];
  words[at] = 0;
  // What a user's shell has for Node would only slow it down or open it.
  static char path_variable[4096];
  const char *search = variable("PATH");
  struct text text = {.length = 0};
  add(&text, "PATH=");
  add(&text, search == 0 || length_of(search) > 4000 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" : search);
  memcpy(path_variable, text.bytes, text.length + 1);
  char *variables[] = {path_variable, 0};
  long error = syscall(SYS_execve, node, words, variables);
  fail("cannot start", node, error);
}

enum answer { answered, nobody };

// Sends words to the shim that listens at `path` and takes its answer, without the newline.
static enum answer ask(const char *path, const char *const *words, size_t count, struct text *answer) {
  struct { uint16_t family; char path[108]; } where = {AF_UNIX, {0}};
  size_t length = length_of(path);
  if (length >= sizeof where.path) fail("the path of a socket is too long:", path, 0);
  memcpy(where.path, path, length);
  long fd = syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("cannot make a socket", 0, fd);
  struct time patience = {answer_seconds_max, 0};
  syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  long error = syscall(SYS_connect, fd, &where, sizeof where);
  if (error == 0) {
    struct text request = {.length = 0};
    for (size_t i = 0; i < count; i++) add_bytes(&request, words[i], length_of(words[i]) + 1);
    whole(&request);
    write_all((int)fd, request.bytes, request.length);
    syscall(SYS_shutdown, fd, SHUT_WR);
    *answer = (struct text){.length = 0};
    for (;;) {
      char bytes[1024];
      long got = syscall(SYS_read, fd, bytes, sizeof bytes);
      if (got == -EINTR) continue;
      if (got <= 0) break;
      add_bytes(answer, bytes, (size_t)got);
    }
  }
  close_file(fd);
  // One that is on its way out closes without a word.
  if (error != 0 || answer->length == 0 || answer->bytes[answer->length - 1] != '\n') return nobody;
  answer->bytes[--answer->length] = 0;
  return answered;
}

// Makes a folder and those above it that are ours.
static void make_folder(const char *path) {
  char part[4096];
  size_t length = length_of(path);
  if (length >= sizeof part) fail("a path is too long:", path, 0);
  for (size_t i = 1; i <= length; i++) {
    if (path[i] != '/' && path[i] != 0) continue;
    memcpy(part, path, i);
    part[i] = 0;
    long error = syscall(SYS_mkdirat, AT_FDCWD, part, 0700);
    struct file_status status;
    if (error != 0 && error != -EEXIST && status_of(part, &status) != 0) fail("cannot make", part, error);
  }
}

// Where the shims are that serve this containerd, this namespace and this pod.
static void group_folder(struct text *to, const struct arguments *given, const char *pod) {
  const char *state = variable("WHERRY_STATE");
  const char *runtime = variable("XDG_RUNTIME_DIR");
  long user = syscall(SYS_getuid);
  if (state != 0) add(to, state);
  else if (user == 0) add(to, "/run/wherry");
  else if (runtime != 0) {
    add(to, runtime);
    add(to, "/wherry");
  } else {
    add(to, "/tmp/wherry-");
    add_number(to, (uint64_t)user);
  }
  add(to, "/containerd/");
  // FNV-1a: a name that is short enough for the path of a socket. The shim itself compares what it stands for.
  uint64_t hash = 0xcbf29ce484222325;
  const char *const parts[] = {given->address, given->namespace_, pod};
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j <= length_of(parts[i]); j++) hash = (hash ^ (uint8_t)parts[i][j]) * 0x100000001b3;
  add_hex(to, hash);
}

// The lock of a group, which its last shim may take away while we wait for it.
static long lock_group(const char *folder) {
  struct text path = {.length = 0};
  add(&path, folder);
  add(&path, "/lock");
  whole(&path);
  for (;;) {
    make_folder(folder);
    long fd = open_file(path.bytes, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd == -ENOENT) continue;
    if (fd < 0) fail("cannot open", path.bytes, fd);
    long error;
    do error = syscall(SYS_flock, fd, LOCK_EX);
    while (error == -EINTR);
    if (error != 0) fail("cannot lock", path.bytes, error);
    struct file_status locked, named;
    struct text own = {.length = 0};
    add(&own, "/proc/self/fd/");
    add_number(&own, (uint64_t)fd);
    if (status_of(own.bytes, &locked) == 0 && status_of(path.bytes, &named) == 0 && locked.inode == named.inode &&
        locked.device == named.device)
      return fd;
    close_file(fd);
  }
}

// Starts a shim in `folder`; comes back when it serves.
static void launch(const char *folder, const struct arguments *given, const char *pod) {
  int ends[2];
  make_folder(folder);
  struct text log = {.length = 0};
  add(&log, folder);
  add(&log, "/shim.log");
  whole(&log);
  long error = syscall(SYS_pipe2, ends, O_CLOEXEC);
  if (error != 0) fail("cannot make a pipe", 0, error);
  long child = fork_process();
  if (child < 0) fail("cannot fork", 0, child);
  if (child == 0) {
    syscall(SYS_setsid);
    syscall(SYS_chdir, "/");
    long nothing = open_file("/dev/null", O_RDWR, 0);
    long words = open_file(log.bytes, O_WRONLY | O_CREAT | O_APPEND, 0600);
    syscall(SYS_dup3, nothing, 0, 0);
    syscall(SYS_dup3, ends[1], 1, 0);
    syscall(SYS_dup3, words < 0 ? nothing : words, 2, 0);
    for (long fd = 3; fd < 1024; fd++) close_file(fd);
    static char guest[4200];
    struct text path = {.length = 0};
    add(&path, own_folder);
    add(&path, "/guest.js");
    if (path.length >= sizeof guest) leave(1);
    memcpy(guest, path.bytes, path.length + 1);
    char *const more[] = {"--containerd", (char *)given->address, "--id", "containerd", "--namespace",
                          (char *)given->namespace_, "--pod", (char *)pod, "--folder", (char *)folder, "--guest", guest};
    become_node(more, sizeof more / sizeof *more);
  }
  close_file(ends[1]);
  struct { int fd; short events, found; } wait = {ends[0], 1, 0};
  struct time patience = {launch_seconds_max, 0};
  long ready = syscall(SYS_ppoll, &wait, 1, &patience, 0, 0);
  char byte = 0;
  if (ready != 1 || syscall(SYS_read, ends[0], &byte, 1) != 1) {
    syscall(SYS_kill, child, SIGKILL);
    fail("the shim did not start; its log is", log.bytes, 0);
  }
  close_file(ends[0]);
}

// Finds a shim that has room for the container, and gives its address. `may_launch`: the group is locked.
static int find_shim(const char *folder, const struct arguments *given, const char *pod, const char *events,
                     int may_launch, struct text *address) {
  char cwd[4096];
  const char *bundle = given->bundle;
  if (bundle[0] == 0) {
    long length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", cwd, sizeof cwd - 1);
    if (length <= 0) fail("cannot read the working directory", 0, length);
    cwd[length] = 0;
    bundle = cwd;
  }
  const char *const words[] = {"start", given->id, bundle, events, given->address, given->namespace_, pod};
  for (int again = 0; again < 2; again++) {
    long free = -1;
    for (long number = 0; number < shims_max; number++) {
      struct text path = {.length = 0};
      add(&path, folder);
      add(&path, "/");
      add_number(&path, (uint64_t)number);
      size_t folder_length = path.length;
      add(&path, "/door.sock");
      struct text answer = {.length = 0};
      struct file_status status;
      if (status_of(whole(&path), &status) != 0 || ask(path.bytes, words, sizeof words / sizeof *words, &answer) == nobody) {
        if (free < 0) free = number;
        continue;
      }
      if (same(answer.bytes, "full")) continue;
      if (answer.length < 3 || !same_bytes("ok ", answer.bytes, 3)) fail(answer.bytes, 0, 0);
      add_bytes(address, answer.bytes + 3, answer.length - 3);
      (void)folder_length;
      return 1;
    }
    if (!may_launch) return 0;
    if (free < 0) fail("there are too many shims in", folder, 0);
    struct text place = {.length = 0};
    add(&place, folder);
    add(&place, "/");
    add_number(&place, (uint64_t)free);
    launch(whole(&place), given, pod);
  }
  fail("the shim that was started does not answer in", folder, 0);
}

// containerd before 1.7 looks for the address in this file when it starts again, and so does our own `delete`.
static void write_address(const char *address) {
  long fd = open_file(".address", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail("cannot write the address into the bundle", 0, fd);
  write_all((int)fd, address, length_of(address));
  close_file(fd);
  long error = syscall(SYS_renameat, AT_FDCWD, ".address", AT_FDCWD, "address");
  if (error != 0) fail("cannot write the address into the bundle", 0, error);
}

_Noreturn static void start(const struct arguments *given) {
  // Parameters of a containerd from 2.3 on, or options of the runtime: only the first say who is to be started.
  struct slice whole_input = {input, input_length}, first, second, events_field;
  int has_parameters = field_of(whole_input, 1, &first) && field_of(whole_input, 2, &second) &&
                       same_bytes(given->id, first.bytes, first.length) && first.length > 0 &&
                       same_bytes(given->namespace_, second.bytes, second.length);
  static char events[4096];
  const char *variable_events = variable("TTRPC_ADDRESS");
  if (variable_events != 0 && length_of(variable_events) < sizeof events)
    memcpy(events, variable_events, length_of(variable_events) + 1);
  if (has_parameters && field_of(whole_input, 5, &events_field) && events_field.length > 0 &&
      events_field.length < sizeof events) {
    memcpy(events, events_field.bytes, events_field.length);
    events[events_field.length] = 0;
  }
  if (given->bundle[0] != 0) syscall(SYS_chdir, given->bundle);
  static char pod[256];
  annotation_of("config.json", "io.kubernetes.cri.sandbox-id", pod, sizeof pod);
  struct text folder = {.length = 0}, address = {.length = 0};
  group_folder(&folder, given, pod);
  if (!find_shim(whole(&folder), given, pod, events, 0, &address)) {
    long lock = lock_group(folder.bytes);
    find_shim(folder.bytes, given, pod, events, 1, &address);
    close_file(lock);
  }
  write_address(whole(&address));
  struct text answer = {.length = 0};
  if (has_parameters) {
    add_count(&answer, 1, 3);
    add_text_field(&answer, 2, address.bytes);
    add_text_field(&answer, 3, "ttrpc");
  } else if (variable("MAX_SHIM_VERSION") != 0) {
    add(&answer, "{\"version\":2,\"address\":\"");
    add(&answer, address.bytes);
    add(&answer, "\",\"protocol\":\"ttrpc\"}");
  } else add(&answer, address.bytes);
  write_all(1, whole(&answer), answer.length);
  leave(0);
}

static uint64_t number_in(const char **text) {
  uint64_t number = 0;
  while (**text == ' ') (*text)++;
  while (**text >= '0' && **text <= '9') number = number * 10 + (uint64_t)(*(*text)++ - '0');
  return number;
}

// Asks the shim of a container to forget it, or clears up after one that has died; answers how the container ended.
_Noreturn static void delete(const struct arguments *given) {
  struct time now = {0, 0};
  uint64_t pid = 0, status = 137, seconds, nanoseconds;
  static char address[256];
  syscall(SYS_clock_gettime, 0, &now);
  seconds = (uint64_t)now.seconds;
  nanoseconds = (uint64_t)now.nanoseconds;
  if (given->bundle[0] != 0) syscall(SYS_chdir, given->bundle);
  long fd = open_file("address", O_RDONLY | O_CLOEXEC, 0);
  long length = fd < 0 ? 0 : syscall(SYS_read, fd, address, sizeof address - 1);
  if (length > 7) {
    while (length > 0 && address[length - 1] != '/') address[--length] = 0;
    struct text path = {.length = 0}, answer = {.length = 0};
    add(&path, address + 7);
    add(&path, "door.sock");
    const char *const words[] = {"forget", given->id};
    struct file_status left;
    if (ask(whole(&path), words, 2, &answer) == answered) {
      const char *at = answer.bytes + 3;
      if (answer.length > 3 && same_bytes("ok ", answer.bytes, 3)) {
        pid = number_in(&at);
        status = number_in(&at);
        uint64_t ended = number_in(&at);
        if (ended != 0) {
          seconds = ended;
          nanoseconds = number_in(&at);
        }
      }
    } else if (status_of("wherry.json", &left) == 0) {
      long child = fork_process();
      if (child == 0) {
        static char cwd[4096];
        long size = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", cwd, sizeof cwd - 1);
        if (size <= 0) leave(1);
        cwd[size] = 0;
        syscall(SYS_dup3, 2, 1, 0);
        char *const more[] = {"--clean", cwd, "--id", (char *)given->id, "--namespace", (char *)given->namespace_};
        become_node(more, sizeof more / sizeof *more);
      }
      if (child > 0) syscall(SYS_wait4, child, 0, 0, 0);
    }
  }
  struct text at = {.length = 0}, answer = {.length = 0};
  add_count(&at, 1, seconds);
  add_count(&at, 2, nanoseconds);
  add_count(&answer, 1, pid);
  add_count(&answer, 2, status);
  add_field(&answer, 3, at.bytes, at.length);
  write_all(1, answer.bytes, answer.length);
  leave(0);
}

_Noreturn static void tell_version(void) {
  struct text text = {.length = 0};
  add(&text, name);
  add(&text, ":\n  Version:  " WHERRY_VERSION "\n");
  write_all(1, text.bytes, text.length);
  leave(0);
}

_Noreturn static void tell_info(void) {
  struct text version = {.length = 0}, any = {.length = 0}, info = {.length = 0};
  add_text_field(&version, 1, WHERRY_VERSION);
  add_text_field(&any, 1, features_type);
  add_text_field(&any, 2, features);
  add_text_field(&info, 1, runtime_name);
  add_field(&info, 2, version.bytes, version.length);
  // The options are given back as they came.
  struct slice type;
  if (field_of((struct slice){input, input_length}, 1, &type) && input_length < 4096) add_field(&info, 3, input, input_length);
  add_field(&info, 4, any.bytes, any.length);
  write_all(1, whole(&info), info.length);
  leave(0);
}

_Noreturn __attribute__((used)) void begin(long *stack) {
  long count = stack[0];
  char **words = (char **)(stack + 1);
  environment = words + count + 1;
  if (count > 1 && same(words[1], "hold")) hold(words + 2);
  if (count > 2 && same(words[1], "enter")) enter(words + 2, environment);
  struct arguments given = parse(words + 1);
  if (given.version) tell_version();
  read_input();
  if (given.info) tell_info();
  find_own_folder();
  if (given.namespace_[0] == 0) fail("shim namespace cannot be empty", 0, 0);
  if (given.id[0] == 0) fail("-id is needed", 0, 0);
  if (same(given.command, "start")) start(&given);
  if (same(given.command, "delete")) delete(&given);
  fail("start or delete is needed, not", given.command, 0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call begin\n");
#else
__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  bl begin\n");
#endif
