/* Doubles in a tight loop: the Mandelbrot set, 1200 x 800 points, 200 steps. */
#include "bench.h"

static uint32_t work(void) {
  uint32_t steps = 0;
  for (int row = 0; row < 800; row++)
    for (int column = 0; column < 1200; column++) {
      double cr = column / 400.0 - 2, ci = row / 400.0 - 1, r = 0, i = 0;
      for (int n = 0; n < 200 && r * r + i * i < 4; n++, steps++) {
        double next = r * r - i * i + cr;
        i = 2 * r * i + ci;
        r = next;
      }
    }
  return steps;
}
