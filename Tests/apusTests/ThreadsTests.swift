/// What may and what may not depend on the number of threads and on the set of kernels.

import FoundationEssentials
import TestSupport
import Testing

@Suite("Threads and kernels") struct ThreadsTests {
  private struct Line: Decodable {
    var loss: Double?
    var loaderSeconds: Double?
  }

  /// The steps of a run of 50 on the shared corpus.
  private func steps(
    threads: Int, precision: String = "auto", environment: [String: String] = [:],
    more: [String] = []
  ) async throws -> [Line] {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    defer { scratch.remove() }
    let result = try await Program.run(
      Workshop.training(
        goods, output: scratch("m"), steps: 50,
        more: ["--threads", "\(threads)", "--precision", precision] + more),
      environment: .init(
        uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0.key), $0.value) }))
    #expect(result.status == 0, "\(result.error)")
    return try text(of: scratch("m") + "/training/metrics.jsonl").split(separator: "\n")
      .map { try decode(Line.self, from: $0) }.filter { $0.loss != nil }
  }

  private func expectAlike(_ first: [Line], _ second: [Line], within limit: Double = 1e-5) {
    #expect(first.count == 50 && second.count == 50)
    for (one, other) in zip(first, second) {
      let (one, other) = (one.loss ?? 0, other.loss ?? 1)
      #expect(abs(one - other) <= limit * one)
    }
  }

  @Test(
    "one thread and three give losses within 1e-5 over 50 steps, and each says how long it waited",
    arguments: ["fp32", "auto"])
  func threads(precision: String) async throws {
    let one = try await steps(threads: 1, precision: precision)
    expectAlike(one, try await steps(threads: 3, precision: precision))
    #expect(one.allSatisfy { ($0.loaderSeconds ?? -1) >= 0 })
  }

  /// At the usual rate so small a run is so lively that rounding grows: what is 1e-5 apart there (0.9 the smaller
  /// kernels, 1.1 OpenBLAS on a Cascade Lake) is 1e-7 apart at a quarter of it, where a wrong product would show better.
  @Test("the smaller set of kernels and OpenBLAS can be forced, and give losses within 1e-6")
  func kernels() async throws {
    func steps(_ environment: [String: String] = [:], more: [String] = []) async throws -> [Line] {
      try await self.steps(threads: 2, precision: "fp32", environment: environment, more: more)
    }
    let calm = ["--learning-rate", "0.005"]
    let plain = try await steps(more: calm)
    for environment in [["APUS_KERNELS": "v3"], ["APUS_PRODUCTS": "openblas"]] {
      expectAlike(plain, try await steps(environment, more: calm), within: 1e-6)
    }
    expectAlike(try await steps(), try await steps(["APUS_KERNELS": "v3"]))
  }

  @Test("a precision that the kernels in force lack is an error, and so is one that does not exist")
  func precisions() async throws {
    let goods = try await Workshop.shared.goods()
    let scratch = TemporaryFolder()
    defer { scratch.remove() }
    for (precision, words) in [
      ("bf16", "--precision auto takes"), ("fp8", "'auto', 'fp32', 'bf16' or 'fp16'"),
    ] {
      let result = try await Program.run(
        Workshop.training(
          goods, output: scratch("m"), steps: 2, more: ["--precision", precision]),
        environment: ["APUS_KERNELS": "v3"])
      #expect(result.status == 64 && result.output.isEmpty)
      #expect(result.error.contains(words), "\(result.error)")
      #expect(scratch.names.isEmpty)
    }
  }

  @Test(
    "an older processor is refused before the arguments are looked at",
    arguments: [["doctor"], ["--help"], ["no-such-verb"], []])
  func oldProcessor(arguments: [String]) async throws {
    let result = try await Program.run(arguments, environment: ["APUS_KERNELS": "v2"])
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(result.error.hasPrefix("error: this processor lacks AVX2, FMA or BMI2\nhint: "))
  }
}
