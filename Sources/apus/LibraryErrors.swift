/// The exit codes that the libraries' errors deserve.

import Corpora
import Glibc
import Inference
import Machine
import Models
import Scaling
import Tokenizers
import Training

extension CorpusError: ExplainedError {
  var status: ExitStatus {
    switch kind {
    case .badData: .badData
    case .noInput: .noInput
    case .inputOutput: .inputOutput
    }
  }
}

extension TokenizerError: ExplainedError {
  var status: ExitStatus { .badData }
}

extension ModelFileError: ExplainedError {
  var status: ExitStatus {
    switch kind {
    case .missing: .noInput
    case .badData: .badData
    case .system: .inputOutput
    }
  }
}

extension TrainingError: ExplainedError {
  var status: ExitStatus {
    switch self {
    case .noRun: .noInput
    case .badFile, .corpusChanged, .tokenizerChanged: .badData
    case .tooManyProcesses, .layout, .noPrecision: .usage
    case .disagreement, .diverged: .failure
    }
  }
}

extension NextWordError: ExplainedError {
  var status: ExitStatus { .usage }
}

extension SamplerChainError: ExplainedError {
  var status: ExitStatus { .usage }
}

extension GrammarError: ExplainedError {
  var status: ExitStatus { .badData }
}

extension Interruption {
  /// Ends the command if the user asked for it.
  static func check() throws {
    if isRequested { throw Failure.interruption }
  }
}

extension ScalingError: ExplainedError {
  var status: ExitStatus {
    switch self {
    case .tooLittleText, .tooFewDocuments, .badFile, .badTable: .badData
    case .otherStudy: .cannotCreate
    }
  }
}
