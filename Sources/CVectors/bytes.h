// Products of bytes: the instruction that multiplies 64 pairs of them, which Swift cannot name, and
// the rounding of floats to bytes.
#pragma once
#include <stdint.h>
#include <string.h>

typedef float bytes_floats __attribute__((vector_size(64)));
typedef int32_t bytes_words __attribute__((vector_size(64)));
typedef int8_t bytes_sixteen __attribute__((vector_size(16)));

/// The numbers of a row that share a factor.
#define BYTES_GROUP 64

/// Rounds `BYTES_GROUP` floats to multiples of a 127th of the largest.
///
/// Returns that factor; 0 where all are below 2^-100, and not a number where one is not finite.
/// `total` receives the sum of what was written.
static inline __attribute__((always_inline)) float bytes_round_group(
    const float *source, int8_t *target, int32_t *total) {
#pragma clang fp contract(off)
  bytes_words largest = {0};
  for (int i = 0; i < BYTES_GROUP; i += 16) {
    bytes_words bits;
    memcpy(&bits, source + i, 64);
    largest = __builtin_elementwise_max(largest, bits & 0x7fffffff);
  }
  // Magnitudes stand in the order of their bits, infinity and what is not a number last.
  int32_t bits = __builtin_reduce_max(largest);
  float size;
  memcpy(&size, &bits, 4);
  if (bits >= 0x7f800000 || size < 0x1p-100f) {
    memset(target, 0, BYTES_GROUP);
    *total = 0;
    return bits >= 0x7f800000 ? __builtin_nanf("") : 0;
  }
  // Below 2^23 a float has no places behind the point: adding one and a half times as much rounds.
  const float inverse = 127 / size, magic = 0x1.8p23f;
  bytes_words sum = {0};
  for (int i = 0; i < BYTES_GROUP; i += 16) {
    bytes_floats x;
    memcpy(&x, source + i, 64);
    x = x * inverse + magic;
    bytes_words whole = (bytes_words)x - 0x4b400000;
    sum += whole;
    bytes_sixteen bytes = __builtin_convertvector(whole, bytes_sixteen);
    memcpy(target + i, &bytes, 16);
  }
  *total = __builtin_reduce_add(sum);
  return size / 127;
}

/// Rounds a row of `count` floats group by group; the last group is filled up with zeros.
///
/// `target` receives whole groups of bytes, `factors` and `totals` one number a group.
static inline void bytes_round(
    const float *source, long count, int8_t *target, float *factors, int32_t *totals) {
  long group = 0;
  for (; (group + 1) * BYTES_GROUP <= count; group++)
    factors[group] = bytes_round_group(
        source + group * BYTES_GROUP, target + group * BYTES_GROUP, totals + group);
  long rest = count - group * BYTES_GROUP;
  if (rest == 0) return;
  float last[BYTES_GROUP] = {0};
  memcpy(last, source + group * BYTES_GROUP, 4 * rest);
  factors[group] = bytes_round_group(last, target + group * BYTES_GROUP, totals + group);
}

/// Writes `count` bytes as floats.
static inline void bytes_widen(const int8_t *source, float *target, long count) {
  for (long i = 0; i < count; i++) target[i] = (float)source[i];
}

/// Writes `quads` fours of each of 32 columns, kept 128 too large, as rows of 32 floats.
static inline void bytes_widen_panel(const uint8_t *panel, float *target, long quads) {
  for (long quad = 0; quad < quads; quad++)
    for (long place = 0; place < 4; place++)
      for (long column = 0; column < 32; column++)
        target[(4 * quad + place) * 32 + column] = (float)(panel[128 * quad + 4 * column + place] - 128);
}

#if defined(__x86_64__)
/// Rows of bytes times one panel of 32 columns, in registers; see `bytes_multiply`.
static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512vnni"))) void
bytes_multiply_tile(
    int rows, const int8_t *x, long stride, const float *factors, const int32_t *totals,
    long groups, const uint8_t *panel, const float *panel_factors, long quads, const float *bias,
    const float *addend, long addend_stride, float *c, long c_stride) {
  bytes_floats sums[6][2], b0 = {0}, b1 = {0};
  if (bias) {
    memcpy(&b0, bias, 64);
    memcpy(&b1, bias + 16, 64);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    sums[r][0] = b0;
    sums[r][1] = b1;
    if (addend) {
      bytes_floats a0, a1;
      memcpy(&a0, addend + r * addend_stride, 64);
      memcpy(&a1, addend + r * addend_stride + 16, 64);
      sums[r][0] += a0;
      sums[r][1] += a1;
    }
  }
  for (long group = 0; group < groups; group++) {
    long left = quads < BYTES_GROUP / 4 ? quads : BYTES_GROUP / 4;
    quads -= left;
    bytes_words products[6][2];
    // Weights are kept 128 too large, because the instruction takes one side without sign.
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
      products[r][0] = products[r][1] = (bytes_words){0} - 128 * totals[r * groups + group];
    for (; left > 0; left--) {
      bytes_words w0, w1;
      memcpy(&w0, panel, 64);
      memcpy(&w1, panel + 64, 64);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, x + r * stride, 4);
        bytes_words all = (bytes_words){0} + four;
        __asm__("vpdpbusd %2, %1, %0" : "+v"(products[r][0]) : "v"(w0), "v"(all));
        __asm__("vpdpbusd %2, %1, %0" : "+v"(products[r][1]) : "v"(w1), "v"(all));
      }
      panel += 128;
      x += 4;
    }
    bytes_floats f0, f1;
    memcpy(&f0, panel_factors, 64);
    memcpy(&f1, panel_factors + 16, 64);
    panel_factors += 32;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      float factor = factors[r * groups + group];
      bytes_floats p0 = __builtin_convertvector(products[r][0], bytes_floats) * factor;
      bytes_floats p1 = __builtin_convertvector(products[r][1], bytes_floats) * factor;
      sums[r][0] = __builtin_elementwise_fma(p0, f0, sums[r][0]);
      sums[r][1] = __builtin_elementwise_fma(p1, f1, sums[r][1]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) memcpy(c + r * c_stride, sums[r], 128);
}

/// `c = x · panel (+ bias) (+ addend)` for `rows` rows of bytes, by `vpdpbusd`.
///
/// `x` has rows `stride` bytes apart, `factors` and `totals` rows of `groups` numbers; `panel` holds
/// four bytes, 128 too large, of each of 32 columns, `quads` times, and `panel_factors` 32 factors a
/// group; `c` and `addend`, which may be `c`, have rows of 32 floats. `bias` and `addend` may be null.
static inline __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) void bytes_multiply(
    const int8_t *x, long stride, const float *factors, const int32_t *totals, long groups,
    long rows, const uint8_t *panel, const float *panel_factors, long quads, const float *bias,
    const float *addend, long addend_stride, float *c, long c_stride) {
#define BYTES_TILE(count)                                                                       \
  bytes_multiply_tile(                                                                          \
      count, x, stride, factors, totals, groups, panel, panel_factors, quads, bias, addend,     \
      addend_stride, c, c_stride)
  for (; rows >= 6; rows -= 6) {
    BYTES_TILE(6);
    x += 6 * stride;
    factors += 6 * groups;
    totals += 6 * groups;
    c += 6 * c_stride;
    if (addend) addend += 6 * addend_stride;
  }
  switch (rows) {
    case 1: BYTES_TILE(1); break;
    case 2: BYTES_TILE(2); break;
    case 3: BYTES_TILE(3); break;
    case 4: BYTES_TILE(4); break;
    case 5: BYTES_TILE(5); break;
  }
#undef BYTES_TILE
}
#endif
