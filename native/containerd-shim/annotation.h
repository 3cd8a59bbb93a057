// One annotation of a bundle's config.json.
#ifndef WHERRY_ANNOTATION_H
#define WHERRY_ANNOTATION_H
#include "text.h"

enum { json_depth_max = 64 };

struct json {
  const char *at, *end;
};

static inline int skip_spaces(struct json *json) {
  while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
    json->at++;
  return json->at < json->end;
}

static inline int take(struct json *json, char wanted) {
  if (!skip_spaces(json) || *json->at != wanted) return 0;
  json->at++;
  return 1;
}

// Reads a string into `into`, or past it when that is 0. An escape of what is no plain letter becomes a question mark:
// neither the name that is looked for nor an id has one.
static inline int take_string(struct json *json, char *into, size_t size) {
  if (!take(json, '"')) return 0;
  size_t length = 0;
  while (json->at < json->end && *json->at != '"') {
    char byte = *json->at++;
    if (byte == '\\') {
      if (json->at == json->end) return 0;
      byte = *json->at++;
      if (byte != '"' && byte != '\\' && byte != '/') byte = '?';
    }
    if (into != 0 && length + 1 < size) into[length++] = byte;
  }
  if (into != 0) into[length] = 0;
  return take(json, '"');
}

static inline int skip_value(struct json *json, int depth) {
  if (depth > json_depth_max || !skip_spaces(json)) return 0;
  char first = *json->at;
  if (first == '"') return take_string(json, 0, 0);
  if (first == '{' || first == '[') {
    char last = first == '{' ? '}' : ']';
    json->at++;
    if (take(json, last)) return 1;
    do {
      if (first == '{' && (!take_string(json, 0, 0) || !take(json, ':'))) return 0;
      if (!skip_value(json, depth + 1)) return 0;
    } while (take(json, ','));
    return take(json, last);
  }
  const char *from = json->at;
  while (json->at < json->end && *json->at != ',' && *json->at != '}' && *json->at != ']') json->at++;
  return json->at > from;
}

// Goes to the value of `name` in the object that comes next.
static inline int find_member(struct json *json, const char *name) {
  char found[256];
  if (!take(json, '{')) return 0;
  if (take(json, '}')) return 0;
  do {
    if (!take_string(json, found, sizeof found) || !take(json, ':')) return 0;
    if (same(found, name)) return 1;
    if (!skip_value(json, 0)) return 0;
  } while (take(json, ','));
  return 0;
}

// The annotation `name` of the config.json at `path`; empty when there is none.
static inline void annotation_of(const char *path, const char *name, char *into, size_t size) {
  into[0] = 0;
  long fd = open_file(path, O_RDONLY | O_CLOEXEC, 0);
  struct file_status status;
  if (fd < 0) return;
  if (status_of(path, &status) == 0 && status.size > 0 && status.size < (64 << 20)) {
    long mapped = syscall(SYS_mmap, 0, status.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped > 0 || mapped < -4095) {
      struct json json = {(const char *)mapped, (const char *)mapped + status.size};
      if (!find_member(&json, "annotations") || !find_member(&json, name) || !take_string(&json, into, size)) into[0] = 0;
      syscall(SYS_munmap, mapped, status.size);
    }
  }
  close_file(fd);
}
#endif
