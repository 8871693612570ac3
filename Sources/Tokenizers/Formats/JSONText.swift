/// Strings as JSON writes them: the one place that knows what must be escaped.

/// JSON strings (RFC 8259, section 7), from UTF-8.
package enum JSONText {
  /// Appends a string with its quotation marks, escaping what must be.
  package static func append(_ text: some Sequence<UInt8>, to result: inout [UInt8]) {
    result.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        result.append(UInt8(ascii: "\\"))
        result.append(byte)
      case 0x08: result.append(contentsOf: "\\b".utf8)
      case 0x09: result.append(contentsOf: "\\t".utf8)
      case 0x0A: result.append(contentsOf: "\\n".utf8)
      case 0x0C: result.append(contentsOf: "\\f".utf8)
      case 0x0D: result.append(contentsOf: "\\r".utf8)
      case ..<0x20:
        result.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
        result.append(contentsOf: String(byte, radix: 16).utf8)
      default: result.append(byte)
      }
    }
    result.append(UInt8(ascii: "\""))
  }

  /// `text` between quotation marks.
  package static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    append(text.utf8, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
