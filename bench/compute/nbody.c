/* Doubles: five bodies that pull at each other, a million steps. */
#include "bench.h"
#include <math.h>

struct body { double at[3], speed[3], mass; };

static uint32_t work(void) {
  struct body bodies[5];
  for (int i = 0; i < 5; i++) {
    bodies[i].mass = 1.0 / (i * i + 1);
    for (int k = 0; k < 3; k++) {
      bodies[i].at[k] = (i + 1) * (k + 1.5);
      bodies[i].speed[k] = 0.1 * (k - i);
    }
  }
  for (int step = 0; step < 1000000; step++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double apart[3], squared = 1e-3;
        for (int k = 0; k < 3; k++) {
          apart[k] = bodies[i].at[k] - bodies[j].at[k];
          squared += apart[k] * apart[k];
        }
        double pull = 1e-4 / (squared * sqrt(squared));
        for (int k = 0; k < 3; k++) {
          bodies[i].speed[k] -= apart[k] * bodies[j].mass * pull;
          bodies[j].speed[k] += apart[k] * bodies[i].mass * pull;
        }
      }
    for (int i = 0; i < 5; i++)
      for (int k = 0; k < 3; k++) bodies[i].at[k] += 1e-4 * bodies[i].speed[k];
  }
  return (uint32_t)(int32_t)(bodies[0].at[0] * 1e6);
}
