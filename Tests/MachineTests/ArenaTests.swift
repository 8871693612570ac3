import Machine
import Testing

struct ArenaTests {
  @Test("blocks are aligned to cache lines and do not overlap")
  func blocks() {
    let arena = Arena(capacity: 1 << 20)
    let first = arena.floats(3)
    let second = arena.floats(17)
    let third = arena.floats(1)
    #expect(UInt(bitPattern: first) % 64 == 0 && UInt(bitPattern: second) % 64 == 0)
    #expect(second - first == 16)
    #expect(third - second == 32)
    #expect(arena.usedBytes == (16 + 32 + 16) * 4)
  }

  @Test("a rewound arena hands out the same memory and remembers its peak")
  func rewind() {
    let arena = Arena(capacity: 1 << 20)
    _ = arena.floats(16)
    let mark = arena.usedBytes
    let block = arena.floats(1000)
    arena.rewind(to: mark)
    #expect(arena.floats(8) == block)
    #expect(arena.peakBytes == 64 + 4032)
  }

  @Test("discarding spares what shares a page with others")
  func discard() {
    let arena = Arena(capacity: 1 << 20)
    let count = 100_000
    let block = arena.floats(count)
    block.update(repeating: 1, count: count)
    Arena.discard(block + 100, count: count - 200)
    let left = (0..<count).filter { block[$0] == 1 }
    #expect(left.count < 200 + 2 * 16_384)
    #expect(Set(left).isSuperset(of: 0..<100) && Set(left).isSuperset(of: count - 100..<count))
    Arena.discard(block, count: 10)
    #expect(block[0] == 1)
  }
}
