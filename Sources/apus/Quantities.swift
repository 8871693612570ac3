/// Sizes, counts and times as people write them: `250M`, `4GiB`, `1h30m`.

import ArgumentParser

/// A number of things: `4096`, `4_096`, `16k`, `2.5M`, `1B`.
package struct Count: Equatable, Sendable {
  package var value: Int

  package init(_ value: Int) { self.value = value }

  /// Reads decimal suffixes k, M, B (or G) and T; nil for anything else, fractions of one included.
  package init?(argument: String) {
    let scales = ["k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12]
    guard let (number, suffix) = split(argument),
      let scale = suffix.isEmpty ? 1 : scales[suffix.lowercased()],
      let value = whole(number * scale)
    else { return nil }
    self.value = value
  }
}

/// A number of bytes: `65536`, `64kB`, `4MiB`, `2GB`.
package struct ByteCount: Equatable, Sendable {
  package var value: Int

  package init(_ value: Int) { self.value = value }

  /// Reads decimal (kB, MB, GB, TB) and binary (KiB, MiB, GiB, TiB) units.
  package init?(argument: String) {
    guard let (number, suffix) = split(argument) else { return nil }
    var unit = suffix.lowercased()
    if unit.hasSuffix("b") { unit.removeLast() }
    let base: Double = unit.hasSuffix("i") ? 1024 : 1000
    if unit.hasSuffix("i") { unit.removeLast() }
    guard let power = ["", "k", "m", "g", "t"].firstIndex(of: unit) else { return nil }
    guard let value = whole(number * (0..<power).reduce(1) { scale, _ in scale * base }) else {
      return nil
    }
    self.value = value
  }
}

/// A time: `90s`, `15m`, `2h`, `1h30m`, `1.5d`; a bare number is seconds.
package struct TimeSpan: Equatable, Sendable {
  package var seconds: Double

  package init(seconds: Double) { self.seconds = seconds }

  /// Reads one or more numbers, each with its unit: s, m (or min), h, d.
  package init?(argument: String) {
    let units = ["": 1.0, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400]
    var total = 0.0
    var rest = argument[...]
    repeat {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(unit.count)
      guard let number = Double(digits), let scale = units[unit.lowercased()],
        !unit.isEmpty || digits.count == argument.count
      else { return nil }
      total += number * scale
    } while !rest.isEmpty
    guard total > 0 else { return nil }
    seconds = total
  }
}

extension Count: ExpressibleByArgument {
  package var defaultValueDescription: String { "\(value)" }
}
extension ByteCount: ExpressibleByArgument {}
extension TimeSpan: ExpressibleByArgument {}

/// A number and the letters after it.
private func split(_ text: String) -> (number: Double, suffix: String)? {
  let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "_" }
  let suffix = text.dropFirst(digits.count)
  guard let number = Double(digits.filter { $0 != "_" }), suffix.allSatisfy(\.isLetter) else {
    return nil
  }
  return (number, String(suffix))
}

/// `number` if it is whole and an `Int`.
private func whole(_ number: Double) -> Int? {
  let rounded = number.rounded()
  return abs(number - rounded) < 1e-6 * max(1, number) ? Int(exactly: rounded) : nil
}
