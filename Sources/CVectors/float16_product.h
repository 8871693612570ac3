// The block of registers of float16.h, included once for each way to multiply halves: FLOAT16_FUNCTION
// declares it, FLOAT16_FMA adds a product to a sum.

/// `c = left · right (+ bias) (+ addend)` of one panel each: `rows ≤ 8` by `columns ≤ 96`.
FLOAT16_FUNCTION(
    const float *left_panel, const float *right_panel, long inner, const float *bias,
    const float *addend, long addend_stride, float *c, long stride, long rows, long columns) {
  const float *row_factors = left_panel, *column_factors = right_panel;
  const uint32_t *left = (const uint32_t *)(left_panel + 8);
  const uint16_t *right = (const uint16_t *)(right_panel + 96);
  float totals[8][96] __attribute__((aligned(64)));
  for (long start = 0; start < inner || start == 0; start += vectors_float16_block) {
    long end = start + vectors_float16_block < inner ? start + vectors_float16_block : inner;
    __m512i sums[8][3];
#pragma unroll
    for (long row = 0; row < 8; row++) {
#pragma unroll
      for (long j = 0; j < 3; j++) sums[row][j] = _mm512_setzero_si512();
    }
    for (long k = start; k < end; k++) {
      __m512i r0 = _mm512_loadu_si512(right), r1 = _mm512_loadu_si512(right + 32);
      __m512i r2 = _mm512_loadu_si512(right + 64);
#pragma unroll
      for (long row = 0; row < 8; row++) {
        __m512i l = _mm512_set1_epi32((int)left[row]);
        sums[row][0] = FLOAT16_FMA(l, r0, sums[row][0]);
        sums[row][1] = FLOAT16_FMA(l, r1, sums[row][1]);
        sums[row][2] = FLOAT16_FMA(l, r2, sums[row][2]);
      }
      left += 8;
      right += 96;
    }
#pragma unroll
    for (long row = 0; row < 8; row++) {
#pragma unroll
      for (long j = 0; j < 3; j++) {
        float *total = totals[row] + 32 * j;
        __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(sums[row][j]));
        __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(sums[row][j], 1));
        if (start > 0) {
          low = _mm512_add_ps(low, _mm512_load_ps(total));
          high = _mm512_add_ps(high, _mm512_load_ps(total + 16));
        }
        _mm512_store_ps(total, low);
        _mm512_store_ps(total + 16, high);
      }
    }
  }
  for (long row = 0; row < rows; row++) {
    __m512 factor = _mm512_set1_ps(row_factors[row]);
    for (long column = 0; column < columns; column += 16) {
      __mmask16 mask = vectors_wide_mask(columns - column);
      __m512 value = _mm512_mul_ps(
          _mm512_load_ps(totals[row] + column),
          _mm512_mul_ps(factor, _mm512_loadu_ps(column_factors + column)));
      if (bias) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, bias + column));
      if (addend) {
        value = _mm512_add_ps(
            value, _mm512_maskz_loadu_ps(mask, addend + row * addend_stride + column));
      }
      _mm512_mask_storeu_ps(c + row * stride + column, mask, value);
    }
  }
}
