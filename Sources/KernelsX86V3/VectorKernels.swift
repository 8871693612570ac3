/// The kernels of this instruction set, under one name.

import KernelInterface

/// Every kernel, compiled for the instruction set of this module.
///
/// The sources are compiled once per instruction set. They use concrete types and raw pointers
/// only: a generic function or a closure would leave a weak symbol holding wide instructions, which
/// the linker might choose for the whole program.
public enum VectorKernels: KernelSet {
  /// The instruction set, for people.
  public static var name: String {
    #if AVX512
    "x86-64-v4 (AVX-512)"
    #elseif arch(x86_64)
    "x86-64-v3 (AVX2)"
    #else
    "arm64 (NEON)"
    #endif
  }
}
