/* Prints the time once a second until it is stopped: HH:MM:SS in UTC, which is what a guest's clock knows. */
#include <time.h>
#include <unistd.h>

static void two_digits(char *to, long number) {
  to[0] = (char)('0' + number / 10);
  to[1] = (char)('0' + number % 10);
}

int main(void) {
  for (;;) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return 1;
    long second = (long)(now.tv_sec % 86400);
    char line[] = "00:00:00\n";
    two_digits(line, second / 3600);
    two_digits(line + 3, second / 60 % 60);
    two_digits(line + 6, second % 60);
    if (write(STDOUT_FILENO, line, sizeof line - 1) < 0) return 1;

    /* To the next whole second, so that no second is printed twice or left out. */
    struct timespec rest = {0, 1000000000L - now.tv_nsec};
    nanosleep(&rest, NULL);
  }
}
