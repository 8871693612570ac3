/// Tokens in one of the forms that `apus tokenize` writes.

import ArgumentParser
import Distributed
import Tokenizers

/// How tokens are written.
enum TokenFormat: String, ExpressibleByArgument, CaseIterable {
  /// Decimal ids separated by spaces, one line a document.
  case ids
  /// Tokens as tokenizer.json spells them (`Ġ` is a space), one line a document.
  case pieces
  /// Unsigned 16-bit integers, little-endian, nothing between documents.
  case u16
  /// Unsigned 32-bit integers, little-endian, nothing between documents.
  case u32

  /// Whether the form is no text.
  var isBinary: Bool { self == .u16 || self == .u32 }
}

/// Tokens of parts of documents as bytes, made on any thread.
struct RenderedTokens: Sendable {
  /// What is written.
  private(set) var bytes: [UInt8] = []
  /// Tokens rendered.
  private(set) var tokens = 0
  /// Documents that end here.
  private(set) var documents = 0
  /// The bytes of text behind the tokens.
  var textBytes = 0
  /// Whether the first part goes on with a line that was begun before, and adds to it.
  fileprivate private(set) var joinsLine = false
  /// Whether the last line is not at its end and has a token.
  fileprivate private(set) var isInsideLine = false

  /// Appends the tokens of a part of a document; `starts` and `ends` say which part.
  mutating func append(
    _ list: [Token], as format: TokenFormat, spelling tokenizer: Tokenizer, starts: Bool, ends: Bool
  ) {
    if !starts, !list.isEmpty { joinsLine = true }
    switch format {
    case .u16: append(list, width: 2)
    case .u32: append(list, width: 4)
    case .ids: append(decimals: list)
    case .pieces:
      for token in list {
        separate()
        bytes.append(contentsOf: TokenText.spelled(token, by: tokenizer).utf8)
      }
    }
    tokens += list.count
    if !ends { return }
    documents += 1
    isInsideLine = false
    if !format.isBinary { bytes.append(UInt8(ascii: "\n")) }
  }

  private mutating func separate() {
    if isInsideLine { bytes.append(UInt8(ascii: " ")) }
    isInsideLine = true
  }

  private mutating func append(_ list: [Token], width: Int) {
    bytes.append(
      contentsOf: [UInt8](unsafeUninitializedCapacity: list.count * width) { target, count in
        let raw = UnsafeMutableRawBufferPointer(target)
        for index in 0..<list.count {
          if width == 2 {
            raw.storeBytes(
              of: UInt16(truncatingIfNeeded: list[index]).littleEndian, toByteOffset: index &* 2,
              as: UInt16.self)
          } else {
            raw.storeBytes(
              of: list[index].littleEndian, toByteOffset: index &* 4, as: UInt32.self)
          }
        }
        count = list.count * width
      })
  }

  private mutating func append(decimals list: [Token]) {
    var needsSpace = isInsideLine
    bytes.append(
      contentsOf: [UInt8](unsafeUninitializedCapacity: list.count * 11) { target, count in
        for token in list {
          if needsSpace {
            target[count] = UInt8(ascii: " ")
            count += 1
          }
          needsSpace = true
          var digits = 1
          var limit: UInt64 = 10
          while UInt64(token) >= limit {
            digits += 1
            limit *= 10
          }
          var rest = token
          for place in stride(from: count + digits - 1, through: count, by: -1) {
            target[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
          }
          count += digits
        }
      })
    if !list.isEmpty { isInsideLine = true }
  }
}

extension RenderedTokens {
  private var numbers: [Int] {
    [bytes.count, tokens, documents, textBytes, joinsLine ? 1 : 0, isInsideLine ? 1 : 0]
  }

  /// Sends this to another process, which makes it anew with `init(from:of:)`.
  func send(to process: Int, of processes: any Communicator) {
    numbers.withUnsafeBytes { processes.send($0, to: process, tag: Tag.result).wait() }
    if bytes.isEmpty { return }
    bytes.withUnsafeBytes { processes.send($0, to: process, tag: Tag.result).wait() }
  }

  /// What another process has sent.
  init(from process: Int, of processes: any Communicator) {
    var numbers = [Int](repeating: 0, count: 6)
    numbers.withUnsafeMutableBytes {
      processes.receive($0, from: process, tag: Tag.result).wait()
    }
    bytes = [UInt8](repeating: 0, count: numbers[0])
    if !bytes.isEmpty {
      bytes.withUnsafeMutableBytes {
        processes.receive($0, from: process, tag: Tag.result).wait()
      }
    }
    tokens = numbers[1]
    documents = numbers[2]
    textBytes = numbers[3]
    joinsLine = numbers[4] == 1
    isInsideLine = numbers[5] == 1
  }
}

/// Writes rendered tokens in order and counts them.
struct TokenWriter: ~Copyable {
  private let format: TokenFormat
  private var output: Output
  private var isInsideLine = false
  /// Tokens written.
  private(set) var tokens = 0
  /// Documents written.
  private(set) var documents = 0
  /// The bytes of text behind them.
  private(set) var textBytes = 0

  /// Writes to a file, or to standard output if `path` is nil or `-`.
  init(_ path: String?, format: TokenFormat) throws {
    self.format = format
    output = try Output(path)
  }

  /// Writes what follows on what was written before.
  mutating func write(_ rendered: RenderedTokens) throws {
    if !format.isBinary, isInsideLine, rendered.joinsLine { try output.write(" ") }
    try output.write(rendered.bytes)
    // A part without tokens, or nothing but the end of a line, leaves no line begun.
    if rendered.documents > 0 || rendered.tokens > 0 { isInsideLine = rendered.isInsideLine }
    tokens += rendered.tokens
    documents += rendered.documents
    textBytes += rendered.textBytes
    if output.isStandardOutput { try output.flush() }
  }

  /// Completes the output.
  mutating func finish() throws { try output.finish() }
}
