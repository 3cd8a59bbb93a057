/* ticker RATE COUNT CODE: prints the numbers 1 to COUNT, a line each, RATE of them a second, and ends with CODE. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int print(long number) {
  char line[24];
  char *start = line + sizeof line;
  *--start = '\n';
  do *--start = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  size_t length = (size_t)(line + sizeof line - start);
  return write(STDOUT_FILENO, start, length) == (ssize_t)length;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  long rate = atol(argv[1]), count = atol(argv[2]);
  /* Between one and a hundred milliseconds; whatever came due meanwhile is printed at once. */
  long pause_ns = rate < 10 ? 100000000 : rate > 1000 ? 1000000 : 1000000000 / rate;
  long long began = now_ns();
  for (long printed = 0; printed < count;) {
    long due = (long)((now_ns() - began) * rate / 1000000000LL);
    for (; printed < due && printed < count; printed++)
      if (!print(printed + 1)) return 3;
    struct timespec pause = {0, pause_ns};
    nanosleep(&pause, NULL);
  }
  return atoi(argv[3]);
}
