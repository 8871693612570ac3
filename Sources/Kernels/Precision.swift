/// What operands of big matrix products are rounded to; everything else is float32 always.

import KernelInterface
import Machine

/// The numbers that matrix products multiply. Sums, and all that lies between products, stay in
/// float32, and so do weights, gradients and optimizer states.
public enum Precision: String, Sendable, Codable, CaseIterable {
  /// Nothing is rounded.
  case fp32
  /// Operands to 8 bits of precision: AMX or AVX512-BF16.
  case bf16
  /// Operands, scaled by row and by column, to 11 bits, and short sums too: AVX512-FP16.
  case fp16

  /// Whether this processor has the instructions.
  public var isAvailable: Bool { panels != nil }

  /// The precision with the fastest products here: half precision where the processor computes
  /// more of it a second than of float32.
  public static var fastest: Precision {
    if Processor.hasBFloat16Tiles { return .bf16 }
    if fp16.isAvailable { return .fp16 }
    return bf16.isAvailable && Processor.hasFastBFloat16 ? .bf16 : .fp32
  }

  /// The attention of this precision: half precision where sums stay in float32 and that is faster.
  public var attention: any AttentionKernels.Type {
    #if arch(x86_64)
    if self == .bf16, Processor.hasBFloat16Tiles {
      return TiledAttention<PanelAttention<BFloat16TileKernels>>.self
    }
    if self == .bf16, Processor.hasFastBFloat16 { return TiledAttention<BFloat16Attention>.self }
    #endif
    return tiledAttention(kernels)
  }

  /// What multiplies in this precision, or nil if the processor lacks it.
  public var panels: (any PanelKernels.Type)? {
    switch self {
    case .fp32: return kernels
    case .bf16:
      #if arch(x86_64)
      if Processor.hasBFloat16Tiles { return BFloat16TileKernels.self }
      return Processor.hasBFloat16 ? BFloat16Kernels.self : nil
      #else
      return nil
      #endif
    case .fp16:
      #if arch(x86_64)
      return Processor.hasFloat16 ? Float16Kernels.self : nil
      #else
      return nil
      #endif
    }
  }
}
