// What Swift cannot reach: processor features, and the instructions that a waiting thread issues.
#pragma once
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/// The x86-64 level of this processor: 2, 3 (AVX2, FMA) or 4 (AVX-512 F, BW, CD, DQ, VL); 0 elsewhere.
static inline int machine_x86_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")))
    return 2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return 4;
  return 3;
#else
  return 0;
#endif
}

/// Whether this processor has AVX512-BF16: 2 if it computes twice as many of its products a second as
/// of float32 ones, as AMD's do; 1 if it has them at all.
static inline int machine_bfloat16(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!(__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("bmi2"))) return 0;
  return __builtin_cpu_is("amd") ? 2 : 1;
#else
  return 0;
#endif
}

/// Whether this processor multiplies halves (AVX512-FP16), 32 an instruction.
static inline int machine_float16(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512fp16") && __builtin_cpu_supports("bmi2");
#else
  return 0;
#endif
}

/// Whether this processor multiplies tiles of bfloat16 numbers (AMX), and the system lets this process,
/// which has to ask once, before any of its threads does.
static inline int machine_bfloat16_tiles(void) {
#if defined(__x86_64__) && defined(__linux__)
  unsigned a, b, c, d;
  const unsigned bfloat16 = 1u << 22, tiles = 1u << 24;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & bfloat16) || !(d & tiles)) return 0;
  enum { request_permission = 0x1023, tile_data = 18 };
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return 0;
#endif
}

/// Whether this processor multiplies bytes by fours in 512-bit registers (AVX512-VNNI).
static inline int machine_has_byte_products(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl");
#else
  return 0;
#endif
}

/// Tells the core that this thread spins.
static inline void machine_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Leaves the core to whoever wants it.
static inline void machine_yield(void) { syscall(SYS_sched_yield); }

/// Lets this thread treat denormal numbers as zero: they cost a hundred cycles each.
static inline void machine_flush_denormals(void) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#endif
}

/// The number of cores in this process's affinity mask (the C library hides its own call behind
/// a macro that Swift's importer does not define).
static inline int machine_cores(void) {
  unsigned long mask[128] = {0};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int cores = 0;
  for (long i = 0; i < bytes / (long)sizeof mask[0]; i++) cores += __builtin_popcountl(mask[i]);
  return cores > 0 ? cores : 1;
}

/// A hash of this process's affinity mask.
static inline unsigned long long machine_core_set(void) {
  unsigned long mask[128] = {0};
  syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  unsigned long long hash = 0xcbf29ce484222325ull;
  for (unsigned i = 0; i < 128; i++) hash = (hash ^ mask[i]) * 0x100000001b3ull;
  return hash;
}

/// Lets freed memory be used again instead of going back to the system, which would give it out as
/// pages that have to be cleared first.
static inline void machine_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
}

/// Gives the system back what was freed, wherever it lies.
static inline void machine_release_freed_memory(void) { malloc_trim(0); }
