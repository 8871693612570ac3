/// The kernels of this processor, chosen once.

@_exported import KernelInterface
import KernelsX86V3
import Machine

#if arch(x86_64)
import KernelsX86V4
#endif

// /// The kernels that this processor runs fastest.
// public let kernels: any KernelSet.Type = …
