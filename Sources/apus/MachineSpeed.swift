/// What this machine does in a second, measured.

import Kernels
import Machine

/// Short measurements that `doctor`, `bench` and the plan of a run share.
enum MachineSpeed {
  /// FLOP/s of matrix products of 768³ on the threads of `Workers.shared`, best of several
  /// measured for about `seconds`.
  static func products(
    in precision: Precision = .fp32, seconds: Double, size: Int = 768
  ) -> Double {
    product(
      rows: size, columns: size, inner: size, .plain, .plain, precision: precision,
      seconds: seconds)
  }

  /// FLOP/s of one shape of matrix product, best of several measured for about `seconds`.
  static func product(
    rows: Int, columns: Int, inner: Int, _ left: MatrixProduct.Layout,
    _ right: MatrixProduct.Layout, precision: Precision = .fp32, seconds: Double
  ) -> Double {
    let arena = Arena()
    let counts = [rows * inner, inner * columns, rows * columns]
    let operands = counts.map { arena.floats($0) }
    for (operand, count) in zip(operands, counts) {
      for index in 0..<count { operand[index] = Float(index % 97) / 97 }
    }
    let best = best(seconds: seconds) {
      MatrixProduct.multiply(
        operands[0], left, stride: left == .plain ? inner : rows,
        operands[1], right, stride: right == .plain ? columns : inner,
        into: operands[2], stride: columns, rows: rows, columns: columns, inner: inner,
        precision: precision)
    }
    return 2 * Double(rows * columns * inner) / best
  }

  /// FLOP/s of multiplications and additions that stay in registers, on all threads: the limit.
  static func peak(of precision: Precision, seconds: Double) -> Double {
    guard let panels = precision.panels else { return 0 }
    let rounds = 1 << 20
    let threads = Workers.shared.count
    let best = best(seconds: seconds) {
      Workers.shared.share(threads) { _ in _ = panels.multiplyRegisters(rounds: rounds) }
    }
    return Double(threads * rounds * panels.registerFLOPs) / best
  }

  /// Bytes a second that all threads together read from memory, far more than caches hold.
  static func readBandwidth(seconds: Double) -> Double {
    MemoryReader().bandwidth(seconds: seconds)
  }

  /// 256 MiB to be read again and again.
  struct MemoryReader {
    private let arena = Arena()
    private let values: MutableFloats
    private let count = 1 << 26

    init() {
      values = arena.floats(count)
      values.update(repeating: 1, count: count)
    }

    /// Bytes a second of the fastest pass in about `seconds`.
    func bandwidth(seconds: Double) -> Double {
      let part = 1 << 18
      let best = MachineSpeed.best(seconds: seconds) {
        Workers.shared.divide(count, alignment: part) { range, _ in
          for start in stride(from: range.lowerBound, to: range.upperBound, by: part) {
            _ = kernels.dot(values + start, values + start, count: part)
          }
        }
      }
      return 4 * Double(count) / best
    }
  }

  /// The least time of one call among those of about `seconds`, after a first.
  private static func best(seconds: Double, _ body: () -> Void) -> Double {
    body()
    let start = Progress.now
    var best = Double.infinity
    repeat {
      let before = Progress.now
      body()
      best = min(best, Progress.now - before)
    } while Progress.now - start < seconds
    return best
  }

  /// Useful FLOP/s to expect of training: 0.65 of what products of floats reach, 0.46 of those in half
  /// precision, measured for `seconds`.
  ///
  /// Forward and backward reach 0.78 to 0.86 of it; optimizer, data and evaluation take the rest.
  static func training(in precision: Precision, seconds: Double) -> Double {
    (precision == .fp32 ? 0.65 : 0.46) * products(in: precision, seconds: seconds)
  }

  /// Bytes that programs can have without swapping, as the kernel estimates them.
  static var availableMemory: Int? {
    value(of: "MemAvailable:", in: "/proc/meminfo")
  }

  /// The most memory this process has held, in bytes.
  static var peakMemory: Int? {
    value(of: "VmHWM:", in: "/proc/self/status")
  }

  private static func value(of key: String, in path: String) -> Int? {
    guard let text = try? Input(path).text(),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }),
      let number = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        ?? line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return number << 10
  }
}
