/// `apus bench products`: the matrix products of a training step, by the kernels of this processor.

import ArgumentParser
import Kernels
import Machine
import Models

struct BenchProductsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "products",
    abstract: "Measure the matrix products of a training step, shape by shape.",
    discussion: """
      EXAMPLES
        apus bench products
        APUS_PRODUCTS=openblas apus bench products
        APUS_KERNELS=v3 apus bench products --width 768
        apus bench products --precision bf16

      The peak is what registers alone reach. APUS_PRODUCTS=openblas leaves products to OpenBLAS, \
      APUS_KERNELS=v3 keeps to AVX2, for comparison.
      """)

  @OptionGroup var model: BenchModel
  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  /// One product of a step.
  private struct Shape {
    var name: String
    var rows: Int
    var columns: Int
    var inner: Int
    var left = MatrixProduct.Layout.plain
    var right = MatrixProduct.Layout.plain
  }

  func run() throws {
    threads.apply()
    let configuration = try model.make().configuration
    let (tokens, width) = (model.shape.tokens, configuration.width)
    let maps = [
      ("attention.qkv", width, configuration.attentionWidth), ("attention.output", width, width),
      ("feedForward.up", width, configuration.feedForwardWidth),
      ("feedForward.down", configuration.feedForwardWidth, width),
    ]
    let shapes = maps.flatMap { name, inputs, outputs in
      [
        Shape(name: name, rows: tokens, columns: outputs, inner: inputs, right: .transposed),
        Shape(name: "\(name), input", rows: tokens, columns: inputs, inner: outputs),
        Shape(
          name: "\(name), weights", rows: outputs, columns: inputs, inner: tokens,
          left: .transposed),
      ]
    }
    let precision = try model.precision.asked() ?? .fp32
    var limit = PeakSpeed(of: precision)
    limit.measure()
    let speeds = shapes.map { shape in
      MachineSpeed.product(
        rows: shape.rows, columns: shape.columns, inner: shape.inner, shape.left, shape.right,
        precision: precision, seconds: model.seconds / Double(shapes.count))
    }
    limit.measure()
    let peak = limit.flops
    let title: String
    if precision == .fp32 {
      title = MatrixProduct.usesOpenBLAS ? "OpenBLAS for \(MatrixProduct.core)" : kernels.name
    } else {
      title = precision.rawValue
    }
    let lines = zip(shapes, speeds).map { shape, speed in
      Format.paddedRight(shape.name, 26)
        + Format.padded("\(shape.rows) × \(shape.columns) × \(shape.inner)", 20)
        + Format.padded(Format.fixed(speed / 1e9, 0), 7) + " GFLOP/s"
        + Format.padded(Format.fixed(100 * speed / peak, 0), 5) + "%"
    }
    try report.print(
      .object([
        "kernels": .string(title), "peak_gflops": .number(peak / 1e9),
        "products": .array(
          zip(shapes, speeds).map { shape, speed in
            .object([
              "name": .string(shape.name), "rows": .integer(shape.rows),
              "columns": .integer(shape.columns), "inner": .integer(shape.inner),
              "gflops": .number(speed / 1e9),
            ])
          }),
      ]),
      (["\(title), peak \(Format.fixed(peak / 1e9, 0)) GFLOP/s"] + lines).joined(separator: "\n"))
  }
}
