/// What is done to text before it is cut into pieces: Unicode normal forms and simple rewriting.

import CICU

/// Rewrites text in steps, as a tokenizer.json's `normalizer` says.
struct Normalizer: Sendable {
  /// A Unicode normal form.
  enum Form: String {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"
  }

  /// One thing done to the text.
  enum Step: Sendable {
    case form(Form)
    case lowercase
    case stripAccents
    case strip(left: Bool, right: Bool)
    case replace(TextMatcher, [UInt8])
    case prepend([UInt8])
  }

  let steps: [Step]

  /// Reads `normalizer` of a tokenizer.json.
  init(_ json: JSONValue) throws(TokenizerError) { steps = try Normalizer.steps(json) }

  /// Whether text stays as it is.
  var isEmpty: Bool { steps.isEmpty }

  /// Whether the parts of a text can be rewritten apart when the second starts with an ASCII
  /// character.
  var isLocal: Bool {
    steps.allSatisfy {
      switch $0 {
      case .form, .lowercase, .stripAccents: true
      default: false
      }
    }
  }

  private static func steps(_ json: JSONValue) throws(TokenizerError) -> [Step] {
    if json.isNull { return [] }
    let type = json["type"].text ?? "?"
    if let form = Form(rawValue: type) { return [.form(form)] }
    switch type {
    case "Sequence":
      var steps: [Step] = []
      for element in json["normalizers"].elements {
        steps.append(contentsOf: try Normalizer.steps(element))
      }
      return steps
    case "Lowercase": return [.lowercase]
    case "StripAccents": return [.stripAccents]
    case "Strip":
      return [
        .strip(
          left: json["strip_left"].truth ?? true, right: json["strip_right"].truth ?? true)
      ]
    case "Replace":
      let content = json["content"].text ?? ""
      return [.replace(try TextMatcher(json["pattern"]), Array(content.utf8))]
    case "Prepend": return [.prepend(Array((json["prepend"].text ?? "").utf8))]
    default: throw .unsupported("the normalizer \(type)")
    }
  }

  /// The rewritten text.
  func apply(_ text: [UInt8]) -> [UInt8] {
    var text = text
    for step in steps { text = Normalizer.apply(step, text) }
    return text
  }

  private static func apply(_ step: Step, _ text: [UInt8]) -> [UInt8] {
    switch step {
    case .form(let form): return normalize(text, form)
    case .lowercase: return mapCharacters(text) { $0.properties.lowercaseMapping }
    case .stripAccents:
      return mapCharacters(text) {
        UnicodeClasses.of($0) & UnicodeClasses.mark != 0 && isKnown($0.value) ? "" : String($0)
      }
    case .strip(let left, let right): return strip(text, left: left, right: right)
    case .replace(let matcher, let content):
      var result: [UInt8] = []
      var position = 0
      for match in text.withUnsafeBufferPointer({ matcher.matches(in: $0) }) {
        result.append(contentsOf: text[position..<match.lowerBound])
        result.append(contentsOf: content)
        position = match.upperBound
      }
      result.append(contentsOf: text[position...])
      return result
    case .prepend(let prefix): return text.isEmpty ? text : prefix + text
    }
  }

  private static func strip(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
    text.withUnsafeBufferPointer { buffer in
      guard var start = buffer.baseAddress else { return text }
      var end = start + buffer.count
      let table = UnicodeClasses.table
      while left, start < end {
        let (found, count) = classify(start, end, table)
        if found & UnicodeClasses.whitespace == 0 { break }
        start += count
      }
      while right, start < end {
        let last = characterStart(before: end, notBefore: start)
        if classify(last, end, table).class & UnicodeClasses.whitespace == 0 { break }
        end = last
      }
      return Array(UnsafeBufferPointer(start: start, count: end - start))
    }
  }

  /// Replaces every character; bytes that are not UTF-8 stay.
  private static func mapCharacters(
    _ text: [UInt8], _ change: (Unicode.Scalar) -> String
  ) -> [UInt8] {
    text.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return text }
      let end = start + buffer.count
      var position = start
      var result: [UInt8] = []
      result.reserveCapacity(text.count)
      while position < end {
        if let (value, count) = scalar(at: position, end), let scalar = Unicode.Scalar(value) {
          result.append(contentsOf: change(scalar).utf8)
          position += count
        } else {
          result.append(position[0])
          position += 1
        }
      }
      return result
    }
  }

  /// Whether a character is of Unicode 9.0 or before, the version by which Hugging Face normalises.
  ///
  /// Later characters stay as they are, as unassigned ones would, whatever the machine's ICU knows.
  private static func isKnown(_ value: UInt32) -> Bool {
    if value < 0x860 { return value != 0x7FD }
    guard let age = Unicode.Scalar(value)?.properties.age else { return false }
    return age.major <= 9
  }

  /// A Unicode normal form; only stretches with characters beyond ASCII go through ICU, and bytes
  /// that are not UTF-8 stay and separate what stands on either side.
  private static func normalize(_ text: [UInt8], _ form: Form) -> [UInt8] {
    text.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return text }
      let end = start + buffer.count
      var position = start
      var result: [UInt8] = []
      result.reserveCapacity(text.count)
      var stretch: [UInt16] = []
      while position < end {
        var next = position
        while next < end, next[0] < 0x80 { next += 1 }
        if next < end, next > position { next -= 1 }
        result.append(contentsOf: UnsafeBufferPointer(start: position, count: next - position))
        position = next
        if position == end { break }
        stretch.removeAll(keepingCapacity: true)
        if position[0] < 0x80 {
          stretch.append(UInt16(position[0]))
          position += 1
        }
        while position < end, position[0] >= 0x80, let (value, count) = scalar(at: position, end),
          isKnown(value)
        {
          if value < 0x1_0000 {
            stretch.append(UInt16(value))
          } else {
            stretch.append(UInt16(0xD7C0 + value >> 10))
            stretch.append(UInt16(0xDC00 | value & 0x3FF))
          }
          position += count
        }
        appendNormalized(stretch, form, to: &result)
        if position < end, position[0] >= 0x80 {
          let count = scalar(at: position, end)?.count ?? 1
          result.append(contentsOf: UnsafeBufferPointer(start: position, count: count))
          position += count
        }
      }
      return result
    }
  }

  private static func appendNormalized(
    _ units: [UInt16], _ form: Form, to result: inout [UInt8]
  ) {
    if units.isEmpty { return }
    var code = U_ZERO_ERROR
    let instance =
      switch form {
      case .nfc: unorm2_getNFCInstance(&code)
      case .nfd: unorm2_getNFDInstance(&code)
      case .nfkc: unorm2_getNFKCInstance(&code)
      case .nfkd: unorm2_getNFKDInstance(&code)
      }
    var target = [UInt16](repeating: 0, count: units.count * 3 + 32)
    var count = unorm2_normalize(
      instance, units, Int32(units.count), &target, Int32(target.count), &code)
    if code == U_BUFFER_OVERFLOW_ERROR {
      code = U_ZERO_ERROR
      target = [UInt16](repeating: 0, count: Int(count))
      count = unorm2_normalize(
        instance, units, Int32(units.count), &target, Int32(target.count), &code)
    }
    let normalized = icu_failed(code) == 0 ? target[..<Int(count)] : units[...]
    result.append(contentsOf: String(decoding: normalized, as: UTF16.self).utf8)
  }
}
