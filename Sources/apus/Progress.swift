/// What a person who waits sees: how far, how fast, how long still.

import Glibc
import Machine

/// The progress of one long piece of work, on standard error.
///
/// A terminal gets one line that is redrawn at most ten times a second; anything else gets a plain
/// line every thirty seconds. Nothing appears in the first second.
package final class Progress {
  private let label: String
  private let unit: Unit
  private let isShown: Bool
  private let isTerminal = Console.isTerminal(STDERR_FILENO)
  private let start = Progress.now
  private var lastShown = Progress.now
  private var lineLength = 0

  /// What is counted.
  package enum Unit: Sendable {
    case bytes
    case tokens
    case documents
  }

  /// Progress of what `label` says ("tokenizing").
  init(_ label: String, unit: Unit, options: OutputOptions) {
    self.label = label
    self.unit = unit
    isShown = options.showsProgress
  }

  /// Seconds since some fixed moment.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Seconds since this work began.
  var seconds: Double { Progress.now - start }

  /// Shows how far the work is, unless it was shown a moment ago.
  ///
  /// - Parameters:
  ///   - total: What `done` will be at the end, or nil if nobody knows.
  ///   - share: How much is done, 0…1, where that is not `done / total`.
  ///   - note: More to say: a loss.
  ///   - rate: Units per second, where the average since the start would mislead.
  func update(
    done: Double, total: Double?, share: Double? = nil, note: @autoclosure () -> String = "",
    rate: Double? = nil, secondsLeft: Double? = nil
  ) {
    guard isShown else { return }
    let now = Progress.now
    guard now - start > 1, now - lastShown >= (isTerminal ? 0.1 : 30) else { return }
    lastShown = now
    let line = Progress.line(
      label: label, done: done, total: total, share: share, unit: unit, seconds: now - start,
      note: note(), rate: rate, secondsLeft: secondsLeft)
    if isTerminal {
      let shown = String(line.prefix(Console.columns - 1))
      let blank = String(repeating: " ", count: max(0, lineLength - shown.count))
      Console.sayInPlace("\r" + shown + blank)
      lineLength = shown.count
    } else {
      Console.say(line)
    }
  }

  /// Says a line of its own above the progress line.
  func say(_ text: String) {
    clear()
    Console.say(text)
  }

  /// Removes the progress line.
  func clear() {
    if lineLength > 0 {
      Console.sayInPlace("\r" + String(repeating: " ", count: lineLength) + "\r")
    }
    lineLength = 0
  }

  /// `training  12.3 of 41.1 k tokens  30%  5.2 k tokens/s  loss 3.21  20 s left`.
  package static func line(
    label: String, done: Double, total: Double?, share: Double? = nil, unit: Unit, seconds: Double,
    note: String = "", rate: Double? = nil, secondsLeft: Double? = nil
  ) -> String {
    let amount = { (value: Double) in
      switch unit {
      case .bytes: Format.bytes(Int(value))
      case .tokens: Format.count(Int(value)) + " tokens"
      case .documents: Format.plural(Int(value), "document")
      }
    }
    var parts = [label]
    parts.append(total.map { "\(amount(done)) of \(amount($0))" } ?? amount(done))
    let portion = share ?? total.map { $0 > 0 ? min(1, done / $0) : 1 }
    if let portion { parts.append("\(Int(portion * 100))%") }
    if seconds > 0 { parts.append("\(amount(rate ?? done / seconds))/s") }
    if !note.isEmpty { parts.append(note) }
    if let left = secondsLeft {
      parts.append("\(Format.time(left)) left")
    } else if let portion, portion > 0.005, portion < 1 {
      parts.append("\(Format.time(seconds / portion - seconds)) left")
    }
    return parts.joined(separator: "  ")
  }
}
