/// Memory of fixed size that tables of the encoder live in.

import Glibc

/// A block of memory, freed with its owner; its users see to it that one thread writes.
///
/// Large zeroed blocks come from the system page by page as they are touched.
final class FlatTable<Element: BitwiseCopyable>: @unchecked Sendable {
  /// The first element.
  let base: UnsafeMutablePointer<Element>
  /// The number of elements.
  let count: Int
  private let mappedBytes: Int

  /// Allocates `count` elements whose bytes are `byte`.
  init(count: Int, filledWith byte: UInt8 = 0) {
    self.count = count
    let size = max(count, 1) * MemoryLayout<Element>.stride
    if byte == 0, size >= 1 << 16,
      let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      pages != MAP_FAILED
    {
      base = pages.bindMemory(to: Element.self, capacity: count)
      mappedBytes = size
      return
    }
    mappedBytes = 0
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: byte, count: size)
    base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit {
    if mappedBytes > 0 {
      munmap(base, mappedBytes)
    } else {
      UnsafeMutableRawPointer(base).deallocate()
    }
  }
}

/// Mixes two words into one; every bit of the result depends on every bit of both.
@inline(__always)
func mix(_ first: UInt64, _ second: UInt64) -> UInt64 {
  let product = (first ^ 0x9E37_79B9_7F4A_7C15)
    .multipliedFullWidth(by: second ^ 0xD6E8_FEB8_6659_FD93)
  return product.high ^ product.low
}

/// A hash of some bytes.
@inline(__always)
func hash(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
  let raw = UnsafeRawPointer(start)
  var result = UInt64(truncatingIfNeeded: count)
  var offset = 0
  while offset + 8 <= count {
    result = mix(result, raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    offset += 8
  }
  if offset < count {
    var tail: UInt64 = 0
    while offset < count {
      tail = tail << 8 | UInt64(start[offset])
      offset += 1
    }
    result = mix(result, tail)
  }
  return mix(result, 0x2545_F491_4F6C_DD1D)
}

/// The least power of two that is at least `count`.
func powerOfTwo(atLeast count: Int) -> Int {
  count <= 1 ? 1 : 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
}
