// What attention in bfloat16 needs besides the products of packed panels: operands that are small enough
// to be multiplied where they are made. A word is a pair of elements, as in bfloat16.h.
#pragma once
#if defined(__x86_64__)
#include "bfloat16.h"

/// Rounds `count` numbers times `factor`, filled up with zeros to a multiple of 16: pairs along a row.
VECTORS_BFLOAT16 void vectors_bfloat16_round(
    const float *source, long count, float factor, uint32_t *words) {
  for (long k = 0; k < count; k += 16) {
    __m512 values = _mm512_mul_ps(
        _mm512_maskz_loadu_ps(vectors_wide_mask(count - k), source + k), _mm512_set1_ps(factor));
    _mm256_storeu_si256((__m256i *)(words + k / 2), (__m256i)_mm512_cvtneps_pbh(values));
  }
}

/// Pairs the `count` numbers of two rows times `factor`, or of one with zeros, filled up as above.
VECTORS_BFLOAT16 void vectors_bfloat16_pair(
    const float *first, const float *second, long count, float factor, uint32_t *words) {
  for (long k = 0; k < count; k += 16) {
    __mmask16 mask = vectors_wide_mask(count - k);
    __m512 factors = _mm512_set1_ps(factor), low, high = _mm512_setzero_ps();
    low = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, first + k), factors);
    if (second) high = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, second + k), factors);
    _mm512_storeu_si512(words + k, vectors_bfloat16_words(low, high));
  }
}

/// `rows` rows by `registers` times 16 columns; both are literals where this is called.
static inline __attribute__((
    always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,bmi2,fma"))) void
vectors_bfloat16_block(
    int rows, int registers, const uint32_t *left, long left_row, long left_pair,
    const uint32_t *right, long right_pair, long pairs, float *c, long stride, int keep) {
  __m512 sums[6][4];
#pragma unroll
  for (int row = 0; row < rows; row++) {
#pragma unroll
    for (int j = 0; j < registers; j++)
      sums[row][j] = keep ? _mm512_loadu_ps(c + row * stride + 16 * j) : _mm512_setzero_ps();
  }
  for (long pair = 0; pair < pairs; pair++) {
    __m512bh r[4];
#pragma unroll
    for (int j = 0; j < registers; j++) r[j] = (__m512bh)_mm512_loadu_si512(right + 16 * j);
#pragma unroll
    for (int row = 0; row < rows; row++) {
      __m512bh l = (__m512bh)_mm512_set1_epi32((int)left[row * left_row]);
#pragma unroll
      for (int j = 0; j < registers; j++) sums[row][j] = _mm512_dpbf16_ps(sums[row][j], l, r[j]);
    }
    left += left_pair;
    right += right_pair;
  }
#pragma unroll
  for (int row = 0; row < rows; row++) {
#pragma unroll
    for (int j = 0; j < registers; j++) _mm512_storeu_ps(c + row * stride + 16 * j, sums[row][j]);
  }
}

/// `c = left · right`, or `c += left · right` if `keep`, for 1, 2, 4 or 6 rows by 16 to 64 columns.
///
/// Word `(row, pair)` of `left` lies at `row · left_row + pair · left_pair`; words of `right` stand side
/// by side, `right_pair` from one pair to the next.
VECTORS_BFLOAT16 void vectors_bfloat16_tile(
    long rows, long registers, const uint32_t *left, long left_row, long left_pair,
    const uint32_t *right, long right_pair, long pairs, float *c, long stride, int keep) {
#define VECTORS_BLOCK(height, width)                                                            \
  case 8 * height + width:                                                                      \
    vectors_bfloat16_block(                                                                     \
        height, width, left, left_row, left_pair, right, right_pair, pairs, c, stride, keep);   \
    break;
#define VECTORS_BLOCKS(height)                                                                  \
  VECTORS_BLOCK(height, 1) VECTORS_BLOCK(height, 2) VECTORS_BLOCK(height, 3) VECTORS_BLOCK(height, 4)
  switch (8 * rows + registers) {
    VECTORS_BLOCKS(1)
    VECTORS_BLOCKS(2)
    VECTORS_BLOCKS(4)
    VECTORS_BLOCKS(6)
  }
#undef VECTORS_BLOCKS
#undef VECTORS_BLOCK
}
#endif
