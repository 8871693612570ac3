import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Training

@Suite("Run logs") struct RunLogTests {
  private func step(_ number: Int, loss: Double? = 2.5) -> RunRecord {
    .step(
      StepRecord(
        step: number, tokens: number * 64, loss: loss, learningRate: 0.01, gradientNorm: 1.25,
        tokensPerSecond: 1_000, seconds: 0.5, loaderSeconds: 0.125))
  }

  @Test("a line has the documented keys in a fixed order")
  func keys() {
    #expect(
      step(3).json
        == #"{"step":3,"tokens":192,"loss":2.5,"learning_rate":0.01,"gradient_norm":1.25,"#
        + #""tokens_per_second":1000.0,"seconds":0.5,"loader_seconds":0.125}"#)
    #expect(
      RunRecord.evaluation(EvaluationRecord(step: 3, loss: 2, bitsPerByte: 1.5)).json
        == #"{"step":3,"validation_loss":2.0,"validation_bits_per_byte":1.5}"#)
    #expect(step(1, loss: nil).json.contains(#""loss":null"#))
  }

  @Test("what was written is read back")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let path = "\(folder.path)/metrics.jsonl"
    let records = [
      step(1), step(2, loss: nil),
      .evaluation(EvaluationRecord(step: 2, loss: 0.1 + 0.2, bitsPerByte: 1e-3)), step(3),
    ]
    let log = try RunLog(path)
    for record in records { try log.append(record) }
    #expect(try RunLog.read(path) == records)
  }

  @Test("a log that is opened again keeps what a checkpoint knows and drops the rest")
  func truncation() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let path = "\(folder.path)/metrics.jsonl"
    var length = 0
    do {
      let log = try RunLog(path)
      try log.append(step(1))
      length = log.bytes
      try log.append(step(2))
      try log.append(step(3))
    }
    let log = try RunLog(path, keeping: length)
    try log.append(step(2, loss: 9))
    #expect(try RunLog.read(path) == [step(1), step(2, loss: 9)])
    // A log that a crash has shortened is kept as it is.
    #expect(try RunLog(path, keeping: 1 << 20).bytes == log.bytes)
  }

  @Test("a last line that was cut short is left out; a broken line before it is an error")
  func tornLine() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let whole = step(1).json
    let torn = try folder.write(whole + "\n" + whole.prefix(20), to: "torn.jsonl")
    #expect(try RunLog.read(torn) == [step(1)])
    let broken = try folder.write("{\"st\n" + whole + "\n", to: "broken.jsonl")
    #expect(throws: TrainingError.self) { try RunLog.read(broken) }
  }
}
