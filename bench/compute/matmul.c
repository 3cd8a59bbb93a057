/* Vectors: the product of two matrices of 512 x 512 floats. */
#include "bench.h"

enum { size = 512 };
static float a[size][size], b[size][size], c[size][size];

static uint32_t work(void) {
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      a[i][j] = (next_random() & 255) / 16.0f;
      b[i][j] = (next_random() & 255) / 16.0f;
      c[i][j] = 0;
    }
  for (int i = 0; i < size; i++)
    for (int n = 0; n < size; n++) {
      float one = a[i][n];
      for (int j = 0; j < size; j++) c[i][j] += one * b[n][j];
    }
  float sum = 0;
  for (int i = 0; i < size; i++) sum += c[i][i];
  return (uint32_t)sum;
}
