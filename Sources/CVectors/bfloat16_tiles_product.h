// The blocks of bfloat16_tiles.h, included once for the instructions of AMX and once for their emulation.
// TILES_FUNCTION declares what TILES_NAME names; TILES_BEGIN and TILES_END enclose the use of tiles.
// All of them are undefined at the end.

/// `c = left · right (+ bias) (+ addend)` of packed operands, every block begun with what is added.
///
/// Tiles 0 to 3 hold sums, 4 and 5 rows of the left operand, 6 and 7 columns of the right one. A panel
/// of rows meets all columns before the next does, which writes the result in its order: the right
/// operand should fit a second cache.
TILES_FUNCTION void TILES_NAME(multiply)(
    const uint32_t *left, const uint32_t *right, long rows, long columns, long groups,
    const float *bias, const float *addend, long addend_stride, float *c, long stride) {
  float copy[32 * 32] __attribute__((aligned(64)));
  TILES_BEGIN
  for (long row = 0; row < rows; row += 32) {
    for (long column = 0; column < columns; column += 32) {
      long height = rows - row < 32 ? rows - row : 32;
      long width = columns - column < 32 ? columns - column : 32;
      int is_whole = height == 32 && width == 32;
      float *target = c + row * stride + column;
      const float *start = addend ? addend + row * addend_stride + column : 0;
      const float *biases = bias ? bias + column : 0;
      long start_stride = addend_stride;
      if (start && biases || (start || biases) && !is_whole) {
        vectors_tiles_start(biases, start, addend_stride, copy, height, width);
        start = copy, start_stride = 32;
      } else if (biases) {
        // One row for all.
        start = biases, start_stride = 0;
      }
      if (start) {
        TILE_LOAD(0, start, 4 * start_stride);
        TILE_LOAD(1, start + 16, 4 * start_stride);
        TILE_LOAD(2, start + 16 * start_stride, 4 * start_stride);
        TILE_LOAD(3, start + 16 * start_stride + 16, 4 * start_stride);
      } else {
        TILE_ZERO(0);
        TILE_ZERO(1);
        TILE_ZERO(2);
        TILE_ZERO(3);
      }
      const uint32_t *l = left + row * 16 * groups, *r = right + column * 16 * groups;
      for (long group = 0; group < groups; group++) {
        TILE_LOAD(4, l, 64);
        TILE_LOAD(6, r, 128);
        TILE_LOAD(7, r + 16, 128);
        TILE_MULTIPLY(0, 4, 6);
        TILE_MULTIPLY(1, 4, 7);
        TILE_LOAD(5, l + 256, 64);
        TILE_MULTIPLY(2, 5, 6);
        TILE_MULTIPLY(3, 5, 7);
        l += 512;
        r += 512;
      }
      float *end = is_whole ? target : copy;
      long end_stride = is_whole ? stride : 32;
      TILE_STORE(0, end, 4 * end_stride);
      TILE_STORE(1, end + 16, 4 * end_stride);
      TILE_STORE(2, end + 16 * end_stride, 4 * end_stride);
      TILE_STORE(3, end + 16 * end_stride + 16, 4 * end_stride);
      if (!is_whole) vectors_tiles_finish(copy, target, stride, height, width);
    }
  }
  TILES_END
}

#undef TILES_FUNCTION
#undef TILES_NAME
#undef TILES_BEGIN
#undef TILES_END
#undef TILE_ZERO
#undef TILE_LOAD
#undef TILE_STORE
#undef TILE_MULTIPLY
