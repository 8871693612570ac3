/// The kernels of this instruction set, under one name.

import KernelInterface

/// Every kernel, compiled for the instruction set of this module.
public enum VectorKernels {
}
