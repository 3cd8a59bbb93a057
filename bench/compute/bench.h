/* Runs `work` so many times (the first argument, 5 without) and prints a line for each: milliseconds, checksum. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t work(void);

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/* A sequence that is the same everywhere. */
static uint32_t state = 1;
static uint32_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

int main(int argc, char **argv) {
  int times = argc > 1 ? atoi(argv[1]) : 5;
  for (int i = 0; i < times; i++) {
    state = 1;
    double from = now_ms();
    uint32_t sum = work();
    printf("%.3f %u\n", now_ms() - from, sum);
    fflush(stdout);
  }
  return 0;
}
