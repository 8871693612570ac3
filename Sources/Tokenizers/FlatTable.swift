/// Memory of fixed size that tables of the encoder live in.

import Glibc

/// A block of memory, freed with its owner; its users see to it that one thread writes.
///
/// Large zeroed blocks come from the system page by page as they are touched, in huge pages where
/// the system has them.
final class FlatTable<Element: BitwiseCopyable>: @unchecked Sendable {
  /// The first element.
  let base: UnsafeMutablePointer<Element>
  /// The number of elements.
  let count: Int
  private let pages: UnsafeMutableRawPointer?
  private let pageBytes: Int

  /// Allocates `count` elements whose bytes are `byte`.
  init(count: Int, filledWith byte: UInt8 = 0) {
    self.count = count
    let size = max(count, 1) * MemoryLayout<Element>.stride
    let isHuge = size >= hugePageBytes
    let mapped = isHuge ? size + hugePageBytes : size
    if byte == 0, size >= 1 << 16,
      let pages = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      pages != MAP_FAILED
    {
      self.pages = pages
      pageBytes = mapped
      let start = isHuge ? pages.alignedUp(toMultipleOf: hugePageBytes) : pages
      // Before the first touch, and aligned: else it has no effect.
      if isHuge { madvise(start, size, MADV_HUGEPAGE) }
      base = start.bindMemory(to: Element.self, capacity: count)
      return
    }
    pages = nil
    pageBytes = 0
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: byte, count: size)
    base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit {
    if let pages {
      munmap(pages, pageBytes)
    } else {
      UnsafeMutableRawPointer(base).deallocate()
    }
  }
}

/// The size of a huge page on the machines apus runs on.
let hugePageBytes = 1 << 21

extension [Token] {
  /// Makes room for `extra` more tokens, in huge pages where it is much.
  mutating func makeRoom(for extra: Int) {
    let needed = count + extra
    if needed <= capacity { return }
    reserveCapacity(Swift.max(needed, 2 * capacity))
    let bytes = (capacity - count) * MemoryLayout<Token>.stride
    if bytes < 2 * hugePageBytes { return }
    let used = count
    withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let first = UnsafeMutableRawPointer(base + used).alignedUp(toMultipleOf: hugePageBytes)
      madvise(first, bytes - hugePageBytes, MADV_HUGEPAGE)
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
