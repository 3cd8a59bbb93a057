/* Memory: two million integers, sorted in a heap. */
#include "bench.h"

enum { count = 2000000 };
static uint32_t numbers[count];

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void sink(uint32_t *heap, size_t from, size_t end) {
  for (size_t child; (child = from * 2 + 1) < end; from = child) {
    if (child + 1 < end && compare(&heap[child], &heap[child + 1]) < 0) child++;
    if (compare(&heap[from], &heap[child]) >= 0) return;
    uint32_t other = heap[from];
    heap[from] = heap[child];
    heap[child] = other;
  }
}

static uint32_t work(void) {
  for (int i = 0; i < count; i++) numbers[i] = next_random();
  for (size_t i = count / 2; i-- > 0;) sink(numbers, i, count);
  for (size_t end = count; end-- > 1;) {
    uint32_t top = numbers[0];
    numbers[0] = numbers[end];
    numbers[end] = top;
    sink(numbers, 0, end);
  }
  uint32_t sum = 0;
  for (int i = 0; i < count; i += 1000) sum = sum * 31 + numbers[i];
  return sum;
}
