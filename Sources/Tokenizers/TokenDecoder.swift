/// Turning tokens back into bytes, as a tokenizer.json's `decoder` says.

/// The steps from a token's text to the bytes it adds to the output.
struct TokenDecoder: Sendable {
  private enum Step: Sendable {
    case replace([UInt8], [UInt8])
    case byteFallback
    case strip([UInt8], left: Int, right: Int)
    case metaspace([UInt8], dropsFirst: Bool)
  }

  /// What has to be remembered from token to token.
  struct State {
    fileprivate var isFirst = true
    fileprivate var leftToStrip: Int
  }

  private var steps: [Step] = []
  private var isFused = false
  private var stripped: [UInt8] = []
  private var stripCount = 0

  /// Reads `decoder` of a tokenizer.json; a byte-level vocabulary needs no steps.
  init(_ json: JSONValue, isByteLevel: Bool) throws(TokenizerError) {
    if json.isNull { return }
    let parts = json["type"].text == "Sequence" ? json["decoders"].elements : [json]
    for part in parts {
      let type = part["type"].text ?? "?"
      if isByteLevel {
        if type != "ByteLevel" && type != "Fuse" {
          throw .unsupported("the decoder \(type) for a byte-level vocabulary")
        }
        continue
      }
      try append(part, type)
    }
  }

  private mutating func append(_ json: JSONValue, _ type: String) throws(TokenizerError) {
    let content = Array((json["content"].text ?? "").utf8)
    switch type {
    case "Fuse": isFused = true
    case "Replace" where !isFused:
      guard let pattern = json["pattern"]["String"].text else {
        throw .unsupported("a Replace decoder with a regular expression")
      }
      steps.append(.replace(Array(pattern.utf8), content))
    case "ByteFallback" where !isFused: steps.append(.byteFallback)
    case "Strip":
      let left = json["start"].integer ?? 0
      let right = json["stop"].integer ?? 0
      if !isFused {
        steps.append(.strip(content, left: left, right: right))
      } else if right == 0, stripCount == 0 {
        stripped = content
        stripCount = left
      } else {
        throw .unsupported("a Strip decoder at the end of the text")
      }
    case "Metaspace" where !isFused:
      let legacy = json["add_prefix_space"].truth == false ? "never" : "always"
      let prefix = json["prepend_scheme"].text ?? legacy
      steps.append(
        .metaspace(
          Array((json["replacement"].text ?? "▁").utf8), dropsFirst: prefix != "never"))
    default:
      throw .unsupported("the decoder \(type)\(isFused ? " after Fuse" : "")")
    }
  }

  /// The state before the first token.
  func start() -> State { State(leftToStrip: stripCount) }

  /// Appends the bytes of a token whose text is `text`.
  func append(_ text: ArraySlice<UInt8>, _ state: inout State, to result: inout [UInt8]) {
    if steps.isEmpty && state.leftToStrip == 0 {
      result.append(contentsOf: text)
      return
    }
    var text = Array(text)
    for step in steps { text = apply(step, text, isFirst: state.isFirst) }
    state.isFirst = false
    while state.leftToStrip > 0, !text.isEmpty {
      if text.starts(with: stripped) {
        text.removeFirst(stripped.count)
        state.leftToStrip -= 1
      } else {
        state.leftToStrip = 0
      }
    }
    result.append(contentsOf: text)
  }

  private func apply(_ step: Step, _ text: [UInt8], isFirst: Bool) -> [UInt8] {
    switch step {
    case .replace(let wanted, let content): return replacing(wanted, with: content, in: text)
    case .metaspace(let wanted, let dropsFirst):
      return replacing(
        wanted, with: isFirst && dropsFirst ? [] : [UInt8(ascii: " ")], in: text)
    case .byteFallback:
      guard text.count == 6, text.starts(with: Array("<0x".utf8)), text[5] == UInt8(ascii: ">"),
        let byte = UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
      else { return text }
      return [byte]
    case .strip(let content, let left, let right):
      var text = text[...]
      for _ in 0..<left where text.starts(with: content) { text.removeFirst(content.count) }
      for _ in 0..<right where text.reversed().starts(with: content.reversed()) {
        text.removeLast(content.count)
      }
      return Array(text)
    }
  }

  private func replacing(_ wanted: [UInt8], with content: [UInt8], in text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    for match in text.withUnsafeBufferPointer({ TextMatcher.literal(wanted).matches(in: $0) }) {
      result.append(contentsOf: text[position..<match.lowerBound])
      result.append(contentsOf: content)
      position = match.upperBound
    }
    result.append(contentsOf: text[position...])
    return result
  }
}
