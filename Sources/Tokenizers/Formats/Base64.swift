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

  /// Writes what `text` stands for, at most three bytes for four, and returns how many; nil if it is
  /// not base 64.
  static func decode(
    _ text: UnsafeBufferPointer<UInt8>, to target: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    var count = text.count
    if count % 4 != 0 { return nil }
    while count > 0, text.count - count < 2, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
    if count % 4 == 1 { return nil }
    return values.withUnsafeBufferPointer { values in
      var bits: UInt32 = 0
      var used = 0
      for index in 0..<count {
        let value = values[Int(text[index])]
        if value == 0xFF { return nil }
        bits = bits &<< 6 | UInt32(value)
        if index & 3 == 0 { continue }
        target[used] = UInt8(truncatingIfNeeded: bits &>> (6 &- 2 &* UInt32(index & 3)))
        used &+= 1
      }
      return used
    }
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
