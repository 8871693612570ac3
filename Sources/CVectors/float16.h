// Products of scaled float16 operands, summed in short blocks of float16 and then in float, for
// processors with AVX512-FP16.
//
// Every row of the left operand and every column of the right one is multiplied by the power of two
// that brings its largest magnitude into [8, 16): 64 products of at most 16 · 16 stay below 16,384 of
// 65,504, and what is smaller by 2^17 and more loses bits it could not contribute. A panel begins
// with the inverse factors of its rows or columns; then, for one k after the other, a left panel
// holds a word for each row, the element twice (so that a broadcast is a load of 32 bits and leaves
// the shuffle port to the multiplier), and a right panel the elements of its columns.
#pragma once
#if defined(__x86_64__)
#include "wide.h"

#define VECTORS_FLOAT16 \
  static inline __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,fma,f16c")))

/// Rows of a left panel and columns of a right panel: 24 registers of sums. Products that are summed
/// in float16 before the sum is widened.
enum { vectors_float16_rows = 8, vectors_float16_columns = 96, vectors_float16_block = 64 };

/// The exponent fields of the largest magnitudes that the bits say, within what can be inverted. A
/// magnitude that is no number counts as 1: nothing it meets stays a number.
VECTORS_FLOAT16 __m512i vectors_float16_exponents(__m512i bits) {
  __m512i fields = _mm512_srli_epi32(bits, 23);
  __mmask16 odd = _mm512_cmpeq_epi32_mask(fields, _mm512_set1_epi32(255));
  fields = _mm512_mask_mov_epi32(fields, odd, _mm512_set1_epi32(130));
  __mmask16 zero = _mm512_cmpeq_epi32_mask(fields, _mm512_setzero_si512());
  fields = _mm512_mask_mov_epi32(fields, zero, _mm512_set1_epi32(130));
  return _mm512_max_epi32(fields, _mm512_set1_epi32(4));
}

VECTORS_FLOAT16 __m512 vectors_float16_factors(__m512i fields) {
  return (__m512)_mm512_slli_epi32(_mm512_sub_epi32(_mm512_set1_epi32(257), fields), 23);
}

VECTORS_FLOAT16 __m512 vectors_float16_inverses(__m512i fields) {
  return (__m512)_mm512_slli_epi32(_mm512_sub_epi32(fields, _mm512_set1_epi32(3)), 23);
}

VECTORS_FLOAT16 __m512i vectors_float16_magnitude(__m512 values) {
  return _mm512_and_si512((__m512i)values, _mm512_set1_epi32(0x7fffffff));
}

/// Packs `count ≤ 8` rows, `stride` apart, into a place for 8 of a panel; further rows are zeros.
///
/// - inverses: receives 8 factors.
/// - panel: receives, for every k, 8 words if `isLeft`, else 8 halves; `width` words or halves apart.
VECTORS_FLOAT16 void vectors_float16_pack_rows(
    const float *source, long stride, long count, long inner, float factor, float *inverses,
    void *panel, int isLeft, long width) {
  __m512 factors[8];
#pragma unroll
  for (long row = 0; row < 8; row++) {
    __m512i largest = _mm512_setzero_si512();
    if (row < count) {
      for (long k = 0; k < inner; k += 16) {
        __m512 values = _mm512_maskz_loadu_ps(
            vectors_wide_mask(inner - k), source + row * stride + k);
        values = _mm512_mul_ps(values, _mm512_set1_ps(factor));
        largest = _mm512_max_epu32(largest, vectors_float16_magnitude(values));
      }
    }
    __m512i fields = vectors_float16_exponents(
        _mm512_set1_epi32((int)_mm512_reduce_max_epu32(largest)));
    factors[row] = _mm512_mul_ps(vectors_float16_factors(fields), _mm512_set1_ps(factor));
    inverses[row] = _mm512_cvtss_f32(vectors_float16_inverses(fields));
  }
  for (long k = 0; k < inner; k += 16) {
    __mmask16 mask = vectors_wide_mask(inner - k);
    long rest = inner - k < 16 ? inner - k : 16;
    __m256i low[8], high[8];
#pragma unroll
    for (long row = 0; row < 8; row++) {
      __m512 values = _mm512_setzero_ps();
      if (row < count) {
        values = _mm512_mul_ps(
            _mm512_maskz_loadu_ps(mask, source + row * stride + k), factors[row]);
      }
      __m512i words = _mm512_cvtepu16_epi32(_mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
      if (isLeft) words = _mm512_or_si512(words, _mm512_slli_epi32(words, 16));
      low[row] = _mm512_castsi512_si256(words);
      high[row] = _mm512_extracti64x4_epi64(words, 1);
    }
    vectors_wide_transpose(low);
    vectors_wide_transpose(high);
    for (long index = 0; index < rest; index++) {
      __m256i words = index < 8 ? low[index] : high[index - 8];
      if (isLeft) {
        _mm256_storeu_si256((__m256i *)((uint32_t *)panel + (k + index) * width), words);
      } else {
        _mm_storeu_si128(
            (__m128i *)((uint16_t *)panel + (k + index) * width), _mm256_cvtepi32_epi16(words));
      }
    }
  }
}

/// Packs `count ≤ 16` columns of `inner` rows, `stride` apart, into places for 16 of panels.
///
/// - inverses: receives 8 factors, and 8 at `second_inverses`.
/// - panel: receives, for every k, 8 words and 8 at `second` if `isLeft`, else 16 halves; `width` apart.
VECTORS_FLOAT16 void vectors_float16_pack_columns(
    const float *source, long stride, long count, long inner, float factor, float *inverses,
    float *second_inverses, void *panel, void *second, int isLeft, long width) {
  __mmask16 mask = vectors_wide_mask(count);
  __m512i largest = _mm512_setzero_si512();
  for (long k = 0; k < inner; k++) {
    __m512 values = _mm512_maskz_loadu_ps(mask, source + k * stride);
    _mm_prefetch((const char *)(source + (k + 8) * stride), _MM_HINT_T0);
    values = _mm512_mul_ps(values, _mm512_set1_ps(factor));
    largest = _mm512_max_epu32(largest, vectors_float16_magnitude(values));
  }
  __m512i fields = vectors_float16_exponents(largest);
  __m512 factors = _mm512_mul_ps(vectors_float16_factors(fields), _mm512_set1_ps(factor));
  __m512 inverted = vectors_float16_inverses(fields);
  _mm256_storeu_ps(inverses, _mm512_castps512_ps256(inverted));
  if (second_inverses) _mm256_storeu_ps(second_inverses, _mm512_extractf32x8_ps(inverted, 1));
  for (long k = 0; k < inner; k++) {
    __m512 values = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, source + k * stride), factors);
    __m256i halves = _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT);
    if (isLeft) {
      __m512i words = _mm512_cvtepu16_epi32(halves);
      words = _mm512_or_si512(words, _mm512_slli_epi32(words, 16));
      _mm256_storeu_si256(
          (__m256i *)((uint32_t *)panel + k * width), _mm512_castsi512_si256(words));
      if (second) {
        _mm256_storeu_si256(
            (__m256i *)((uint32_t *)second + k * width), _mm512_extracti64x4_epi64(words, 1));
      }
    } else {
      _mm256_storeu_si256((__m256i *)((uint16_t *)panel + k * width), halves);
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

#define FLOAT16_FUNCTION VECTORS_FLOAT16 void vectors_float16_emulated_multiply
#define FLOAT16_FMA(left, right, sum) vectors_float16_emulated_fma(left, right, sum)
#include "float16_product.h"
#undef FLOAT16_FUNCTION
#undef FLOAT16_FMA

#define VECTORS_FLOAT16_NATIVE \
  static inline __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,fma,f16c,avx512fp16")))
#define FLOAT16_FUNCTION VECTORS_FLOAT16_NATIVE void vectors_float16_multiply
#define FLOAT16_FMA(left, right, sum) \
  (__m512i)_mm512_fmadd_ph((__m512h)(left), (__m512h)(right), (__m512h)(sum))
#include "float16_product.h"
#undef FLOAT16_FUNCTION
#undef FLOAT16_FMA

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
