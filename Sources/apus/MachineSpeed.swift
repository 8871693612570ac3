/// What this machine does in a second, measured.

import Kernels
import Machine

/// Short measurements that `doctor`, `bench` and the plan of a run share.
enum MachineSpeed {
  /// FLOP/s of matrix products of 768³ on the threads of `Workers.shared`, best of several
  /// measured for about `seconds`.
  static func products(seconds: Double, size: Int = 768) -> Double {
    let arena = Arena(capacity: 3 * size * size * MemoryLayout<Float>.stride + 4096)
    let operands = (0..<3).map { _ in arena.floats(size * size) }
    for operand in operands {
      for index in 0..<size * size { operand[index] = Float(index % 97) / 97 }
    }
    let multiply = {
      MatrixProduct.multiply(
        operands[0], stride: size, operands[1], stride: size, into: operands[2], stride: size,
        rows: size, columns: size, inner: size)
    }
    multiply()
    let start = Progress.now
    var best = Double.infinity
    repeat {
      let before = Progress.now
      multiply()
      best = min(best, Progress.now - before)
    } while Progress.now - start < seconds
    return 2 * Double(size * size * size) / best
  }

  /// Useful FLOP/s to expect of training: 0.65 of what products reach, measured for `seconds`.
  ///
  /// Forward and backward reach 0.78 to 0.86 of it; optimizer, data and evaluation take the rest.
  static func training(seconds: Double) -> Double { 0.65 * products(seconds: seconds) }

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
