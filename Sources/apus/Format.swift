/// Numbers as people read them.

/// Short forms of numbers, and words that agree with them.
package enum Format {
  /// `number` with `digits` digits after the point.
  package static func fixed(_ number: Double, _ digits: Int) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (abs(number) * scale).rounded()
    let sign = number < 0 && scaled > 0 ? "-" : ""
    let whole = Int(scaled / scale)
    let fraction = Int(scaled - Double(whole) * scale)
    if digits == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole)." + padded("\(fraction)", digits, with: "0")
  }

  /// Three significant digits or more: 0.0123, 1.23, 12.3, 123, 1234.
  package static func short(_ number: Double) -> String {
    let size = abs(number)
    if size > 0, size < 1e-4 { return scientific(number) }
    return fixed(number, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4)
  }

  /// `4.2e-05`.
  package static func scientific(_ number: Double) -> String {
    guard number != 0, number.isFinite else { return "\(number)" }
    var exponent = 0
    var mantissa = number
    while abs(mantissa) < 1 {
      mantissa *= 10
      exponent -= 1
    }
    while abs(mantissa) >= 10 {
      mantissa /= 10
      exponent += 1
    }
    return fixed(mantissa, 2) + "e\(exponent)"
  }

  /// A number as `printf("%g")` writes it, near enough: six significant digits.
  package static func decimal(_ number: Double) -> String {
    let size = abs(number)
    guard number.isFinite, size > 0, size < 1e15 else { return "\(number)" }
    if size < 1e-4 { return scientific(number) }
    var digits = 5
    var limit = 10.0
    while size >= limit, digits > 0 {
      limit *= 10
      digits -= 1
    }
    return fixed(number, size < 1 ? 6 : digits)
  }

  /// `12.6 M`, `940`, `16.4 k`.
  package static func count(_ number: Int) -> String {
    scaled(Double(number), base: 1000, units: ["", "k", "M", "B", "T"])
  }

  /// `1.3 GiB`.
  package static func bytes(_ number: Int) -> String {
    scaled(Double(number), base: 1024, units: ["bytes", "KiB", "MiB", "GiB", "TiB"])
  }

  /// `1 234 567`: thousands apart.
  package static func grouped(_ number: Int) -> String {
    let digits = Array("\(abs(number))")
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += " " }
      text.append(digit)
    }
    return text
  }

  /// `42 s`, `3 min 20 s`, `2 h 10 min`, `4 d 3 h`.
  package static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "unknown time" }
    let total = Int(seconds.rounded())
    if seconds < 10 { return fixed(seconds, 1) + " s" }
    if total < 60 { return "\(total) s" }
    if total < 3600 { return "\(total / 60) min" + (total % 60 > 0 ? " \(total % 60) s" : "") }
    if total < 86_400 {
      return "\(total / 3600) h" + (total % 3600 >= 60 ? " \(total % 3600 / 60) min" : "")
    }
    return "\(total / 86_400) d" + (total % 86_400 >= 3600 ? " \(total % 86_400 / 3600) h" : "")
  }

  /// `1 document`, `3 documents`.
  package static func plural(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }

  /// `text` with `filler` in front up to `width` characters.
  package static func padded(_ text: String, _ width: Int, with filler: Character = " ") -> String {
    String(repeating: filler, count: max(0, width - text.count)) + text
  }

  /// `text` and spaces behind it.
  package static func paddedRight(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func scaled(_ number: Double, base: Double, units: [String]) -> String {
    var number = number
    var unit = 0
    while abs(number) >= base, unit < units.count - 1 {
      number /= base
      unit += 1
    }
    let text = unit == 0 ? fixed(number, 0) : short(number)
    return units[unit].isEmpty ? text : "\(text) \(units[unit])"
  }
}
