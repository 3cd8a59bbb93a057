/* 32-bit integers: SHA-256 (FIPS 180-4) over 32 MB. */
#include "bench.h"

static uint32_t k[64];

/* The first 32 bits of the fractions of the cube roots of the first 64 primes, by integer search. */
static void make_constants(void) {
  int found = 0;
  for (uint64_t prime = 2; found < 64; prime++) {
    int is_prime = 1;
    for (uint64_t d = 2; d * d <= prime; d++) is_prime &= prime % d != 0;
    if (!is_prime) continue;
    unsigned __int128 low = 0, high = (unsigned __int128)8 << 32;
    while (high - low > 1) {
      unsigned __int128 middle = (low + high) / 2;
      if (middle * middle * middle <= (unsigned __int128)prime << 96) low = middle;
      else high = middle;
    }
    k[found++] = (uint32_t)low;
  }
}

#define TURN(x, n) ((x) >> (n) | (x) << (32 - (n)))

static void block(uint32_t hash[8], const uint8_t *bytes) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)bytes[i * 4] << 24 | bytes[i * 4 + 1] << 16 | bytes[i * 4 + 2] << 8 | bytes[i * 4 + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (TURN(a, 7) ^ TURN(a, 18) ^ a >> 3) + w[i - 7] + (TURN(b, 17) ^ TURN(b, 19) ^ b >> 10);
  }
  memcpy(s, hash, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t one = s[7] + (TURN(s[4], 6) ^ TURN(s[4], 11) ^ TURN(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
    uint32_t two = (TURN(s[0], 2) ^ TURN(s[0], 13) ^ TURN(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) hash[i] += s[i];
}

static uint32_t work(void) {
  static uint8_t bytes[1 << 20];
  uint32_t hash[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  make_constants();
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = next_random();
  for (int round = 0; round < 32; round++)
    for (size_t at = 0; at < sizeof bytes; at += 64) block(hash, bytes + at);
  return hash[0];
}
