// Products of scaled float16 operands, summed in float16 in short chains, for processors with
// AVX512-FP16.
//
// Every row of the left operand and every column of the right one is multiplied by the power of two
// that brings its largest magnitude into [4, 8). What is smaller by 2^16 and more loses bits it could
// not contribute. A panel begins with the inverse factors of its rows or columns; then words of two
// elements follow as in bfloat16.h. A lane of a sum takes every other term, 64 in a row; up to three such
// chains are added as halves: 192 products of at most 8 · 8 stay below 12,288 of 65,504, and both lanes of
// a result together below 24,576. A word for two elements, not one element twice, halves what a left
// operand takes of the caches and of the packing.
#pragma once
#if defined(__x86_64__)
#include "wide.h"

#define VECTORS_FLOAT16 \
  static inline __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,fma,f16c")))

/// Rows of a left panel and columns of a right panel: 24 registers of sums. Words that are summed
/// before the sum is added to others, and the most terms of all chains of a sum.
enum {
  vectors_float16_rows = 8,
  vectors_float16_columns = 48,
  vectors_float16_chain = 64,
  vectors_float16_longest = 384,
};

VECTORS_FLOAT16 __m512i vectors_float16_magnitude(__m512 values) {
  return _mm512_and_si512((__m512i)values, _mm512_set1_epi32(0x7fffffff));
}

/// The exponent fields of the largest magnitudes, within what can be inverted. One that is no number
/// counts as 1: nothing it meets stays a number.
VECTORS_FLOAT16 __m512i vectors_float16_exponents(__m512i magnitudes, __m512 factors) {
  __m512 largest = _mm512_mul_ps((__m512)magnitudes, factors);
  __m512i fields = _mm512_srli_epi32(vectors_float16_magnitude(largest), 23);
  __mmask16 odd = _mm512_cmpeq_epi32_mask(fields, _mm512_set1_epi32(255));
  fields = _mm512_mask_mov_epi32(fields, odd, _mm512_set1_epi32(129));
  __mmask16 zero = _mm512_cmpeq_epi32_mask(fields, _mm512_setzero_si512());
  fields = _mm512_mask_mov_epi32(fields, zero, _mm512_set1_epi32(129));
  return _mm512_max_epi32(fields, _mm512_set1_epi32(3));
}

VECTORS_FLOAT16 __m512 vectors_float16_factors(__m512i fields) {
  return (__m512)_mm512_slli_epi32(_mm512_sub_epi32(_mm512_set1_epi32(256), fields), 23);
}

VECTORS_FLOAT16 __m512 vectors_float16_inverses(__m512i fields) {
  return (__m512)_mm512_slli_epi32(_mm512_sub_epi32(fields, _mm512_set1_epi32(2)), 23);
}

VECTORS_FLOAT16 __m256i vectors_float16_halves(__m512 values) {
  return _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT);
}

/// Packs `count ≤ 8` rows, `stride` apart, as 8 of the `width` words of a panel; further rows are zeros.
///
/// - inverses: receives 8 factors.
/// - panel: receives, for every pair of k, 8 words; `width` apart.
VECTORS_FLOAT16 void vectors_float16_pack_rows(
    const float *source, long stride, long count, long inner, float factor, float *inverses,
    uint32_t *panel, long width) {
  __m512 factors[8], common = _mm512_set1_ps(factor);
#pragma unroll
  for (long row = 0; row < 8; row++) {
    __m512i largest = _mm512_setzero_si512();
    if (row < count) {
      const float *address = source + row * stride;
      long k = 0;
      for (; k + 16 <= inner; k += 16) {
        _mm_prefetch((const char *)(address + 8 * stride + k), _MM_HINT_T0);
        largest = _mm512_max_epu32(
            largest, vectors_float16_magnitude(_mm512_loadu_ps(address + k)));
      }
      __m512 rest = _mm512_maskz_loadu_ps(vectors_wide_mask(inner - k), address + k);
      largest = _mm512_max_epu32(largest, vectors_float16_magnitude(rest));
    }
    __m512i fields = vectors_float16_exponents(
        _mm512_set1_epi32((int)_mm512_reduce_max_epu32(largest)), common);
    factors[row] = _mm512_mul_ps(vectors_float16_factors(fields), common);
    inverses[row] = _mm512_cvtss_f32(vectors_float16_inverses(fields));
  }
  for (long k = 0; k < inner; k += 16) {
    __mmask16 mask = vectors_wide_mask(inner - k);
    __m256i r[8];
#pragma unroll
    for (long row = 0; row < 8; row++) {
      r[row] = _mm256_setzero_si256();
      if (row < count) {
        r[row] = vectors_float16_halves(
            _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, source + row * stride + k), factors[row]));
      }
    }
    vectors_wide_transpose(r);
    long pairs = inner - k < 16 ? (inner - k + 1) / 2 : 8;
    for (long pair = 0; pair < pairs; pair++)
      _mm256_storeu_si256((__m256i *)(panel + (k / 2 + pair) * width), r[pair]);
  }
}

/// Packs `count ≤ 48` columns of `inner` rows, `stride` apart, into panels of `width` (8 or 48) columns
/// that lie `1 + pairs` words a column apart, factors first; missing columns are zeros up to whole panels.
VECTORS_FLOAT16 void vectors_float16_pack_columns(
    const float *source, long stride, long count, long inner, float factor, float *panels,
    long width) {
  long pairs = (inner + 1) / 2, padded = (count + width - 1) / width * width;
  __mmask16 masks[3];
  __m512 common = _mm512_set1_ps(factor), factors[3];
  __m512i largest[3];
#pragma unroll
  for (long j = 0; j < 3; j++) {
    masks[j] = vectors_wide_mask(count - 16 * j);
    largest[j] = _mm512_setzero_si512();
  }
  for (long k = 0; k < inner; k++) {
    const float *row = source + k * stride;
#pragma unroll
    for (long j = 0; j < 3; j++) {
      _mm_prefetch((const char *)(row + 8 * stride + 16 * j), _MM_HINT_T0);
      largest[j] = _mm512_max_epu32(
          largest[j], vectors_float16_magnitude(_mm512_maskz_loadu_ps(masks[j], row + 16 * j)));
    }
  }
#pragma unroll
  for (long j = 0; j < 3; j++) {
    __m512i fields = vectors_float16_exponents(largest[j], common);
    factors[j] = _mm512_mul_ps(vectors_float16_factors(fields), common);
    __m512 inverses = vectors_float16_inverses(fields);
    if (width == 48) {
      _mm512_storeu_ps(panels + 16 * j, inverses);
    } else {
      float *panel = panels + 16 * j * (1 + pairs);
      if (16 * j < padded) _mm256_storeu_ps(panel, _mm512_castps512_ps256(inverses));
      if (16 * j + 8 < padded)
        _mm256_storeu_ps(panel + 8 * (1 + pairs), _mm512_extractf32x8_ps(inverses, 1));
    }
  }
  for (long pair = 0; pair < pairs; pair++) {
    const float *first = source + 2 * pair * stride, *second = first + stride;
    int whole = 2 * pair + 1 < inner;
#pragma unroll
    for (long j = 0; j < 3; j++) {
      if (16 * j >= padded) break;
      __m256i low = vectors_float16_halves(
          _mm512_mul_ps(_mm512_maskz_loadu_ps(masks[j], first + 16 * j), factors[j]));
      __m256i high = _mm256_setzero_si256();
      if (whole) {
        high = vectors_float16_halves(
            _mm512_mul_ps(_mm512_maskz_loadu_ps(masks[j], second + 16 * j), factors[j]));
      }
      __m512i words = _mm512_or_si512(
          _mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
      if (width == 48) {
        _mm512_storeu_si512(panels + 48 + 48 * pair + 16 * j, words);
      } else {
        float *panel = panels + 16 * j * (1 + pairs) + 8 + 8 * pair;
        _mm256_storeu_si256((__m256i *)panel, _mm512_castsi512_si256(words));
        if (16 * j + 8 < padded) {
          _mm256_storeu_si256(
              (__m256i *)(panel + 8 * (1 + pairs)), _mm512_extracti64x4_epi64(words, 1));
        }
      }
    }
  }
}

/// `sum + left · right` of 32 halves, rounded to halves, on processors without AVX512-FP16.
VECTORS_FLOAT16 __attribute__((always_inline)) __m512i vectors_float16_emulated_fma(
    __m512i left, __m512i right, __m512i sum) {
  __m512 low = _mm512_fmadd_ps(
      _mm512_cvtph_ps(_mm512_castsi512_si256(left)), _mm512_cvtph_ps(_mm512_castsi512_si256(right)),
      _mm512_cvtph_ps(_mm512_castsi512_si256(sum)));
  __m512 high = _mm512_fmadd_ps(
      _mm512_cvtph_ps(_mm512_extracti64x4_epi64(left, 1)),
      _mm512_cvtph_ps(_mm512_extracti64x4_epi64(right, 1)),
      _mm512_cvtph_ps(_mm512_extracti64x4_epi64(sum, 1)));
  return _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm512_cvtps_ph(low, _MM_FROUND_TO_NEAREST_INT)),
      _mm512_cvtps_ph(high, _MM_FROUND_TO_NEAREST_INT), 1);
}

/// The sum of 32 halves each, rounded to halves, on processors without AVX512-FP16.
VECTORS_FLOAT16 __attribute__((always_inline)) __m512i vectors_float16_emulated_add(
    __m512i left, __m512i right) {
  __m512i ones = _mm512_set1_epi16(0x3c00);
  return vectors_float16_emulated_fma(left, ones, right);
}

#define FLOAT16_FUNCTION VECTORS_FLOAT16 void vectors_float16_emulated_multiply
#define FLOAT16_FMA(left, right, sum) vectors_float16_emulated_fma(left, right, sum)
#define FLOAT16_ADD(left, right) vectors_float16_emulated_add(left, right)
#include "float16_product.h"
#undef FLOAT16_FUNCTION
#undef FLOAT16_FMA
#undef FLOAT16_ADD

#define VECTORS_FLOAT16_NATIVE \
  static inline __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,fma,f16c,avx512fp16")))
#define FLOAT16_FUNCTION VECTORS_FLOAT16_NATIVE void vectors_float16_multiply
#define FLOAT16_FMA(left, right, sum) \
  (__m512i)_mm512_fmadd_ph((__m512h)(left), (__m512h)(right), (__m512h)(sum))
#define FLOAT16_ADD(left, right) (__m512i)_mm512_add_ph((__m512h)(left), (__m512h)(right))
#include "float16_product.h"
#undef FLOAT16_FUNCTION
#undef FLOAT16_FMA
#undef FLOAT16_ADD

/// `64 · 24` FLOPs a round that touch no memory: the limit of every product.
VECTORS_FLOAT16_NATIVE float vectors_float16_registers(long rounds) {
  __m512h sums[24];
  __m512h factor = (__m512h)_mm512_set1_epi16(0x3bff), term = (__m512h)_mm512_set1_epi16(0x1000);
#pragma unroll
  for (int i = 0; i < 24; i++) sums[i] = term;
  for (long round = 0; round < rounds; round++) {
#pragma unroll
    for (int i = 0; i < 24; i++) sums[i] = _mm512_fmadd_ph(sums[i], factor, term);
    __asm__ volatile("" : "+v"(factor), "+v"(term));
  }
  __m512h total = sums[0];
#pragma unroll
  for (int i = 1; i < 24; i++) total = _mm512_add_ph(total, sums[i]);
  return (float)_mm512_reduce_add_ph(total);
}
#endif
