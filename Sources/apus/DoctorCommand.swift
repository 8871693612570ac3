/// `apus doctor`: what this machine offers, each with a tick or a hint.

import ArgumentParser
import CICU
import CZstd
import Distributed
import Glibc
import Kernels
import Machine

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check the machine: processor, products, libraries, memory.",
    discussion: """
      EXAMPLES
        apus doctor
        apus doctor --json
      """)

  @OptionGroup var report: ReportOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var messages: OutputOptions

  /// One line of the report.
  private struct Finding {
    var key: String
    var name: String
    var value: String
    var json: JSON
    var hint: String?
  }

  func run() throws {
    threads.apply()
    let findings = [processor] + products + [unicode, compression, processes, pages, memory]
    let width = findings.map(\.name.count).max() ?? 0
    let style = Style.standardOutput
    let lines = findings.flatMap { finding in
      let mark = finding.hint == nil ? "✓" : style.warning("!")
      let name = finding.name + String(repeating: " ", count: width - finding.name.count)
      return ["\(mark) \(name)  \(finding.value)"]
        + (finding.hint.map { ["    " + style.hint("hint:") + " " + $0] } ?? [])
    }
    let hints = findings.compactMap { finding in finding.hint.map { (finding.key, JSON.string($0)) }
    }
    try report.print(
      .members(findings.map { ($0.key, $0.json) } + [("hints", .members(hints))]),
      lines.joined(separator: "\n"))
  }

  private var processor: Finding {
    let level = Processor.x86Level
    let cores = Format.plural(Processor.cores, "core")
    let set = level == 0 ? "not x86-64" : "x86-64-v\(level)"
    return Finding(
      key: "processor", name: "processor", value: "\(Processor.name), \(cores), \(set)",
      json: .object([
        "name": .string(Processor.name), "cores": .integer(Processor.cores),
        "x86_64_level": .integer(level), "threads": .integer(threads.count),
      ]))
  }

  private var products: [Finding] {
    let core = MatrixProduct.core
    let fastest = Precision.fastest
    let speeds = (fastest == .fp32 ? [.fp32] : [.fp32, fastest]).map {
      (precision: $0, flops: MachineSpeed.products(in: $0, seconds: 0.6))
    }
    let words = speeds.map {
      "\(Format.fixed($0.flops / 1e9, 0)) GFLOP/s in \($0.precision.rawValue)"
    }
    let vectors = Processor.hasWideVectors ? "AVX-512" : Processor.x86Level > 0 ? "AVX2" : "128-bit"
    let kernels = vectors + (Processor.hasBFloat16Tiles ? ", AMX" : "")
    let isOld = ["Prescott", "Core2", "Nehalem", "Generic"].contains(core)
    return [
      Finding(
        key: "kernels", name: "kernels", value: kernels, json: .string(kernels), hint: nil),
      Finding(
        key: "blas", name: "products",
        value: words.joined(separator: ", ")
          + " on \(Format.plural(threads.count, "thread")); OpenBLAS for \(core)",
        json: .members(
          [("core", .string(core)), ("gflops", .number(speeds[0].flops / 1e9))]
            + speeds.dropFirst().map {
              ("gflops_\($0.precision.rawValue)", .number($0.flops / 1e9))
            }),
        hint: isOld
          ? "OpenBLAS takes this processor for an old one; set OPENBLAS_CORETYPE=Haswell" : nil),
    ]
  }

  private var unicode: Finding {
    let version = "\(U_ICU_VERSION)"
    return Finding(
      key: "icu", name: "ICU", value: version, json: .string(version), hint: nil)
  }

  private var compression: Finding {
    let version = String(cString: ZSTD_versionString())
    return Finding(
      key: "zstd", name: "zstd", value: version, json: .string(version), hint: nil)
  }

  private var processes: Finding {
    #if MPI
    return Finding(
      key: "mpi", name: "processes", value: MPICommunicator.version,
      json: .string(MPICommunicator.version), hint: nil)
    #else
    return Finding(
      key: "mpi", name: "processes", value: "one: built without Open MPI", json: .null, hint: nil)
    #endif
  }

  private var pages: Finding {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled"
    let setting = (try? Input(path).text()) ?? ""
    let choice = setting.split(separator: "[").last?.split(separator: "]").first
    let value = setting.contains("[") ? choice.map(String.init) ?? "unknown" : "unknown"
    return Finding(
      key: "huge_pages", name: "huge pages", value: value, json: .string(value),
      hint: value == "never"
        ? "echo madvise | sudo tee \(path) makes training a little faster" : nil)
  }

  private var memory: Finding {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let total = sysconf(Int32(_SC_PHYS_PAGES)) * page
    let free = MachineSpeed.availableMemory ?? sysconf(Int32(_SC_AVPHYS_PAGES)) * page
    return Finding(
      key: "memory", name: "memory",
      value: "\(Format.bytes(total)), \(Format.bytes(free)) free",
      json: .object(["bytes": .integer(total), "free_bytes": .integer(free)]),
      hint: free < 1 << 30 ? "less than 1 GiB is free; small models only" : nil)
  }
}
