// The block of registers of float16.h, included once for each way to multiply halves: FLOAT16_FUNCTION
// declares it, FLOAT16_FMA adds a product to a sum, FLOAT16_ADD adds two sums.

/// `c = left · right (+ bias) (+ addend)` of one panel each: `rows ≤ 8` by `columns ≤ 48`.
FLOAT16_FUNCTION(
    const float *left_panel, const float *right_panel, long pairs, const float *bias,
    const float *addend, long addend_stride, float *c, long stride, long rows, long columns) {
  const uint32_t *left = (const uint32_t *)(left_panel + vectors_float16_rows);
  const uint32_t *right = (const uint32_t *)(right_panel + vectors_float16_columns);
  // In memory, whatever the compiler thinks: in registers they would push the sums out.
  __m512i memory[8][3];
  __m512i(*totals)[3] = memory;
  __asm__ volatile("" : "+r"(totals) : : "memory");
  for (long start = 0; start < pairs || start == 0; start += vectors_float16_chain) {
    __m512i sums[8][3];
#pragma unroll
    for (long row = 0; row < 8; row++) {
#pragma unroll
      for (long j = 0; j < 3; j++) sums[row][j] = _mm512_setzero_si512();
    }
    long rest = pairs - start < vectors_float16_chain ? pairs - start : vectors_float16_chain;
#pragma unroll 4
    for (long pair = 0; pair < rest; pair++) {
      __m512i r0 = _mm512_loadu_si512(right), r1 = _mm512_loadu_si512(right + 16);
      __m512i r2 = _mm512_loadu_si512(right + 32);
#pragma unroll
      for (long row = 0; row < 8; row++) {
        __m512i l = _mm512_set1_epi32((int)left[row]);
        sums[row][0] = FLOAT16_FMA(l, r0, sums[row][0]);
        sums[row][1] = FLOAT16_FMA(l, r1, sums[row][1]);
        sums[row][2] = FLOAT16_FMA(l, r2, sums[row][2]);
      }
      // Both come from the second cache; the right one's next panel follows this one.
      _mm_prefetch((const char *)(left + 24 * 8), _MM_HINT_T0);
      _mm_prefetch((const char *)(right + 12 * 48), _MM_HINT_T0);
      _mm_prefetch((const char *)(right + 12 * 48 + 16), _MM_HINT_T0);
      _mm_prefetch((const char *)(right + 12 * 48 + 32), _MM_HINT_T0);
      left += 8;
      right += 48;
    }
#pragma unroll
    for (long row = 0; row < 8; row++) {
#pragma unroll
      for (long j = 0; j < 3; j++) {
        __m512i sum = sums[row][j];
        if (start > 0) sum = FLOAT16_ADD(sum, _mm512_load_si512(&totals[row][j]));
        _mm512_store_si512(&totals[row][j], sum);
      }
    }
  }
  __m512 column_factors[3];
#pragma unroll
  for (long j = 0; j < 3; j++) column_factors[j] = _mm512_loadu_ps(right_panel + 16 * j);
  for (long row = 0; row < rows; row++) {
    __m512 row_factor = _mm512_set1_ps(left_panel[row]);
#pragma unroll
    for (long j = 0; j < 3; j++) {
      __mmask16 mask = vectors_wide_mask(columns - 16 * j);
      __m512i both = _mm512_load_si512(&totals[row][j]);
      __m512i sum = FLOAT16_ADD(both, _mm512_srli_epi32(both, 16));
      __m512 value = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(sum));
      value = _mm512_mul_ps(value, _mm512_mul_ps(row_factor, column_factors[j]));
      if (bias) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, bias + 16 * j));
      if (addend) {
        value = _mm512_add_ps(
            value, _mm512_maskz_loadu_ps(mask, addend + row * addend_stride + 16 * j));
      }
      _mm512_mask_storeu_ps(c + row * stride + 16 * j, mask, value);
    }
  }
}
