// Divides by zero in a function that -O2 inlines into another, which it inlines into a third.
#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))

IMPORT("proc_exit") _Noreturn void proc_exit(int code);

static volatile int count = 0;
static volatile int values[4] = {3, 5, 7, 9};

static inline int divide(int sum, int by) {
  return sum / by;
}

static inline int average(int many) {
  int sum = 0;
  for (int i = 0; i < many; i++)
    sum += values[i];
  return divide(sum, many);
}

__attribute__((noinline)) static int report(int many) {
  int mean = average(many);
  values[0] = mean;
  return mean;
}

__attribute__((export_name("four"))) void four(void) {
  count = 4;
  int code = report(count);
  proc_exit(code);
}

void _start(void) {
  int code = report(count);
  proc_exit(code);
}
