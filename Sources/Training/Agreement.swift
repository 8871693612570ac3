/// What processes must have in common before they train together, compared before the first step.

import Autograd
import Corpora
import Distributed
import Glibc
import Machine

/// Hashes of all that decides a run, by name.
struct Agreement {
  private var names: [String] = []
  private var hashes: [UInt64] = []

  /// The program itself; more is added.
  init() {
    add("build of apus", Self.program)
  }

  /// Adds the hash of something that a person knows by `name`.
  mutating func add(_ name: String, _ hash: UInt64) {
    names.append(name)
    hashes.append(hash)
  }

  /// Adds the hash of a text.
  mutating func add(_ name: String, _ text: String) {
    add(name, DocumentHash(text).bits)
  }

  /// Compares all that processes which train together must have in common.
  static func check(
    _ state: TrainingState, _ parameters: ParameterStore, _ layout: Layout,
    _ communicator: any Communicator
  ) throws {
    if communicator.size == 1 { return }
    var agreement = Agreement()
    agreement.add("tokenizer", state.tokenizer)
    agreement.add("corpus", state.corpora.joined(separator: " "))
    agreement.add("set of options or checkpoint", try state.json())
    agreement.add("layout", "\(layout.tensor) × \(layout.stages)")
    var hash = DocumentHash()
    hash.combine(UnsafeRawBufferPointer(start: parameters.values, count: 4 * parameters.count))
    agreement.add("set of weights", hash.bits)
    try agreement.check(communicator)
  }

  /// Compares with all other processes.
  ///
  /// - Throws: `TrainingError.disagreement` on every process, about the first that differs from
  ///   process 0.
  func check(_ communicator: any Communicator) throws(TrainingError) {
    var host = Array(Job.hostName.utf8.prefix(64))
    host += [UInt8](repeating: 0, count: 64 - host.count)
    let blocks = communicator.gatherAll(hashes.withUnsafeBytes { Array($0) } + host)
    for (process, block) in blocks.enumerated() {
      for (index, name) in names.enumerated()
      where block[8 * index..<8 * index + 8] != blocks[0][8 * index..<8 * index + 8] {
        throw .disagreement(
          what: name, process: process,
          host: String(
            decoding: block.suffix(64).prefix { $0 != 0 }, as: UTF8.self))
      }
    }
  }

  /// A hash of the file that is running.
  private static var program: UInt64 {
    var hash = DocumentHash()
    let descriptor = open("/proc/self/exe", O_RDONLY)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return hash.bits }
      buffer.withUnsafeBytes { hash.combine(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }
}
