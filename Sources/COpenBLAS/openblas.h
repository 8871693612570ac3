#pragma once
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

// Present in builds that choose their kernels at start; absent from single-processor builds.
void gotoblas_dynamic_quit(void) __attribute__((weak));
void gotoblas_dynamic_init(void) __attribute__((weak));

/// OpenBLAS up to 0.3.24 takes Intel processors newer than itself for a Prescott (SSE3) and runs
/// 6 to 10 times too slow (OpenMathLib/OpenBLAS#4267). Its choice is made before `main`, so it is
/// made again here. Call before the first product; returns the name of the core in force.
static inline const char *openblas_correct_core(void) {
#if defined(__x86_64__)
  if (getenv("OPENBLAS_CORETYPE") || strcmp(openblas_get_corename(), "Prescott") ||
      !gotoblas_dynamic_init || !gotoblas_dynamic_quit)
    return openblas_get_corename();
  __builtin_cpu_init();
  const char *core = __builtin_cpu_supports("avx512f") ? "SkylakeX"
                     : __builtin_cpu_supports("avx2")  ? "Haswell"
                                                       : 0;
  if (core) {
    setenv("OPENBLAS_CORETYPE", core, 0);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
  }
#endif
  return openblas_get_corename();
}
