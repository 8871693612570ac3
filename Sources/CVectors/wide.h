// What the packing of halves of both formats needs of AVX-512.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

#define VECTORS_WIDE \
  static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,fma")))

/// The first `count` of 16 lanes.
VECTORS_WIDE __mmask16 vectors_wide_mask(long count) {
  return (__mmask16)_bzhi_u32(0xffff, (unsigned)(count < 16 ? count < 0 ? 0 : count : 16));
}

/// The transpose of 8 × 8 words.
VECTORS_WIDE void vectors_wide_transpose(__m256i r[8]) {
  __m256i t0 = _mm256_unpacklo_epi32(r[0], r[1]), t1 = _mm256_unpackhi_epi32(r[0], r[1]);
  __m256i t2 = _mm256_unpacklo_epi32(r[2], r[3]), t3 = _mm256_unpackhi_epi32(r[2], r[3]);
  __m256i t4 = _mm256_unpacklo_epi32(r[4], r[5]), t5 = _mm256_unpackhi_epi32(r[4], r[5]);
  __m256i t6 = _mm256_unpacklo_epi32(r[6], r[7]), t7 = _mm256_unpackhi_epi32(r[6], r[7]);
  __m256i s0 = _mm256_unpacklo_epi64(t0, t2), s1 = _mm256_unpackhi_epi64(t0, t2);
  __m256i s2 = _mm256_unpacklo_epi64(t1, t3), s3 = _mm256_unpackhi_epi64(t1, t3);
  __m256i s4 = _mm256_unpacklo_epi64(t4, t6), s5 = _mm256_unpackhi_epi64(t4, t6);
  __m256i s6 = _mm256_unpacklo_epi64(t5, t7), s7 = _mm256_unpackhi_epi64(t5, t7);
  r[0] = _mm256_permute2x128_si256(s0, s4, 0x20), r[1] = _mm256_permute2x128_si256(s1, s5, 0x20);
  r[2] = _mm256_permute2x128_si256(s2, s6, 0x20), r[3] = _mm256_permute2x128_si256(s3, s7, 0x20);
  r[4] = _mm256_permute2x128_si256(s0, s4, 0x31), r[5] = _mm256_permute2x128_si256(s1, s5, 0x31);
  r[6] = _mm256_permute2x128_si256(s2, s6, 0x31), r[7] = _mm256_permute2x128_si256(s3, s7, 0x31);
}
#endif
