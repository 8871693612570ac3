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

  /// A token as tokenizer.json spells it: printable bytes as themselves, the others as the
  /// characters that GPT-2 gave them (`Ġ` is a space, `Ċ` a line end); special tokens as they are.
  static func spelled(_ token: Token, by tokenizer: Tokenizer) -> String {
    let bytes = tokenizer.bytes(of: token)
    if tokenizer.isSpecial(token) { return String(decoding: bytes, as: UTF8.self) }
    return String(String.UnicodeScalarView(bytes.map { alphabet[Int($0)] }))
  }

  /// GPT-2's character for every byte: Latin-1 where that is printable, else the next free one from
  /// U+0100 on.
  private static let alphabet: [Unicode.Scalar] = {
    var next = UInt16(0x100)
    return (0..<256).map { byte in
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
      if isPrintable { return Unicode.Scalar(UInt8(byte)) }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? " "
    }
  }()

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { "\\x" + Format.padded(String($0, radix: 16), 2, with: "0") }.joined()
  }
}
