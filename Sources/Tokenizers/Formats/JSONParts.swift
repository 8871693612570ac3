/// Reading a long list of JSON in parts on all threads.

import Glibc
import Machine

/// What a part of a list is read into.
protocol JSONListPart {
  /// Reads an element of an array, or a name and its value of an object.
  mutating func readElement(_ reader: inout JSONReader) throws(TokenizerError)
}

/// How a list is written.
struct JSONListForm {
  /// The bracket before it.
  let opening: Unicode.Scalar
  /// The bracket behind it.
  let closing: Unicode.Scalar

  static let array = JSONListForm(opening: "[", closing: "]")
  static let object = JSONListForm(opening: "{", closing: "}")
}

extension JSONReader {
  /// A part and where the reader was when it was full.
  private struct Outcome<Part> {
    var part: Part
    var end = 0
    var isLast = false
    var error: TokenizerError?
  }

  /// Shorter lists are read in one part.
  private static var leastDivided: Int { 1 << 17 }

  /// Reads a list whose elements do not depend on each other; parts come in the order of the list.
  ///
  /// Where a part starts is guessed, by how elements of the list begin and end; a guess that the part
  /// before does not come upon is dropped. `expectedEnd` is about where the list ends. `make` gets
  /// the number of bytes from which a part is read at most.
  mutating func parts<Part: JSONListPart>(
    _ form: JSONListForm, expectedEnd: Int, make: (_ byteCount: Int) -> Part
  ) throws(TokenizerError) -> [Part] {
    try expect(form.opening)
    if try take(form.closing) { return [] }
    let kind = try peek()
    let first = offset
    let last = max(min(expectedEnd, bytes.count), first)
    var starts = [first]
    let pool = Workers.shared
    let wanted = last - first < JSONReader.leastDivided ? 1 : pool.count * 4
    for part in 1..<max(wanted, 2) where part < wanted {
      let guess = first + (last - first) * part / wanted
      if let start = elementStart(after: guess, form, kind), start > starts[starts.count - 1] {
        starts.append(start)
      }
    }
    var outcomes: [Outcome<Part>?] = Array(repeating: nil, count: starts.count)
    outcomes.withUnsafeMutableBufferPointer { outcomes in
      nonisolated(unsafe) let outcomes = outcomes
      pool.share(starts.count) { (index: Int) in
        let end = index + 1 < starts.count ? starts[index + 1] : bytes.count
        outcomes[index] = readPart(form, starts[index]..<end, make)
      }
    }
    var result: [Part] = []
    var index = 0
    while true {
      guard let outcome = outcomes[index] else { return result }
      if let error = outcome.error { throw error }
      result.append(outcome.part)
      seek(outcome.end)
      if outcome.isLast { return result }
      index += 1
      if index == starts.count || starts[index] != outcome.end {
        outcomes[0] = readPart(form, outcome.end..<bytes.count, make)
        starts = [outcome.end]
        index = 0
      }
    }
  }

  /// About where an array starts that is a member further on, by its name; the end if there is none.
  func expectedStart(of name: String) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    let wanted = Array("\"\(name)\":".utf8)
    var place = offset
    // Brackets are rarer in a vocabulary than quotation marks.
    while place < bytes.count, let found = memchr(start + place, 0x5B, bytes.count - place) {
      let bracket = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - start
      let before = bytes[offset..<bracket].suffix(64).filter { $0 > 0x20 }
      if before.suffix(wanted.count) == wanted[...] { return bracket }
      place = bracket + 1
    }
    return bytes.count
  }

  private func readPart<Part: JSONListPart>(
    _ form: JSONListForm, _ range: Range<Int>, _ make: (Int) -> Part
  ) -> Outcome<Part> {
    var reader = JSONReader(bytes)
    reader.seek(range.lowerBound)
    var outcome = Outcome(part: make(range.count))
    do throws(TokenizerError) {
      while true {
        try outcome.part.readElement(&reader)
        if try !reader.take(",") {
          try reader.expect(form.closing)
          outcome.isLast = true
          break
        }
        _ = try reader.peek()
        if reader.offset >= range.upperBound { break }
      }
    } catch {
      outcome.error = error
    }
    outcome.end = reader.offset
    return outcome
  }

  /// Where an element seems to start soon after a place: behind a comma that has on both sides what
  /// stands at the ends of elements. In a string that can be so as well.
  private func elementStart(after place: Int, _ form: JSONListForm, _ kind: UInt8) -> Int? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 10 || byte == 13 || byte == 9 }
    for comma in place..<min(place + 4096, bytes.count) where bytes[comma] == UInt8(ascii: ",") {
      var before = comma - 1
      while before > 0, isSpace(bytes[before]) { before -= 1 }
      var behind = comma + 1
      while behind < bytes.count, isSpace(bytes[behind]) { behind += 1 }
      guard before >= 0, behind < bytes.count, bytes[behind] == kind else { continue }
      let isEnd =
        switch kind {
        case UInt8(ascii: "["): bytes[before] == UInt8(ascii: "]")
        case _ where form.closing == "}": (0x30...0x39).contains(bytes[before])
        default: bytes[before] == kind
        }
      if isEnd { return behind }
    }
    return nil
  }
}
