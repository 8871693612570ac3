/// What the system gets back of freed memory.

import Glibc
import Machine
import Testing

@Suite("Freed memory")
struct FreedMemoryTests {
  static let page = 4_096

  /// The pages wholly inside `size` bytes at `address` that are in memory.
  static func resident(_ address: UInt, _ size: Int) -> Int {
    let first = (address + UInt(page) - 1) / UInt(page) * UInt(page)
    let count = (Int(address) + size - Int(first)) / page
    var pages = [UInt8](repeating: 0, count: count)
    if mincore(UnsafeMutableRawPointer(bitPattern: first), count * page, &pages) != 0 {
      // ENOMEM: what is not even mapped any more. Anything else says nothing.
      return errno == ENOMEM ? 0 : count
    }
    return pages.count { $0 & 1 != 0 }
  }

  @Test("what lies between blocks in use is given back")
  func givesBack() async {
    // A process of its own: runs of other tests give memory back as well.
    await #expect(processExitsWith: .success) {
      // Blocks below the size that the allocator asks the system for one by one; a small one in use
      // behind each keeps their neighbours from becoming the end of the heap.
      let (count, size) = (2_048, 96 << 10)
      var blocks: [UnsafeMutableRawPointer] = []
      var walls: [UnsafeMutableRawPointer] = []
      for _ in 0..<count {
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        block.initializeMemory(as: UInt8.self, repeating: 1, count: size)
        blocks.append(block)
        walls.append(.allocate(byteCount: 64, alignment: 16))
      }
      defer { for block in walls { block.deallocate() } }
      let addresses = blocks.map { UInt(bitPattern: $0) }
      for block in blocks { block.deallocate() }
      let pages = count * size / FreedMemoryTests.page
      let kept = addresses.reduce(0) { $0 + FreedMemoryTests.resident($1, size) }
      #expect(kept > pages / 2, "The allocator keeps nothing by itself: \(kept) pages.")
      FreedMemory.giveBack()
      let left = addresses.reduce(0) { $0 + FreedMemoryTests.resident($1, size) }
      #expect(left < pages / 4, "\(left) pages")
    }
  }
}
