// Products of bfloat16 operands summed in float, for processors with AVX512-BF16.
//
// Operands lie in panels of words: a word is the pair of elements k and k + 1 of one row (of the left
// operand) or one column (of the right), and a panel holds its rows' or columns' words side by side
// for one pair of k after the other. One instruction multiplies 16 pairs and adds them to 16 floats.
#pragma once
#if defined(__x86_64__)
#include "wide.h"

#define VECTORS_BFLOAT16 \
  static inline __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,bmi2,fma")))

/// Rows of a left panel and columns of a right panel: 24 registers of sums.
enum { vectors_bfloat16_rows = 8, vectors_bfloat16_columns = 48 };

/// The words of two rows of 16 numbers, the first in the lower halves.
VECTORS_BFLOAT16 __m512i vectors_bfloat16_words(__m512 low, __m512 high) {
  const __m512i interleave = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19,
      3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

/// Packs `count ≤ 8` rows, `stride` apart, as 8 of the `width` words of a panel; further rows are zeros.
VECTORS_BFLOAT16 void vectors_bfloat16_pack_rows(
    const float *source, long stride, long count, long inner, float factor, uint32_t *panel,
    long width) {
  __m512 factors = _mm512_set1_ps(factor);
  for (long k = 0; k < inner; k += 16) {
    __mmask16 mask = vectors_wide_mask(inner - k);
    __m256i r[8];
#pragma unroll
    for (long row = 0; row < 8; row++) {
      __m512 values = _mm512_setzero_ps();
      if (row < count) {
        const float *address = source + row * stride + k;
        _mm_prefetch((const char *)(address + 8 * stride), _MM_HINT_T0);
        values = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, address), factors);
      }
      r[row] = (__m256i)_mm512_cvtneps_pbh(values);
    }
    vectors_wide_transpose(r);
    long pairs = inner - k < 16 ? (inner - k + 1) / 2 : 8;
    for (long pair = 0; pair < pairs; pair++)
      _mm256_storeu_si256((__m256i *)(panel + (k / 2 + pair) * width), r[pair]);
  }
}

/// Packs `count` columns of `inner` rows, `stride` apart, into panels of `width` (8 or 48) columns.
VECTORS_BFLOAT16 void vectors_bfloat16_pack_columns(
    const float *source, long stride, long count, long inner, float factor, uint32_t *panels,
    long width) {
  __m512 factors = _mm512_set1_ps(factor);
  long pairs = (inner + 1) / 2, padded = (count + width - 1) / width * width;
  for (long pair = 0; pair < pairs; pair++) {
    const float *first = source + 2 * pair * stride;
    const float *second = first + stride;
    int whole = 2 * pair + 1 < inner;
    for (long column = 0; column < padded; column += 16) {
      __mmask16 mask = vectors_wide_mask(count - column);
      _mm_prefetch((const char *)(first + 8 * stride + column), _MM_HINT_T0);
      _mm_prefetch((const char *)(second + 8 * stride + column), _MM_HINT_T0);
      __m512 low = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, first + column), factors);
      __m512 high = _mm512_setzero_ps();
      if (whole) high = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, second + column), factors);
      __m512i words = vectors_bfloat16_words(low, high);
      if (width == 8) {
        uint32_t *target = panels + column * pairs + pair * 8;
        _mm256_storeu_si256((__m256i *)target, _mm512_castsi512_si256(words));
        if (column + 8 < padded) {
          _mm256_storeu_si256(
              (__m256i *)(target + 8 * pairs), _mm512_extracti64x4_epi64(words, 1));
        }
      } else {
        long panel = column / 48 * 48;
        _mm512_storeu_si512(panels + panel * pairs + pair * 48 + (column - panel), words);
      }
    }
  }
}

/// `c = left · right (+ bias) (+ addend)` of one panel each: `rows ≤ 8` by `columns ≤ 48`.
VECTORS_BFLOAT16 void vectors_bfloat16_multiply(
    const uint32_t *left, const uint32_t *right, long pairs, const float *bias,
    const float *addend, long addend_stride, float *c, long stride, long rows, long columns) {
  __m512 sums[8][3];
#pragma unroll
  for (long j = 0; j < 3; j++) {
    __m512 start = bias ? _mm512_maskz_loadu_ps(vectors_wide_mask(columns - 16 * j), bias + 16 * j)
                        : _mm512_setzero_ps();
#pragma unroll
    for (long row = 0; row < 8; row++) sums[row][j] = start;
  }
#pragma unroll
  for (long row = 0; row < 8; row++) {
    const float *ahead = (addend ? addend + row * addend_stride : c + row * stride);
    _mm_prefetch((const char *)ahead, _MM_HINT_T0);
    _mm_prefetch((const char *)(ahead + 16), _MM_HINT_T0);
    _mm_prefetch((const char *)(ahead + 32), _MM_HINT_T0);
  }
  for (long pair = 0; pair < pairs; pair++) {
    __m512bh r0 = (__m512bh)_mm512_loadu_si512(right);
    __m512bh r1 = (__m512bh)_mm512_loadu_si512(right + 16);
    __m512bh r2 = (__m512bh)_mm512_loadu_si512(right + 32);
#pragma unroll
    for (long row = 0; row < 8; row++) {
      __m512bh l = (__m512bh)_mm512_set1_epi32((int)left[row]);
      sums[row][0] = _mm512_dpbf16_ps(sums[row][0], l, r0);
      sums[row][1] = _mm512_dpbf16_ps(sums[row][1], l, r1);
      sums[row][2] = _mm512_dpbf16_ps(sums[row][2], l, r2);
    }
    left += 8;
    right += 48;
  }
  if (rows == 8 && columns == 48) {
#pragma unroll
    for (long row = 0; row < 8; row++) {
#pragma unroll
      for (long j = 0; j < 3; j++) {
        __m512 value = sums[row][j];
        if (addend) value = _mm512_add_ps(value, _mm512_loadu_ps(addend + row * addend_stride + 16 * j));
        _mm512_storeu_ps(c + row * stride + 16 * j, value);
      }
    }
    return;
  }
#pragma unroll
  for (long row = 0; row < 8; row++) {
    if (row >= rows) return;
#pragma unroll
    for (long j = 0; j < 3; j++) {
      __mmask16 mask = vectors_wide_mask(columns - 16 * j);
      __m512 value = sums[row][j];
      if (addend) {
        value = _mm512_add_ps(
            value, _mm512_maskz_loadu_ps(mask, addend + row * addend_stride + 16 * j));
      }
      _mm512_mask_storeu_ps(c + row * stride + 16 * j, mask, value);
    }
  }
}

/// `c[s][r] = weights[r] · sample s (+ bias[r]) (+ addend[s][r])` for 8 rows of weights that lie `stride`
/// apart, of which `rows` are written, and as many samples as `registers` (1 or 2, a literal) hold.
static inline __attribute__((
    always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,bmi2,fma"))) void
vectors_bfloat16_thin_eight(
    const int registers, const uint16_t *weights, long stride, long rows, const uint32_t *samples,
    long pairs, long count, const float *bias, const float *addend, float *c, long c_stride) {
  __m512 sums[8][2];
#pragma unroll
  for (long row = 0; row < 8; row++) sums[row][0] = sums[row][1] = _mm512_setzero_ps();
  for (long pair = 0; pair < pairs; pair++) {
    if ((pair & 15) == 0) {
      // The next rows: the processor cannot guess where they begin.
#pragma unroll
      for (long row = 8; row < 16; row++)
        _mm_prefetch((const char *)(weights + row * stride), _MM_HINT_T1);
    }
    __m512bh first = (__m512bh)_mm512_loadu_si512(samples), second = first;
    if (registers > 1) second = (__m512bh)_mm512_loadu_si512(samples + 16);
#pragma unroll
    for (long row = 0; row < 8; row++) {
      int word;
      __builtin_memcpy(&word, weights + row * stride, 4);
      __m512bh both = (__m512bh)_mm512_set1_epi32(word);
      sums[row][0] = _mm512_dpbf16_ps(sums[row][0], first, both);
      if (registers > 1) sums[row][1] = _mm512_dpbf16_ps(sums[row][1], second, both);
    }
    weights += 2;
    samples += 16 * registers;
  }
  __mmask8 mask = (__mmask8)vectors_wide_mask(rows);
  __m256 start = bias ? _mm256_maskz_loadu_ps(mask, bias) : _mm256_setzero_ps();
#pragma unroll
  for (long eight = 0; eight < 2 * registers; eight++) {
    __m256i r[8];
#pragma unroll
    for (long row = 0; row < 8; row++) {
      __m512i sum = (__m512i)sums[row][eight / 2];
      r[row] = eight & 1 ? _mm512_extracti64x4_epi64(sum, 1) : _mm512_castsi512_si256(sum);
    }
    vectors_wide_transpose(r);
#pragma unroll
    for (long index = 0; index < 8; index++) {
      long sample = 8 * eight + index;
      if (sample >= count) return;
      __m256 value = _mm256_add_ps((__m256)r[index], start);
      if (addend)
        value = _mm256_add_ps(value, _mm256_maskz_loadu_ps(mask, addend + sample * c_stride));
      _mm256_mask_storeu_ps(c + sample * c_stride, mask, value);
    }
  }
}

/// As `vectors_bfloat16_thin_eight`, for any number of rows and at most 32 samples.
///
/// `samples` holds words of two elements, side by side for 16 samples, or for 32 if `count` is above 16.
VECTORS_BFLOAT16 void vectors_bfloat16_thin(
    const uint16_t *weights, long stride, long rows, const uint32_t *samples, long pairs, long count,
    const float *bias, const float *addend, float *c, long c_stride) {
  for (long row = 0; row < rows;) {
    // Each of the last rows as if it were eight.
    long left = rows - row, height = left < 8 ? 1 : 8, step = left < 8 ? 0 : stride;
    const uint16_t *start = weights + row * stride;
    const float *starts = bias ? bias + row : 0, *terms = addend ? addend + row : 0;
    if (count > 16)
      vectors_bfloat16_thin_eight(
          2, start, step, height, samples, pairs, count, starts, terms, c + row, c_stride);
    else
      vectors_bfloat16_thin_eight(
          1, start, step, height, samples, pairs, count, starts, terms, c + row, c_stride);
    row += height;
  }
}

/// `64 · 24` FLOPs a round that touch no memory: the limit of every product.
VECTORS_BFLOAT16 float vectors_bfloat16_registers(long rounds) {
  __m512 sums[24];
  __m512bh factor = (__m512bh)_mm512_set1_epi32(0x3c003c00), term = factor;
#pragma unroll
  for (int i = 0; i < 24; i++) sums[i] = _mm512_set1_ps((float)i);
  for (long round = 0; round < rounds; round++) {
#pragma unroll
    for (int i = 0; i < 24; i++) sums[i] = _mm512_dpbf16_ps(sums[i], factor, term);
    __asm__ volatile("" : "+v"(factor), "+v"(term));
  }
  __m512 total = sums[0];
#pragma unroll
  for (int i = 1; i < 24; i++) total = _mm512_add_ps(total, sums[i]);
  return _mm512_reduce_add_ps(total);
}
#endif
