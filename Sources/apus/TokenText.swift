/// Tokens on a screen: every byte visible, nothing lost.

import Tokenizers

/// How tokens and words are shown to a person.
package enum TokenText {
  /// The bytes between quotation marks; line ends, control characters and broken characters as
  /// escapes.
  package static func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = (1...4).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
      let part = rest.prefix(length ?? 1)
      rest = rest.dropFirst(part.count)
      guard length != nil else {
        text += hexadecimal(part)
        continue
      }
      switch part.first {
      case UInt8(ascii: "\n"): text += "\\n"
      case UInt8(ascii: "\t"): text += "\\t"
      case UInt8(ascii: "\r"): text += "\\r"
      case UInt8(ascii: "\""): text += "\\\""
      case UInt8(ascii: "\\"): text += "\\\\"
      case let byte? where byte < 0x20 || byte == 0x7F: text += hexadecimal(part)
      default: text += String(decoding: part, as: UTF8.self)
      }
    }
    return text + "\""
  }

  /// A text between quotation marks.
  package static func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { "\\x" + Format.padded(String($0, radix: 16), 2, with: "0") }.joined()
  }
}
