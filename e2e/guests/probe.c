/*
 * probe VERB [ARGUMENT...]: does one thing that a container shows from outside. Without a verb, or with one it does not
 * know, it says so and ends with 2.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int complain(const char *about) {
  fprintf(stderr, "probe: %s: %s\n", about, strerror(errno));
  return 1;
}

static void pause_ms(long ms) {
  struct timespec rest = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&rest, NULL);
}

/* Each argument in brackets, so that spaces are seen. */
static int args(int count, char **arguments) {
  for (int i = 0; i < count; i++) printf("[%s]\n", arguments[i]);
  return 0;
}

/* All variables, or those named: NAME=value, or NAME alone when it is not set. */
static int env(int count, char **names) {
  if (count == 0)
    for (char **variable = environ; *variable; variable++) puts(*variable);
  for (int i = 0; i < count; i++) {
    const char *value = getenv(names[i]);
    if (value) printf("%s=%s\n", names[i], value);
    else puts(names[i]);
  }
  return 0;
}

static int copy(int from) {
  static char buffer[65536];
  for (;;) {
    ssize_t length = read(from, buffer, sizeof buffer);
    if (length <= 0) return (int)length;
    for (ssize_t done = 0; done < length;) {
      ssize_t written = write(STDOUT_FILENO, buffer + done, (size_t)(length - done));
      if (written < 0) return -1;
      done += written;
    }
  }
}

static int cat(int count, char **files) {
  int status = 0;
  if (count == 0) return copy(STDIN_FILENO) == 0 ? 0 : complain("stdin");
  for (int i = 0; i < count; i++) {
    int file = open(files[i], O_RDONLY);
    if (file < 0 || copy(file) < 0) status = complain(files[i]);
    if (file >= 0) close(file);
  }
  return status;
}

/* write FILE TEXT: the file holds the text and nothing else. */
static int write_file(int count, char **arguments) {
  if (count != 2) return 2;
  FILE *file = fopen(arguments[0], "w");
  if (!file || fprintf(file, "%s\n", arguments[1]) < 0 || fclose(file) != 0) return complain(arguments[0]);
  return 0;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in order, directories with a slash. */
static int ls(const char *path) {
  static char *names[4096];
  size_t count = 0;
  DIR *folder = opendir(path);
  if (!folder) return complain(path);
  for (struct dirent *entry; (entry = readdir(folder)) && count < sizeof names / sizeof *names;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char *name = malloc(strlen(entry->d_name) + 2);
    if (!name) return 1;
    sprintf(name, "%s%s", entry->d_name, entry->d_type == DT_DIR ? "/" : "");
    names[count++] = name;
  }
  closedir(folder);
  qsort(names, count, sizeof *names, by_name);
  for (size_t i = 0; i < count; i++) puts(names[i]);
  return 0;
}

/* One line of stdin, then it asks for no more. */
static int line(void) {
  char text[256];
  if (!fgets(text, sizeof text, stdin)) return 1;
  text[strcspn(text, "\r\n")] = 0;
  printf("got %s\n", text);
  return 0;
}

/* count N MS [CODE]: the numbers 1 to N with a pause after each, then the exit code. */
static int count_up(int count, char **arguments) {
  if (count < 2) return 2;
  for (int i = 1; i <= atoi(arguments[0]); i++) {
    printf("%d\n", i);
    fflush(stdout);
    pause_ms(atol(arguments[1]));
  }
  return count > 2 ? atoi(arguments[2]) : 0;
}

/* Says that it runs, and goes on until somebody ends it. */
static _Noreturn void stay(void) {
  puts("ready");
  fflush(stdout);
  for (;;) pause_ms(60000);
}

static int ttys(void) {
  for (int descriptor = 0; descriptor < 3; descriptor++) puts(isatty(descriptor) ? "a tty" : "not a tty");
  return 0;
}

/* fill MB: touches so much memory. */
static int fill(const char *megabytes) {
  size_t size = strtoul(megabytes, NULL, 10) << 20;
  char *memory = malloc(size);
  if (!memory) {
    puts("no memory");
    return 1;
  }
  for (size_t at = 0; at < size; at += 4096) memory[at] = (char)(at >> 12);
  printf("%d MB\n", (int)(size >> 20) + memory[4096] - 1);
  free(memory);
  return 0;
}

int main(int argc, char **argv) {
  const char *verb = argc > 1 ? argv[1] : "";
  int count = argc > 2 ? argc - 2 : 0;
  char **rest = argv + 2;

  if (strcmp(verb, "args") == 0) return args(count, rest);
  if (strcmp(verb, "self") == 0) return puts(argv[0]) < 0;
  if (strcmp(verb, "env") == 0) return env(count, rest);
  if (strcmp(verb, "cat") == 0) return cat(count, rest);
  if (strcmp(verb, "line") == 0) return line();
  if (strcmp(verb, "write") == 0) return write_file(count, rest);
  if (strcmp(verb, "ls") == 0) return ls(count ? rest[0] : ".");
  if (strcmp(verb, "mkdir") == 0 && count) return mkdir(rest[0], 0755) == 0 ? 0 : complain(rest[0]);
  if (strcmp(verb, "unlink") == 0 && count) return unlink(rest[0]) == 0 ? 0 : complain(rest[0]);
  if (strcmp(verb, "count") == 0) return count_up(count, rest);
  if (strcmp(verb, "stay") == 0) stay();
  if (strcmp(verb, "ttys") == 0) return ttys();
  if (strcmp(verb, "fill") == 0 && count) return fill(rest[0]);
  if (strcmp(verb, "exit") == 0) return count ? atoi(rest[0]) : 0;
  if (strcmp(verb, "abort") == 0) abort();
  if (strcmp(verb, "both") == 0) {
    puts("to stdout");
    fflush(stdout);
    fputs("to stderr\n", stderr);
    return 0;
  }
  fprintf(stderr, "probe: no such verb: %s\n", verb);
  return 2;
}
