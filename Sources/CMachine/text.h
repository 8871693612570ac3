// What Swift cannot reach in text: a vector comparison as a mask of bits, and prefetching.
#pragma once
#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

/// Which of 64 bytes are what; bit i stands for byte i.
typedef struct {
  /// ASCII letters.
  uint64_t letters;
  /// ASCII letters of upper case.
  uint64_t uppers;
  /// ASCII digits.
  uint64_t digits;
  /// White space of ASCII.
  uint64_t spaces;
  /// LF and CR.
  uint64_t newlines;
  /// The space alone.
  uint64_t blanks;
  /// The apostrophe.
  uint64_t apostrophes;
  /// The slash.
  uint64_t slashes;
  /// Bytes that are not ASCII.
  uint64_t high;
} machine_text_masks;

#if defined(__AVX2__)
/// The upper bits of 32 bytes, by the instruction itself: given the intrinsic, the optimiser takes
/// masks apart bit by bit when they are combined.
static inline uint64_t machine_mask32(__m256i bytes) {
  uint64_t mask;
  __asm__("vpmovmskb %1, %k0" : "=r"(mask) : "x"(bytes));
  return mask;
}

/// The upper bits of 64 bytes of which the lower and the upper half are given.
static inline uint64_t machine_mask64(__m256i low, __m256i high) {
  return machine_mask32(low) | machine_mask32(high) << 32;
}

/// Bytes above `low` and below `high`, both of ASCII; signed, so that other bytes are not.
static inline __m256i machine_between(__m256i bytes, char low, char high) {
  return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(low)),
                          _mm256_cmpgt_epi8(_mm256_set1_epi8(high), bytes));
}
#endif

/// Tells the kinds of 64 bytes apart.
static inline machine_text_masks machine_classify64(const uint8_t *text) {
  machine_text_masks result;
#if defined(__AVX2__)
  __m256i a = _mm256_loadu_si256((const __m256i *)text);
  __m256i b = _mm256_loadu_si256((const __m256i *)(text + 32));
  __m256i bit = _mm256_set1_epi8(0x20);
  result.letters = machine_mask64(machine_between(_mm256_or_si256(a, bit), 'a' - 1, 'z' + 1),
                                  machine_between(_mm256_or_si256(b, bit), 'a' - 1, 'z' + 1));
  result.uppers =
      result.letters & ~machine_mask64(_mm256_slli_epi16(a, 2), _mm256_slli_epi16(b, 2));
  result.digits =
      machine_mask64(machine_between(a, '0' - 1, '9' + 1), machine_between(b, '0' - 1, '9' + 1));
  result.blanks = machine_mask64(_mm256_cmpeq_epi8(a, bit), _mm256_cmpeq_epi8(b, bit));
  result.spaces = result.blanks |
                  machine_mask64(machine_between(a, 8, 14), machine_between(b, 8, 14));
  __m256i feed = _mm256_set1_epi8('\n'), carriage = _mm256_set1_epi8('\r');
  result.newlines = machine_mask64(
      _mm256_or_si256(_mm256_cmpeq_epi8(a, feed), _mm256_cmpeq_epi8(a, carriage)),
      _mm256_or_si256(_mm256_cmpeq_epi8(b, feed), _mm256_cmpeq_epi8(b, carriage)));
  __m256i apostrophe = _mm256_set1_epi8('\''), slash = _mm256_set1_epi8('/');
  result.apostrophes =
      machine_mask64(_mm256_cmpeq_epi8(a, apostrophe), _mm256_cmpeq_epi8(b, apostrophe));
  result.slashes = machine_mask64(_mm256_cmpeq_epi8(a, slash), _mm256_cmpeq_epi8(b, slash));
  result.high = machine_mask64(a, b);
#else
  __builtin_memset(&result, 0, sizeof result);
  for (int i = 0; i < 64; i++) {
    uint8_t byte = text[i], folded = byte | 0x20;
    uint64_t bit = 1ULL << i;
    if (folded >= 'a' && folded <= 'z') result.letters |= bit;
    if (byte >= 'A' && byte <= 'Z') result.uppers |= bit;
    if (byte >= '0' && byte <= '9') result.digits |= bit;
    if (byte == ' ' || (byte > 8 && byte < 14)) result.spaces |= bit;
    if (byte == '\n' || byte == '\r') result.newlines |= bit;
    if (byte == ' ') result.blanks |= bit;
    if (byte == '\'') result.apostrophes |= bit;
    if (byte == '/') result.slashes |= bit;
    if (byte >= 0x80) result.high |= bit;
  }
#endif
  return result;
}

/// The place of the first least of `count` numbers; reads up to the next multiple of eight.
static inline int machine_first_least(const uint32_t *numbers, int count) {
#if defined(__AVX2__)
  __m256i least = _mm256_loadu_si256((const __m256i *)numbers);
  for (int i = 8; i < count; i += 8)
    least = _mm256_min_epu32(least, _mm256_loadu_si256((const __m256i *)(numbers + i)));
  least = _mm256_min_epu32(least, _mm256_permute2x128_si256(least, least, 1));
  least = _mm256_min_epu32(least, _mm256_shuffle_epi32(least, 0x4E));
  least = _mm256_min_epu32(least, _mm256_shuffle_epi32(least, 0xB1));
  for (int i = 0;; i += 8) {
    __m256i same = _mm256_cmpeq_epi32(least, _mm256_loadu_si256((const __m256i *)(numbers + i)));
    uint32_t mask = (uint32_t)machine_mask32(same);
    if (mask) return i + (__builtin_ctz(mask) >> 2);
  }
#else
  int place = 0;
  for (int i = 1; i < count; i++)
    if (numbers[i] < numbers[place]) place = i;
  return place;
#endif
}

/// Brings the cache line at an address nearer; the address need not exist.
static inline void machine_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
