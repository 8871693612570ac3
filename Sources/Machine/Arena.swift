/// Memory reserved once and handed out by moving a mark: no allocation inside a training step.

import CMachine
import Glibc

/// A region of address space whose pages come into being when they are first touched.
///
/// Reserving a terabyte costs nothing; `peakBytes` says what was used. Blocks start at multiples of
/// 64 bytes and hold whatever was there before. Huge pages are asked for, so that a walk through
/// hundreds of megabytes does not miss the translation cache at every step.
///
/// - SeeAlso: mmap(2) with `MAP_NORESERVE`, madvise(2) with `MADV_HUGEPAGE`.
public final class Arena: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// The bytes reserved, not used.
  public let capacity: Int
  /// The mark: blocks lie below it.
  public private(set) var usedBytes = 0
  /// The highest mark so far.
  public private(set) var peakBytes = 0

  /// The most that one arena reserves. The thread sanitizer, which makes data races visible in tests,
  /// knows only a part of the address space.
  private static let most = dlsym(nil, "__tsan_init") == nil ? 1 << 44 : 1 << 32

  /// Reserves `capacity` bytes of address space.
  public init(capacity: Int = 1 << 40) {
    let capacity = min(capacity, Self.most)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let base = mmap(nil, capacity, PROT_READ | PROT_WRITE, flags, -1, 0),
      base != MAP_FAILED
    else {
      preconditionFailure(
        "The system refused \(capacity) bytes of address space (ulimit -v may be set).")
    }
    madvise(base, capacity, MADV_HUGEPAGE)
    self.base = base
    self.capacity = capacity
  }

  deinit { munmap(base, capacity) }

  /// A block of `count` floats with unspecified contents, valid until the mark is rewound below it.
  public func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    let start = usedBytes
    usedBytes += (count * MemoryLayout<Float>.stride + 63) & ~63
    precondition(usedBytes <= capacity, "The arena is full.")
    peakBytes = max(peakBytes, usedBytes)
    return (base + start).bindMemory(to: Float.self, capacity: count)
  }

  /// Gives back the pages that lie wholly within `count` floats from `start` on, of any arena; what
  /// was there is lost.
  public static func discard(_ start: UnsafeMutablePointer<Float>, count: Int) {
    let page = Int(getpagesize())
    let first = (Int(bitPattern: start) + page - 1) & -page
    let end = Int(bitPattern: start + count) & -page
    guard end > first, let address = UnsafeMutableRawPointer(bitPattern: first) else { return }
    madvise(address, end - first, MADV_DONTNEED)
  }

  /// Frees every block handed out since `usedBytes` was `mark`.
  public func rewind(to mark: Int = 0) {
    precondition(mark <= usedBytes, "An arena rewinds, it does not skip.")
    usedBytes = mark
  }
}
