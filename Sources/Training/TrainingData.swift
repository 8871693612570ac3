/// The text of a run, opened: batches to train on and windows to validate on.

import Corpora
import Glibc
import Tokenizers

/// Where a run's batches and validation windows come from.
final class TrainingData {
  /// Fingerprints of the corpus and of the validation corpus, if there is one.
  let fingerprints: [String]
  /// Windows to validate on; nil if there are none.
  let validation: ValidationSet?
  /// Why there are none, if that is not what was asked for.
  let note: String?
  private let corpus: Corpus
  private let split: Split
  private let tokenizer: Tokenizer
  private let options: TrainingOptions

  /// Finds the files and reads the validation windows.
  init(_ options: TrainingOptions, tokenizer: Tokenizer) throws(CorpusError) {
    let data = options.data
    let corpus = try Corpus(data.corpus, textField: data.textField, lines: data.lines)
    self.corpus = corpus
    self.tokenizer = tokenizer
    self.options = options
    func windows(_ corpus: Corpus, _ split: Split) throws(CorpusError) -> ValidationSet {
      try ValidationSet(
        corpus: corpus, split: split, tokenizer: tokenizer, length: options.context,
        maximumTokens: data.validationTokens, span: DataOptions.usualValidationTokens)
    }
    if let paths = data.validation {
      let other = try Corpus(paths, textField: data.textField, lines: data.lines)
      fingerprints = [corpus, other].map { String($0.fingerprint, radix: 16) }
      split = .all
      validation = try windows(other, .all)
      note = nil
      return
    }
    fingerprints = [String(corpus.fingerprint, radix: 16)]
    let fraction = data.validationFraction
    guard fraction > 0 else {
      split = .all
      validation = nil
      note = nil
      return
    }
    do {
      validation = try windows(corpus, .validation(validationFraction: fraction))
      split = .training(validationFraction: fraction)
      note = nil
    } catch .emptyPart, .tooShort {
      // A corpus of few documents, often only one: all of it is for training then.
      validation = nil
      split = .all
      note =
        "no text is left to validate on: a share of \(fraction) of the documents is less than a "
        + "window; give a validation corpus, or a larger share"
    }
  }

  /// The first block of the corpus, for counting: that of the run, or one of the usual size where a run's
  /// own blocks are small because it keeps the order.
  ///
  /// - Parameter loader: the run's own, which is asked if it stands at the start and has such blocks,
  ///   or if the corpus cannot be read twice.
  func firstBlock(ahead loader: BatchLoader) throws(CorpusError) -> TokensAhead {
    let keepsOrder = options.data.shuffle == .none
    if loader.position == .start && !keepsOrder || !corpus.isRereadable {
      return try loader.tokensAhead()
    }
    return try BatchLoader(
      corpus: corpus, split: split, tokenizer: tokenizer, sequences: 1, length: options.context,
      shuffle: keepsOrder ? .buffer() : options.data.shuffle, seed: options.seed
    ).tokensAhead()
  }

  /// Batches from a position on, or `rows` of each.
  func loader(
    from position: StreamPosition, rows: Range<Int>
  ) throws(CorpusError) -> BatchLoader {
    try BatchLoader(
      corpus: corpus, split: split, tokenizer: tokenizer, sequences: options.sequences,
      length: options.context, shuffle: options.data.shuffle, seed: options.seed, from: position,
      rows: rows)
  }
}

/// `path` from the root of the file system, so that it means the same in another folder; "-" stays.
package func absolutePath(_ path: String) -> String {
  if path.hasPrefix("/") || path == "-" { return path }
  guard let folder = getcwd(nil, 0) else { return path }
  defer { free(folder) }
  return "\(String(cString: folder))/\(path)"
}
