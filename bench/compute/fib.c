/* Calls: the Fibonacci number of 37, by recursion. */
#include "bench.h"

static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static uint32_t work(void) { return fib(37); }
