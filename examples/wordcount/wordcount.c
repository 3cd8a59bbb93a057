/*
 * wordcount [-lwc] [FILE...]: lines, words and bytes of files, or of stdin for none or for "-".
 * Exits with 0, 1 when a file could not be read, 2 when an option is not known.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct counts {
  unsigned long long lines, words, bytes;
};

static int show_lines, show_words, show_bytes;
static char buffer[65536];

static void print(int descriptor, const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    ssize_t written = write(descriptor, text, left);
    if (written < 0) _exit(1);
    text += written;
    left -= (size_t)written;
  }
}

/* A number in seven columns, as the counts of one file stand under those of the last. */
static void print_number(unsigned long long number) {
  char text[24];
  char *at = text + sizeof text;
  *--at = 0;
  do {
    *--at = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (at > text + sizeof text - 8) *--at = ' ';
  print(STDOUT_FILENO, at);
}

static void print_counts(const struct counts *counts, const char *name) {
  const char *gap = "";
  if (show_lines) print_number(counts->lines), gap = " ";
  if (show_words) print(STDOUT_FILENO, gap), print_number(counts->words), gap = " ";
  if (show_bytes) print(STDOUT_FILENO, gap), print_number(counts->bytes);
  if (name) print(STDOUT_FILENO, " "), print(STDOUT_FILENO, name);
  print(STDOUT_FILENO, "\n");
}

static void complain(const char *about, const char *why) {
  print(STDERR_FILENO, "wordcount: ");
  print(STDERR_FILENO, about);
  print(STDERR_FILENO, ": ");
  print(STDERR_FILENO, why);
  print(STDERR_FILENO, "\n");
}

static int count(int descriptor, struct counts *counts) {
  int in_word = 0;
  for (;;) {
    ssize_t length = read(descriptor, buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return (int)length;
    counts->bytes += (unsigned long long)length;
    for (ssize_t i = 0; i < length; i++) {
      char c = buffer[i];
      int space = c == ' ' || (c >= '\t' && c <= '\r');
      counts->lines += c == '\n';
      counts->words += !space && !in_word;
      in_word = !space;
    }
  }
}

/* A file to read, or -1. What reading a directory fails with is another error on each system, so it is asked here. */
static int open_file(const char *path) {
  int descriptor = open(path, O_RDONLY);
  struct stat about;
  if (descriptor < 0 || fstat(descriptor, &about) < 0 || !S_ISDIR(about.st_mode)) return descriptor;
  close(descriptor);
  errno = EISDIR;
  return -1;
}

static const char *reason(int error) {
  switch (error) {
    case ENOENT: return "No such file or directory";
    case EISDIR: return "Is a directory";
    case EACCES: return "Permission denied";
    case ENOTDIR: return "Not a directory";
    default: return "Input/output error";
  }
}

int main(int argc, char **argv) {
  int first = 1;
  for (; first < argc && argv[first][0] == '-' && argv[first][1] != 0; first++) {
    if (strcmp(argv[first], "--") == 0) {
      first++;
      break;
    }
    for (const char *option = argv[first] + 1; *option; option++) {
      if (*option == 'l') show_lines = 1;
      else if (*option == 'w') show_words = 1;
      else if (*option == 'c') show_bytes = 1;
      else {
        complain(argv[first], "unknown option; usage: wordcount [-lwc] [FILE...]");
        return 2;
      }
    }
  }
  if (!show_lines && !show_words && !show_bytes) show_lines = show_words = show_bytes = 1;

  int status = 0;
  struct counts total = {0, 0, 0};
  if (first == argc) {
    if (count(STDIN_FILENO, &total) < 0) {
      complain("stdin", reason(errno));
      return 1;
    }
    print_counts(&total, NULL);
    return 0;
  }
  for (int i = first; i < argc; i++) {
    int is_stdin = strcmp(argv[i], "-") == 0;
    struct counts counts = {0, 0, 0};
    int descriptor = is_stdin ? STDIN_FILENO : open_file(argv[i]);
    if (descriptor < 0 || count(descriptor, &counts) < 0) {
      complain(argv[i], reason(errno));
      if (descriptor > STDIN_FILENO) close(descriptor);
      status = 1;
      continue;
    }
    if (!is_stdin) close(descriptor);
    print_counts(&counts, argv[i]);
    total.lines += counts.lines;
    total.words += counts.words;
    total.bytes += counts.bytes;
  }
  if (argc - first > 1) print_counts(&total, "total");
  return status;
}
