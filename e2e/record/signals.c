/*
 * Linked into the programs that are recorded. Linux discards a signal that is not handled by the first process of a
 * container, so that such a program outlives `docker stop`; one that gives signals their usual effect does not, and that
 * is what a container of ours does without help.
 */
#include <signal.h>
#include <unistd.h>

static void end(int number) {
  _exit(128 + number);
}

__attribute__((constructor)) static void obey_signals(void) {
  int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGUSR1, SIGUSR2};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], end);
}
