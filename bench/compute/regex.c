/* Recursion over text: a matcher of . * + ? and classes, looking for words in 4 MB. */
#include "bench.h"

enum { length = 4 << 20 };
static char text[length + 1];

/* Whether `c` is what the pattern has at `p`; `*end` is behind that. */
static int one(const char *p, const char **end, char c) {
  if (*p != '[') {
    *end = p + 1;
    return c != 0 && ((*p == '.' && c != 10) || *p == c);
  }
  int found = 0;
  for (p++; *p != ']'; p++)
    if (p[1] == '-') {
      found |= c >= p[0] && c <= p[2];
      p += 2;
    } else found |= c == *p;
  *end = p + 1;
  return found;
}

static const char *match(const char *p, const char *at) {
  if (*p == 0) return at;
  const char *next;
  int here = one(p, &next, *at);
  if (*next == '?') {
    const char *end = here ? match(next + 1, at + 1) : NULL;
    return end ? end : match(next + 1, at);
  }
  if (*next == '*' || *next == '+') {
    int count = 0;
    while (one(p, &next, at[count])) count++;
    for (int least = *next == '+'; count >= least; count--) {
      const char *end = match(next + 1, at + count);
      if (end) return end;
    }
    return NULL;
  }
  return here ? match(next, at + 1) : NULL;
}

static uint32_t work(void) {
  static const char *patterns[4] = {"[a-f]+[0-9]?x", "w.*y[a-c]z", "[a-z]+[0-9][0-9]+q", "ab?c*d+"};
  for (int i = 0; i < length; i++) {
    uint32_t r = next_random() % 40;
    text[i] = r < 26 ? (char)(97 + r) : r < 34 ? (char)(48 + (r & 7)) : (char)10;
  }
  uint32_t found = 0;
  for (int p = 0; p < 4; p++)
    for (const char *at = text; *at; at++) {
      if (p == 1 && *at != 'w') continue;
      const char *end = match(patterns[p], at);
      if (end) found += end - at;
    }
  return found;
}
