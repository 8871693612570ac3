/// Dropout with a mask that is computed, not stored.

import KernelInterface

extension VectorKernels {
  /// `y = residual + x · mask / (1 − share)`; see the protocol.
  public static func dropout(
    _ x: Floats, residual: Floats?, into y: MutableFloats, count: Int, first: UInt32, key: UInt32,
    share: Float
  ) {
    let scale = every(1 / (1 - share))
    // 24 bits are compared, because a float holds no more.
    let limit = LaneBits(repeating: UInt32(share * 16_777_216))
    var places = LaneBits(repeating: 0)
    for lane in 0..<laneCount { places[lane] = UInt32(truncatingIfNeeded: lane) }
    places &+= LaneBits(repeating: first)
    let advance = LaneBits(repeating: UInt32(truncatingIfNeeded: laneCount))
    let mixer = LaneBits(repeating: key)
    var index = 0
    while index < count {
      let rest = count - index
      // The finaliser of MurmurHash3, twice keyed: neighbours share no pattern.
      var bits = (places &* LaneBits(repeating: 0x9e37_79b1)) ^ mixer
      bits = (bits ^ (bits &>> 16)) &* LaneBits(repeating: 0x85eb_ca6b)
      bits = (bits ^ (bits &>> 13)) &* LaneBits(repeating: 0xc2b2_ae35)
      bits = (bits ^ (bits &>> 16)) &+ mixer
      bits = (bits ^ (bits &>> 15)) &* LaneBits(repeating: 0x2c1b_3c6d)
      bits = bits ^ (bits &>> 12)
      let kept = (scale * load(x + index, rest)).replacing(
        with: every(0), where: (bits &>> 8) .< limit)
      if let residual {
        store(load(residual + index, rest) + kept, to: y + index, rest)
      } else {
        store(kept, to: y + index, rest)
      }
      places &+= advance
      index += laneCount
    }
  }
}
