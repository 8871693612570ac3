/// What a study's sets were drawn from, so that no set of another study is taken for this one's.

import Corpora
import FoundationEssentials
import Machine
import Tokenizers

/// Everything but size and seed that decides what the files in a study's `data` folder hold.
///
/// Kept as `data/source.json`. A set is drawn once and found again by its size and seed, so a folder
/// whose sets come from elsewhere must be refused.
struct StudySource: Codable, Equatable {
  /// `Corpus.fingerprint` of the corpus.
  let corpus: String
  /// That of the validation corpus; nil if documents of the corpus are held out.
  let validation: String?
  /// That of the test corpus; nil if documents of the corpus are held out.
  let test: String?
  /// `Tokenizer.identity`.
  let tokenizer: String
  /// Bytes of a passage.
  let passageBytes: Int
  /// Tokens of the validation set.
  let validationTokens: Int
  /// Tokens of the test set.
  let testTokens: Int

  /// The source of the sets of `plan`; reads the names and sizes of the files alone.
  init(_ plan: StudyPlan, tokenizer: Tokenizer) throws {
    func fingerprint(_ paths: [String]) throws -> String {
      String(try Corpus(paths).fingerprint, radix: 16)
    }
    corpus = try fingerprint(plan.corpus)
    validation = plan.validation.isEmpty ? nil : try fingerprint(plan.validation)
    test = plan.test.isEmpty ? nil : try fingerprint(plan.test)
    self.tokenizer = tokenizer.identity
    passageBytes = plan.passageBytes
    validationTokens = plan.validationTokens
    testTokens = plan.testTokens
  }

  /// Takes the data folder of the study in `folder`, if it is new or was drawn from this source.
  ///
  /// - Throws: `ScalingError.otherStudy` with the first difference.
  func claim(_ folder: String) throws {
    let path = "\(folder)/data/source.json"
    if FileManager.default.fileExists(atPath: path) {
      guard let data = try? Data(contentsOf: URL(filePath: path)),
        let kept = try? JSONDecoder().decode(StudySource.self, from: data)
      else { throw ScalingError.badFile(path: path) }
      if let difference = difference(from: kept) {
        throw ScalingError.otherStudy(path: folder, difference: difference)
      }
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try writeWhole(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: path)
  }

  /// How this source differs from the one of the sets that are there, or nil.
  private func difference(from kept: StudySource) -> String? {
    func count(_ what: String, _ before: Int, _ now: Int) -> String? {
      before == now ? nil : "its \(what) \(before), and now \(now) are asked for"
    }
    if kept.corpus != corpus { return "its corpus was another one, or has changed since" }
    if kept.validation != validation { return "it was validated on other text" }
    if kept.test != test { return "it was tested on other text" }
    if kept.tokenizer != tokenizer { return "its tokenizer was another one" }
    return count("passages were of as many bytes as", kept.passageBytes, passageBytes)
      ?? count("validation tokens were", kept.validationTokens, validationTokens)
      ?? count("test tokens were", kept.testTokens, testTokens)
  }
}
