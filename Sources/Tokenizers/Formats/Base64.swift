/// Base 64 of RFC 4648, for vocabulary files.

/// Bytes as text of 64 characters and back.
enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
  }()

  /// Appends what `text` stands for; false if it is not base 64.
  static func decode(_ text: Slice<UnsafeBufferPointer<UInt8>>, into result: inout [UInt8]) -> Bool
  {
    let values = Base64.values
    var bits: UInt32 = 0
    var count = 0
    var padding = 0
    for digit in text {
      if digit == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      let value = values[Int(digit)]
      if value == 0xFF || padding > 0 { return false }
      bits = bits << 6 | UInt32(value)
      count += 1
      if count % 4 != 1 {
        let shift = UInt32(6 - 2 * ((count - 1) % 4))
        result.append(UInt8(truncatingIfNeeded: bits >> shift))
      }
    }
    return padding < 3 && (count + padding) % 4 == 0 && count % 4 != 1
  }

  /// Appends the text of some bytes, padded.
  static func encode(_ bytes: ArraySlice<UInt8>, into result: inout [UInt8]) {
    var rest = bytes
    while let first = rest.popFirst() {
      let second = rest.popFirst()
      let third = rest.popFirst()
      let bits = UInt32(first) << 16 | UInt32(second ?? 0) << 8 | UInt32(third ?? 0)
      result.append(digits[Int(bits >> 18)])
      result.append(digits[Int(bits >> 12 & 63)])
      result.append(second == nil ? UInt8(ascii: "=") : digits[Int(bits >> 6 & 63)])
      result.append(third == nil ? UInt8(ascii: "=") : digits[Int(bits & 63)])
    }
  }
}
