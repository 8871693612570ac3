/// The runs of a study, made side by side by several processes.

import Corpora
import Distributed
import FoundationEssentials
import Models

extension ScalingStudy {
  /// The runs from `index` on that can be made at once; nil if they began earlier.
  ///
  /// First all that the law is fitted to, then, once it has predicted them, the rest.
  func wave(from index: Int) -> Range<Int>? {
    let runs = plan.runs
    let second = runs.firstIndex { $0.role == .heldOut } ?? runs.count
    if index == 0, second > 0 { return 0..<second }
    return index == second ? second..<runs.count : nil
  }

  /// Makes the runs of a wave that are not made yet, each by one process, the largest first; all
  /// points are in the study's folder afterwards.
  ///
  /// - Returns: false if a run was interrupted.
  func share(
    _ wave: Range<Int>, validation: ValidationSet, test: ValidationSet, _ observe: (Event) -> Void
  ) throws -> Bool {
    let runs = plan.runs
    // One process looks: the others may be late, when the first new points are there already.
    var missing: [Int] = []
    if communicator.rank == 0 {
      missing = try wave.filter { index in
        try StudyPoint.read(path(of: runs[index]))?.recipe != recipe(of: runs[index])
      }
    }
    missing = communicator.handOut(missing.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })
      .pairs.map { Int($0.0) << 8 | Int($0.1) }
    justMade.formUnion(missing.map { runs[$0].name })
    let own = Self.divide(missing.map { cost(of: runs[$0]) }, among: communicator.size)[
      communicator.rank]
    var isInterrupted = false
    for place in own where !isInterrupted {
      let run = runs[missing[place]]
      observe(.start(run, number: missing[place] + 1, of: runs.count))
      if let point = try train(run, validation: validation, test: test, observe) {
        try point.save(to: path(of: run))
        try FileManager.default.removeItem(atPath: workFolder(of: run))
      } else {
        isInterrupted = true
      }
    }
    return !communicator.gatherAll([isInterrupted ? 1 : 0]).contains { $0[0] > 0 }
  }

  /// Where a run that is in progress lies.
  func workFolder(of run: StudyRun) -> String {
    communicator.size == 1 ? "\(folder)/run" : "\(folder)/run-\(run.name)"
  }

  /// FLOPs of an epoch, by which runs are divided; how many epochs they take is not known yet.
  private func cost(of run: StudyRun) -> Double {
    Double(run.tokens) * plan.configuration(run.model).trainingFLOPsPerToken
  }

  /// For each of `processes` the places of its costs: the largest first, each to the process with the
  /// least to do.
  static func divide(_ costs: [Double], among processes: Int) -> [[Int]] {
    var shares = [[Int]](repeating: [], count: processes)
    var burden = [Double](repeating: 0, count: processes)
    for place in costs.indices.sorted(by: { (costs[$0], $1) > (costs[$1], $0) }) {
      let process = burden.indices.min { burden[$0] < burden[$1] } ?? 0
      shares[process].append(place)
      burden[process] += costs[place]
    }
    return shares
  }
}

extension [UInt8] {
  fileprivate var pairs: [(UInt8, UInt8)] {
    stride(from: 0, to: count - 1, by: 2).map { (self[$0], self[$0 + 1]) }
  }
}
