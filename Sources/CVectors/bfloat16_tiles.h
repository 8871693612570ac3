// Products of bfloat16 operands summed in float by tiles of 16 × 16 floats, for processors with AMX.
//
// A word is the pair of elements k and k + 1, as in bfloat16.h. A panel holds 32 rows of the left
// operand or 32 columns of the right one, 32 elements of each after the other: a left panel row by row,
// 16 words each, a right panel pair by pair, a word of each column. What is missing from the last
// 32 elements is zero on both sides.
#pragma once
#if defined(__x86_64__)
#include "bfloat16.h"

/// Rows of a left panel, columns of a right one, and the elements of each that lie side by side.
enum { vectors_tiles_side = 32 };

/// The transpose of 16 × 16 words.
VECTORS_BFLOAT16 void vectors_tiles_transpose(__m512i r[16]) {
  __m512i t[16];
#pragma unroll
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma unroll
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // Column 4 · lane + i of rows 4 · (i / 4) and on lies in lane `lane` of r[i].
#pragma unroll
  for (int i = 0; i < 4; i++) {
    __m512i low = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    __m512i high = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    __m512i low2 = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    __m512i high2 = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    t[i] = _mm512_shuffle_i32x4(low, low2, 0x88);
    t[i + 8] = _mm512_shuffle_i32x4(low, low2, 0xdd);
    t[i + 4] = _mm512_shuffle_i32x4(high, high2, 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(high, high2, 0xdd);
  }
#pragma unroll
  for (int i = 0; i < 16; i++) r[i] = t[i];
}

/// Packs `count` rows of `inner` elements, `stride` apart, as rows of left panels, or as columns of
/// right ones; what is missing from the last panel is zero.
VECTORS_BFLOAT16 void vectors_tiles_pack_rows(
    const float *source, long stride, long count, long inner, float factor, uint32_t *panels,
    int isLeft) {
  __m512 factors = _mm512_set1_ps(factor);
  long groups = (inner + 31) / 32, padded = (count + 31) / 32 * 32;
  for (long first = 0; first < padded; first += 16) {
    uint32_t *panel = panels + first / 32 * 512 * groups + first % 32 * (isLeft ? 16 : 1);
    for (long group = 0; group < groups; group++, panel += 512) {
      __mmask16 low = vectors_wide_mask(inner - 32 * group);
      __mmask16 high = vectors_wide_mask(inner - 32 * group - 16);
      __m512i words[16];
#pragma unroll
      for (long row = 0; row < 16; row++) {
        words[row] = _mm512_setzero_si512();
        if (first + row < count) {
          const float *address = source + (first + row) * stride + 32 * group;
          words[row] = (__m512i)_mm512_cvtne2ps_pbh(
              _mm512_mul_ps(_mm512_maskz_loadu_ps(high, address + 16), factors),
              _mm512_mul_ps(_mm512_maskz_loadu_ps(low, address), factors));
        }
      }
      if (!isLeft) vectors_tiles_transpose(words);
#pragma unroll
      for (long i = 0; i < 16; i++) _mm512_storeu_si512(panel + i * (isLeft ? 16 : 32), words[i]);
    }
  }
}

/// Packs `count` columns of `inner` rows, `stride` apart, as columns of right panels, or as rows of
/// left ones; what is missing from the last panel is zero.
VECTORS_BFLOAT16 void vectors_tiles_pack_columns(
    const float *source, long stride, long count, long inner, float factor, uint32_t *panels,
    int isLeft) {
  __m512 factors = _mm512_set1_ps(factor);
  long groups = (inner + 31) / 32, padded = (count + 31) / 32 * 32;
  for (long group = 0; group < groups; group++) {
    for (long first = 0; first < padded; first += 16) {
      uint32_t *panel =
          panels + first / 32 * 512 * groups + 512 * group + first % 32 * (isLeft ? 16 : 1);
      __mmask16 mask = vectors_wide_mask(count - first);
      __m512i words[16];
#pragma unroll
      for (long pair = 0; pair < 16; pair++) {
        long k = 32 * group + 2 * pair;
        const float *address = source + k * stride + first;
        __m512 low = _mm512_setzero_ps(), high = low;
        if (k < inner) low = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, address), factors);
        if (k + 1 < inner)
          high = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, address + stride), factors);
        words[pair] = vectors_bfloat16_words(low, high);
      }
      if (isLeft) vectors_tiles_transpose(words);
#pragma unroll
      for (long i = 0; i < 16; i++) _mm512_storeu_si512(panel + i * (isLeft ? 16 : 32), words[i]);
    }
  }
}

/// `bias + addend` of a block at an edge, or of one that has both; rows of `copy` are 32 apart.
VECTORS_BFLOAT16 void vectors_tiles_start(
    const float *bias, const float *addend, long stride, float *copy, long rows, long columns) {
  for (long row = 0; row < 32; row++) {
    for (long column = 0; column < 32; column += 16) {
      __mmask16 mask = row < rows ? vectors_wide_mask(columns - column) : 0;
      __m512 value = bias ? _mm512_maskz_loadu_ps(mask, bias + column) : _mm512_setzero_ps();
      if (addend)
        value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, addend + row * stride + column));
      _mm512_store_ps(copy + 32 * row + column, value);
    }
  }
}

/// Writes what a block at an edge has of the result.
VECTORS_BFLOAT16 void vectors_tiles_finish(
    const float *copy, float *c, long stride, long rows, long columns) {
  for (long row = 0; row < rows; row++) {
    for (long column = 0; column < columns; column += 16) {
      _mm512_mask_storeu_ps(
          c + row * stride + column, vectors_wide_mask(columns - column),
          _mm512_load_ps(copy + 32 * row + column));
    }
  }
}

/// Tiles of processors without AMX: 16 rows of 16 words.
typedef struct {
  __m512i rows[16];
} vectors_emulated_tile;

VECTORS_BFLOAT16 void vectors_tiles_emulated_multiply_add(
    vectors_emulated_tile *sum, const vectors_emulated_tile *left,
    const vectors_emulated_tile *right) {
  const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
  for (int row = 0; row < 16; row++) {
    __m512 first = _mm512_setzero_ps(), second = first;
    for (int k = 0; k < 16; k++) {
      __m512i l = _mm512_set1_epi32(((const int *)&left->rows[row])[k]), r = right->rows[k];
      first = _mm512_fmadd_ps(
          (__m512)_mm512_slli_epi32(l, 16), (__m512)_mm512_slli_epi32(r, 16), first);
      second = _mm512_fmadd_ps(
          (__m512)_mm512_and_si512(l, upper), (__m512)_mm512_and_si512(r, upper), second);
    }
    sum->rows[row] = (__m512i)_mm512_add_ps(
        (__m512)sum->rows[row], _mm512_add_ps(first, second));
  }
}

#define TILES_FUNCTION VECTORS_BFLOAT16
#define TILES_NAME(name) vectors_tiles_emulated_##name
#define TILES_BEGIN vectors_emulated_tile tiles[8];
#define TILES_END
#define TILE_ZERO(tile) __builtin_memset(&tiles[tile], 0, sizeof tiles[tile])
#define TILE_LOAD(tile, address, stride)                                        \
  for (int i = 0; i < 16; i++)                                                  \
    tiles[tile].rows[i] = _mm512_loadu_si512((const char *)(address) + i * (stride))
#define TILE_STORE(tile, address, stride)                                       \
  for (int i = 0; i < 16; i++)                                                  \
    _mm512_storeu_si512((char *)(address) + i * (stride), tiles[tile].rows[i])
#define TILE_MULTIPLY(sum, left, right) \
  vectors_tiles_emulated_multiply_add(&tiles[sum], &tiles[left], &tiles[right])
#include "bfloat16_tiles_product.h"

#define VECTORS_TILES_NATIVE                                                    \
  static inline __attribute__((                                                 \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,bmi2,fma,amx-tile,amx-bf16")))

/// Eight tiles of 16 rows of 64 bytes. Loading it costs less than a block, so every product does.
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} vectors_tiles_configuration;

static const vectors_tiles_configuration vectors_tiles_all __attribute__((aligned(64))) = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

#define TILES_FUNCTION VECTORS_TILES_NATIVE
#define TILES_NAME(name) vectors_tiles_##name
#define TILES_BEGIN _tile_loadconfig(&vectors_tiles_all);
#define TILES_END _tile_release();
#define TILE_ZERO(tile) _tile_zero(tile)
#define TILE_LOAD(tile, address, stride) _tile_loadd(tile, address, stride)
#define TILE_STORE(tile, address, stride) _tile_stored(tile, address, stride)
#define TILE_MULTIPLY(sum, left, right) _tile_dpbf16ps(sum, left, right)
#include "bfloat16_tiles_product.h"

/// `4 · 16,384` FLOPs a round that touch no memory: the limit of every product.
VECTORS_TILES_NATIVE float vectors_tiles_registers(long rounds) {
  float sums[16 * 16] __attribute__((aligned(64)));
  _tile_loadconfig(&vectors_tiles_all);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(6);
  for (long round = 0; round < rounds; round++) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 6);
    _tile_dpbf16ps(2, 4, 6);
    _tile_dpbf16ps(3, 4, 6);
  }
  _tile_stored(0, sums, 64);
  _tile_release();
  return sums[0];
}
#endif
