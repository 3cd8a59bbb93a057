/* Branches: a JSON document of some 10 MB, written and read by descent. */
#include "bench.h"

static char document[16 << 20];
static const char *at;
static uint32_t strings, numbers;

static size_t write_value(size_t out, int depth) {
  if (depth == 0) {
    int is_text = next_random() & 1;
    unsigned value = next_random() & 0xffff;
    return out + (is_text ? sprintf(document + out, "\"text \\n %u\"", value) : sprintf(document + out, "%u.5", value));
  }
  int list = next_random() & 1;
  document[out++] = list ? '[' : '{';
  for (int i = 0; i < 6; i++) {
    if (i > 0) document[out++] = ',';
    if (!list) out += sprintf(document + out, "\"name%d\":", i);
    out = write_value(out, depth - 1);
  }
  document[out++] = list ? ']' : '}';
  return out;
}

static void read_string(void) {
  for (at++; *at != '"'; at++)
    if (*at == '\\') at++;
    else strings += *at;
  at++;
}

static void read_value(void) {
  if (*at == '"') read_string();
  else if (*at == '[' || *at == '{') {
    int list = *at == '[';
    do {
      at++;
      if (!list) {
        read_string();
        at++;
      }
      read_value();
    } while (*at == ',');
    at++;
  } else {
    double value = 0, part = 1;
    for (; *at >= '0' && *at <= '9'; at++) value = value * 10 + (*at - '0');
    if (*at == '.')
      for (at++; *at >= '0' && *at <= '9'; at++) value += (*at - '0') * (part /= 10);
    numbers += (uint32_t)(value * 2);
  }
}

static uint32_t work(void) {
  strings = numbers = 0;
  document[write_value(0, 7)] = 0;
  for (int i = 0; i < 4; i++) {
    at = document;
    read_value();
  }
  return strings ^ numbers;
}
