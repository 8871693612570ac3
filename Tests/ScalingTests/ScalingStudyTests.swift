/// A whole study in small: it predicts before it measures, keeps what is finished, and goes on.

import FoundationEssentials
import Machine
import Scaling
import TestSupport
import Testing
import Tokenizers

@Suite("A study", .serialized) struct ScalingStudyTests {
  private let folder = TemporaryFolder()

  private func plan() throws -> StudyPlan {
    var random = RandomSource(seed: 2, stream: 0)
    var text = ""
    for _ in 0..<150 {
      let words = (0..<40).map { _ in ["sun", "moon", "star"][random.next(below: 3)] }
      text += "{\"text\": \"\(words.joined(separator: " "))\"}\n"
    }
    var plan = StudyPlan(
      corpus: [try folder.write(text, to: "corpus.jsonl")], sizes: [400, 800, 1_600, 3_200],
      models: [StudyModel(layers: 1, width: 16, heads: 1)], vocabularySize: 257, context: 16,
      sequences: 1)
    plan.seeds = 2
    plan.validationTokens = 256
    plan.testTokens = 512
    plan.maximumEpochs = 3
    plan.hasControls = false
    return plan
  }

  private func run(_ plan: StudyPlan) throws -> (StudyReport, events: [String]) {
    let study = try ScalingStudy(plan, tokenizer: makeByteTokenizer(), folder: folder("study"))
    var events: [String] = []
    let isComplete = try study.run { event in
      switch event {
      case .data: events.append("data")
      case .start(let run, _, _): events.append("start \(run.tokens)")
      case .training: break
      case .point(let point, let isNew):
        events.append("\(isNew ? "new" : "old") \(point.run.tokens)")
      case .prediction(_, let run): events.append("prediction \(run.tokens)")
      }
    }
    #expect(isComplete)
    return (
      StudyReport(plan, points: study.points, prediction: study.prediction), events
    )
  }

  @Test("several processes make the same points side by side")
  func together() throws {
    var plan = try plan()
    plan.hasControls = true
    func run(_ name: String, _ processes: Int) throws -> [(made: Int, study: ScalingStudy)] {
      let path = folder(name)
      return try ThreadCommunicator.run(processes) { [plan] communicator in
        let study = try ScalingStudy(
          plan, tokenizer: makeByteTokenizer(), folder: path, communicator: communicator)
        var made = 0
        let isComplete = try study.run { if case .start = $0 { made += 1 } }
        #expect(isComplete)
        return (made, study)
      }
    }
    let alone = try run("alone", 1)[0].study
    let found = try run("together", 3)
    #expect(found.map(\.made).reduce(0, +) == plan.runs.count)
    #expect(found.allSatisfy { $0.made > 0 })
    for (_, study) in found {
      #expect(study.points.map(\.run) == alone.points.map(\.run))
      #expect(study.points.map(\.clusterNats) == alone.points.map(\.clusterNats))
      #expect(study.prediction?.loss == alone.prediction?.loss)
    }
  }

  @Test("finished runs are kept, and more seeds extend the study")
  func more() throws {
    var plan = try plan()
    let (report, events) = try run(plan)
    #expect(report.points.count == 8)
    #expect(events.count { $0.hasPrefix("new") } == 8)

    plan.seeds = 3
    let (larger, again) = try run(plan)
    #expect(again.count { $0.hasPrefix("old") } == 8)
    #expect(again.count { $0.hasPrefix("new") } == 4)
    #expect(larger.points.count == 12)
  }

  @Test("another recipe does not take over points")
  func otherRecipe() throws {
    var plan = try plan()
    plan.seeds = 1
    _ = try run(plan)
    plan.learningRate = 2e-3
    let (_, events) = try run(plan)
    #expect(events.count { $0.hasPrefix("new") } == 4)
  }

  @Test("the largest size is predicted before it is trained, and the report has its keys")
  func keys() throws {
    var plan = try plan()
    plan.maximumEpochs = 200
    plan.stopping.patience = 2
    let (report, events) = try run(plan)
    let prediction = try #require(events.firstIndex(of: "prediction 3200"))
    let training = try #require(events.firstIndex(of: "start 3200"))
    #expect(prediction < training)
    let json = try JSONDecoder().decode(StudyReport.self, from: Data(try report.json().utf8))
    #expect(json == report)
    for key in [
      "\"points\"", "\"tokens\"", "\"seed\"", "\"train_loss\"", "\"validation_loss\"",
      "\"test_loss\"", "\"bits_per_byte\"", "\"steps\"", "\"epochs\"", "\"seconds\"", "\"fit\"",
      "\"alpha\"", "\"alpha_ci95\"", "\"scale\"", "\"offset\"", "\"held_out\"", "\"predicted\"",
      "\"predicted_ci95\"", "\"measured\"", "\"inside\"",
    ] {
      #expect(try report.json().contains(key), "\(key)")
    }
    let svg = ChartSVG(try #require(report.chart())).text
    #expect(svg.hasPrefix("<svg") && svg.hasSuffix("</svg>\n"))
    #expect(svg.components(separatedBy: "<circle").count > 4)
  }
}

extension String {
  fileprivate func components(separatedBy text: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = self[...]
    while let found = rest.firstRange(of: text) {
      parts.append(rest[..<found.lowerBound])
      rest = rest[found.upperBound...]
    }
    return parts + [rest]
  }
}
