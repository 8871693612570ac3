// What Swift's vectors cannot say: shuffles that transpose a block of numbers in registers, and the
// widening of halves.
#pragma once
#include <stdint.h>
#include <string.h>

typedef float vectors_eight __attribute__((vector_size(32)));
typedef uint32_t vectors_eight_bits __attribute__((vector_size(32)));
typedef uint16_t vectors_eight_halves __attribute__((vector_size(16)));

/// Eight floats at any address.
static inline __attribute__((always_inline)) vectors_eight vectors_load(const float *source) {
  vectors_eight value;
  memcpy(&value, source, 32);
  return value;
}

/// Eight upper halves of floats.
static inline __attribute__((always_inline)) vectors_eight vectors_load_bfloat16(
    const uint16_t *source) {
  vectors_eight_halves halves;
  memcpy(&halves, source, 16);
  vectors_eight_bits bits = __builtin_convertvector(halves, vectors_eight_bits) << 16;
  return (vectors_eight)bits;
}

#if defined(__AVX512F__)
typedef float vectors_sixteen __attribute__((vector_size(64)));
typedef uint32_t vectors_sixteen_bits __attribute__((vector_size(64)));
typedef uint16_t vectors_sixteen_halves __attribute__((vector_size(32)));

/// Sixteen floats at any address.
static inline __attribute__((always_inline)) vectors_sixteen vectors_load_sixteen(
    const float *source) {
  vectors_sixteen value;
  memcpy(&value, source, 64);
  return value;
}

/// Sixteen upper halves of floats.
static inline __attribute__((always_inline)) vectors_sixteen vectors_load_sixteen_bfloat16(
    const uint16_t *source) {
  vectors_sixteen_halves halves;
  memcpy(&halves, source, 32);
  vectors_sixteen_bits bits = __builtin_convertvector(halves, vectors_sixteen_bits) << 16;
  return (vectors_sixteen)bits;
}

/// The sums of the lower eight floats and the upper eight.
static inline __attribute__((always_inline)) vectors_eight vectors_halved(vectors_sixteen x) {
  return __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
         __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
}
#endif

/// The sum of eight floats, halving.
static inline __attribute__((always_inline)) float vectors_sum(vectors_eight x) {
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/// The largest of `count` floats, a multiple of a register's.
static inline __attribute__((always_inline)) float vectors_largest(const float *source, long count) {
#if defined(__AVX512F__)
  vectors_sixteen wide = vectors_load_sixteen(source);
  for (long i = 16; i < count; i += 16)
    wide = __builtin_elementwise_max(wide, vectors_load_sixteen(source + i));
  vectors_eight x = __builtin_elementwise_max(
      __builtin_shufflevector(wide, wide, 0, 1, 2, 3, 4, 5, 6, 7),
      __builtin_shufflevector(wide, wide, 8, 9, 10, 11, 12, 13, 14, 15));
#else
  vectors_eight x = vectors_load(source);
  for (long i = 8; i < count; i += 8) x = __builtin_elementwise_max(x, vectors_load(source + i));
#endif
  x = __builtin_elementwise_max(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));
  x = __builtin_elementwise_max(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));
  return x[0] < x[1] ? x[1] : x[0];
}

/// The scalar product of `count` numbers, a multiple of 32.
///
/// The processor fetches one stream in the order of memory ahead by itself; asking for lines as well, or
/// unrolling the loop further, halves its speed on Zen 4.
static inline __attribute__((always_inline)) float vectors_dot_bfloat16(
    const uint16_t *weights, const float *x, long count) {
#pragma clang fp contract(fast)
#if defined(__AVX512F__)
  vectors_sixteen a = {0}, b = {0};
#pragma clang loop unroll(disable)
  for (long i = 0; i < count; i += 32) {
    a += vectors_load_sixteen_bfloat16(weights + i) * vectors_load_sixteen(x + i);
    b += vectors_load_sixteen_bfloat16(weights + i + 16) * vectors_load_sixteen(x + i + 16);
  }
  return vectors_sum(vectors_halved(a + b));
#else
  vectors_eight a = {0}, b = {0}, c = {0}, d = {0};
  for (long i = 0; i < count; i += 32) {
    a += vectors_load_bfloat16(weights + i) * vectors_load(x + i);
    b += vectors_load_bfloat16(weights + i + 8) * vectors_load(x + i + 8);
    c += vectors_load_bfloat16(weights + i + 16) * vectors_load(x + i + 16);
    d += vectors_load_bfloat16(weights + i + 24) * vectors_load(x + i + 24);
  }
  return vectors_sum((a + b) + (c + d));
#endif
}

/// Writes `count` numbers, a multiple of 32, as floats.
static inline void vectors_widen_bfloat16(const uint16_t *source, float *target, long count) {
  for (long i = 0; i < count; i += 8) {
    vectors_eight value = vectors_load_bfloat16(source + i);
    memcpy(target + i, &value, 32);
  }
}

/// Asks for the cache line at `address`, to be read soon.
static inline __attribute__((always_inline)) void vectors_prefetch(const float *address) {
  __builtin_prefetch(address, 0, 3);
}

/// As `vectors_prefetch`, only into the second cache, for what is read a little later.
static inline __attribute__((always_inline)) void vectors_prefetch_far(const float *address) {
  __builtin_prefetch(address, 0, 2);
}

/// Writes `target[c * target_stride + r] = source[r * stride + c]` for `c < 8` and `r < 8`.
///
/// With `rows` = 6 the last two of each eight written are copies of the sixth, and only six rows are
/// read. Pass a literal, so that the function shrinks to one case where it is called.
static inline __attribute__((always_inline)) void vectors_transpose(
    const float *source, long stride, int rows, float *target, long target_stride) {
  vectors_eight r0, r1, r2, r3, r4, r5, r6, r7;
  memcpy(&r0, source, 32);
  memcpy(&r1, source + stride, 32);
  memcpy(&r2, source + 2 * stride, 32);
  memcpy(&r3, source + 3 * stride, 32);
  memcpy(&r4, source + 4 * stride, 32);
  memcpy(&r5, source + 5 * stride, 32);
  memcpy(&r6, source + (rows > 6 ? 6 : 5) * stride, 32);
  memcpy(&r7, source + (rows > 7 ? 7 : 5) * stride, 32);
#define VECTORS_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define VECTORS_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define VECTORS_FIRST(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define VECTORS_SECOND(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define VECTORS_LEFT(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define VECTORS_RIGHT(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
  vectors_eight t0 = VECTORS_LOW(r0, r1), t1 = VECTORS_HIGH(r0, r1);
  vectors_eight t2 = VECTORS_LOW(r2, r3), t3 = VECTORS_HIGH(r2, r3);
  vectors_eight t4 = VECTORS_LOW(r4, r5), t5 = VECTORS_HIGH(r4, r5);
  vectors_eight t6 = VECTORS_LOW(r6, r7), t7 = VECTORS_HIGH(r6, r7);
  r0 = VECTORS_FIRST(t0, t2);
  r1 = VECTORS_SECOND(t0, t2);
  r2 = VECTORS_FIRST(t1, t3);
  r3 = VECTORS_SECOND(t1, t3);
  r4 = VECTORS_FIRST(t4, t6);
  r5 = VECTORS_SECOND(t4, t6);
  r6 = VECTORS_FIRST(t5, t7);
  r7 = VECTORS_SECOND(t5, t7);
  t0 = VECTORS_LEFT(r0, r4);
  t1 = VECTORS_LEFT(r1, r5);
  t2 = VECTORS_LEFT(r2, r6);
  t3 = VECTORS_LEFT(r3, r7);
  t4 = VECTORS_RIGHT(r0, r4);
  t5 = VECTORS_RIGHT(r1, r5);
  t6 = VECTORS_RIGHT(r2, r6);
  t7 = VECTORS_RIGHT(r3, r7);
#undef VECTORS_LOW
#undef VECTORS_HIGH
#undef VECTORS_FIRST
#undef VECTORS_SECOND
#undef VECTORS_LEFT
#undef VECTORS_RIGHT
  // In order: with a stride below eight each store overwrites what the last one wrote too much.
  memcpy(target, &t0, 32);
  memcpy(target + target_stride, &t1, 32);
  memcpy(target + 2 * target_stride, &t2, 32);
  memcpy(target + 3 * target_stride, &t3, 32);
  memcpy(target + 4 * target_stride, &t4, 32);
  memcpy(target + 5 * target_stride, &t5, 32);
  memcpy(target + 6 * target_stride, &t6, 32);
  memcpy(target + 7 * target_stride, &t7, 32);
}
