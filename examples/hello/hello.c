#include <unistd.h>

int main(void) {
  static const char text[] = "Hello from WebAssembly!\n";
  return write(STDOUT_FILENO, text, sizeof text - 1) == (ssize_t)(sizeof text - 1) ? 0 : 1;
}
