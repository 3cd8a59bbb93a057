/* Bytes and tables: text compressed by repeats (a hash of four bytes finds them) and back, 16 MB. */
#include "bench.h"

enum { length = 16 << 20, slots = 1 << 16 };
static uint8_t text[length], packed[length * 2], again[length];
static int32_t last[slots];

static size_t pack(void) {
  size_t out = 0;
  memset(last, 255, sizeof last);
  for (size_t at = 0; at < length;) {
    size_t same = 0, back = 0;
    if (at + 4 <= length) {
      uint32_t four;
      memcpy(&four, text + at, 4);
      int32_t *slot = &last[four * 2654435761u >> 16];
      if (*slot >= 0 && at - *slot < 65536) {
        back = at - *slot;
        while (same < 255 && at + same < length && text[*slot + same] == text[at + same]) same++;
      }
      *slot = at;
    }
    if (same >= 4) {
      packed[out++] = same;
      packed[out++] = back;
      packed[out++] = back >> 8;
      at += same;
    } else {
      packed[out++] = 0;
      packed[out++] = text[at++];
    }
  }
  return out;
}

static uint32_t work(void) {
  static const char *words[8] = {"the ", "boat ", "carries ", "goods ", "across ", "a ", "river ", "and "};
  for (size_t at = 0; at < length;)
    for (const char *word = words[next_random() & 7]; *word && at < length; word++) text[at++] = *word;
  size_t bytes = pack(), out = 0;
  for (size_t at = 0; at < bytes;) {
    size_t same = packed[at++];
    if (same == 0) again[out++] = packed[at++];
    else {
      size_t back = packed[at] | packed[at + 1] << 8;
      at += 2;
      for (; same > 0; same--, out++) again[out] = again[out - back];
    }
  }
  return memcmp(text, again, length) == 0 ? bytes : 0;
}
