/// Reading characters from bytes that may not be UTF-8: each byte that is not part of a valid
/// character counts as one character of no class.

/// A position in bytes.
typealias BytePointer = UnsafePointer<UInt8>

/// A character's code point and its length in bytes; nil for a byte that starts no valid character.
///
/// Overlong forms, surrogates, and forms cut short by `end` are not valid.
@inline(__always)
func scalar(at start: BytePointer, _ end: BytePointer) -> (value: UInt32, count: Int)? {
  let first = start[0]
  if first < 0x80 { return (UInt32(first), 1) }
  let available = end - start
  if first < 0xC2 || available < 2 { return nil }
  let second = start[1]
  if second & 0xC0 != 0x80 { return nil }
  if first < 0xE0 { return (UInt32(first & 0x1F) << 6 | UInt32(second & 0x3F), 2) }
  if available < 3 { return nil }
  let third = start[2]
  if third & 0xC0 != 0x80 { return nil }
  if first < 0xF0 {
    let value = UInt32(first & 0x0F) << 12 | UInt32(second & 0x3F) << 6 | UInt32(third & 0x3F)
    if value < 0x800 || (value >= 0xD800 && value < 0xE000) { return nil }
    return (value, 3)
  }
  if first >= 0xF5 || available < 4 { return nil }
  let fourth = start[3]
  if fourth & 0xC0 != 0x80 { return nil }
  let high = UInt32(first & 0x07) << 18 | UInt32(second & 0x3F) << 12
  let value = high | UInt32(third & 0x3F) << 6 | UInt32(fourth & 0x3F)
  return value < 0x1_0000 || value > 0x10_FFFF ? nil : (value, 4)
}

/// The class of the character at `start` and its length in bytes.
@inline(__always)
func classify(
  _ start: BytePointer, _ end: BytePointer, _ table: UnicodeClasses.Table
) -> (class: CharacterClass, count: Int) {
  let first = start[0]
  if first < 0x80 { return (table.latin(first), 1) }
  guard let (value, count) = scalar(at: start, end) else { return (0, 1) }
  return (table[Int(value)], count)
}

/// The start of the character that ends at `position`, not before `start`.
@inline(__always)
func characterStart(before position: BytePointer, notBefore start: BytePointer) -> BytePointer {
  var lead = position - 1
  var steps = 0
  while lead > start, lead[0] & 0xC0 == 0x80, steps < 3 {
    lead -= 1
    steps += 1
  }
  if let (_, count) = scalar(at: lead, position), lead + count == position { return lead }
  return position - 1
}
