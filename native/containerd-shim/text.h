// Bytes that are put together: text, and the few protobuf messages that the shim's binary reads and writes.
#ifndef WHERRY_TEXT_H
#define WHERRY_TEXT_H
#include "system.h"

// Whoever fills one up is told by `full`; nothing is ever written behind its end.
struct text {
  char bytes[8192];
  size_t length;
  int full;
};

static inline void add_bytes(struct text *to, const void *bytes, size_t length) {
  if (length >= sizeof to->bytes - to->length) {
    to->full = 1;
    return;
  }
  memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
  to->bytes[to->length] = 0;
}
static inline void add(struct text *to, const char *text) { add_bytes(to, text, length_of(text)); }
static inline void add_char(struct text *to, char byte) { add_bytes(to, &byte, 1); }
static inline void add_number(struct text *to, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  add_bytes(to, digits + at, sizeof digits - at);
}
static inline void add_hex(struct text *to, uint64_t number) {
  for (int shift = 60; shift >= 0; shift -= 4) add_char(to, "0123456789abcdef"[(number >> shift) & 15]);
}

// Protobuf: a varint, a number of a field, a field of bytes.
static inline void add_varint(struct text *to, uint64_t number) {
  for (; number > 127; number >>= 7) add_char(to, (char)(number | 128));
  add_char(to, (char)number);
}
static inline void add_count(struct text *to, int field, uint64_t number) {
  if (number == 0) return;
  add_varint(to, (uint64_t)field << 3);
  add_varint(to, number);
}
static inline void add_field(struct text *to, int field, const void *bytes, size_t length) {
  if (length == 0) return;
  add_varint(to, (uint64_t)field << 3 | 2);
  add_varint(to, length);
  add_bytes(to, bytes, length);
}
static inline void add_text_field(struct text *to, int field, const char *text) {
  add_field(to, field, text, length_of(text));
}

// Some bytes of a message that was read.
struct slice {
  const char *bytes;
  size_t length;
};

static inline int read_varint(struct slice *from, uint64_t *number) {
  *number = 0;
  for (int shift = 0; shift < 64 && from->length > 0; shift += 7) {
    uint8_t byte = (uint8_t)*from->bytes++;
    from->length--;
    *number |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return 1;
  }
  return 0;
}

// The last field with this number that holds bytes; empty when there is none. False when it is no message.
static inline int field_of(struct slice message, int wanted, struct slice *found) {
  *found = (struct slice){"", 0};
  while (message.length > 0) {
    uint64_t tag, length;
    if (!read_varint(&message, &tag)) return 0;
    switch (tag & 7) {
      case 0:
        if (!read_varint(&message, &length)) return 0;
        continue;
      case 1:
        length = 8;
        break;
      case 5:
        length = 4;
        break;
      case 2:
        if (!read_varint(&message, &length)) return 0;
        break;
      default:
        return 0;
    }
    if (length > message.length) return 0;
    if ((tag & 7) == 2 && tag >> 3 == (uint64_t)wanted) *found = (struct slice){message.bytes, (size_t)length};
    message.bytes += length;
    message.length -= (size_t)length;
  }
  return 1;
}
#endif
