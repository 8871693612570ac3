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
}
