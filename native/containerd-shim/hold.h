// A process that does nothing but stand for a container: its pid has the container's namespaces.
#ifndef WHERRY_HOLD_H
#define WHERRY_HOLD_H
#include "text.h"

static const struct { const char *name; int flag; } namespaces[] = {
    {"ipc", CLONE_NEWIPC}, {"network", CLONE_NEWNET}, {"uts", CLONE_NEWUTS},
};

_Noreturn static void cannot_hold(const char *what) {
  syscall(SYS_write, 1, what, length_of(what));
  leave(1);
}

// As a runtime does in a network that is new.
static void raise_loopback(void) {
  struct { char name[16]; short flags; char rest[22]; } request = {"lo", 0x41, {0}};
  long fd = syscall(SYS_socket, 2, 2 | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  syscall(SYS_ioctl, fd, 0x8914, &request);
  close_file(fd);
}

// hold NAMESPACE[=PATH]...: enters each by its path, or leaves the one it is in for a new one, says `ready`, and waits
// for SIGTERM or SIGINT, or until its shim ends.
_Noreturn static void hold(char **words) {
  syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  for (; *words != 0; words++) {
    size_t length = 0, i = 0;
    while ((*words)[length] != 0 && (*words)[length] != '=') length++;
    while (i < 3 && !same_bytes(namespaces[i].name, *words, length)) i++;
    if (i == 3) cannot_hold("no such namespace\n");
    if ((*words)[length] == 0) {
      if (syscall(SYS_unshare, namespaces[i].flag) != 0) cannot_hold("cannot make a namespace\n");
      if (namespaces[i].flag == CLONE_NEWNET) raise_loopback();
      continue;
    }
    long fd = open_file(*words + length + 1, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) cannot_hold("no such file or directory\n");
    if (syscall(SYS_setns, fd, namespaces[i].flag) != 0) cannot_hold("it is no namespace of this kind\n");
    close_file(fd);
  }
  // Whoever started us may have gone before it could be noticed.
  if (syscall(SYS_getppid) == 1) leave(1);
  uint64_t signals = 1ull << (SIGTERM - 1) | 1ull << (SIGINT - 1);
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &signals, 0, sizeof signals);
  syscall(SYS_write, 1, "ready\n", 6);
  close_file(0);
  close_file(1);
  close_file(2);
  syscall(SYS_chdir, "/");
  for (;;)
    if (syscall(SYS_rt_sigtimedwait, &signals, 0, 0, sizeof signals) > 0) leave(0);
}

// enter PID PROGRAM ARGUMENT...: becomes a program in the namespaces of a process; the first argument is its name.
_Noreturn static void enter(char **words, char **variables) {
  for (size_t i = 0; i < 3; i++) {
    static const char *const files[] = {"/ns/ipc", "/ns/net", "/ns/uts"};
    struct text path = {.length = 0};
    add(&path, "/proc/");
    add(&path, words[0]);
    add(&path, files[i]);
    long fd = open_file(path.bytes, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 || syscall(SYS_setns, fd, namespaces[i].flag) != 0) leave(126);
    close_file(fd);
  }
  if (words[1] != 0) syscall(SYS_execve, words[1], words + 2, variables);
  leave(127);
}
#endif
