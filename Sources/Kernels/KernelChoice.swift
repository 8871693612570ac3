/// The kernels of this processor, chosen once.

@_exported import KernelInterface
import KernelsX86V3
import Machine

#if arch(x86_64)
import KernelsX86V4
#endif

/// The kernels that this processor runs fastest.
public let kernels: any KernelSet.Type = kernelSets[kernelSets.count - 1]

/// Every set of kernels that this processor can run, the fastest last.
public let kernelSets: [any KernelSet.Type] = {
  #if arch(x86_64)
  if Processor.hasWideVectors {
    return [KernelsX86V3.VectorKernels.self, KernelsX86V4.VectorKernels.self]
  }
  #endif
  return [KernelsX86V3.VectorKernels.self]
}()
