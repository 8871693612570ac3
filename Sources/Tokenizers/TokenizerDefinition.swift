/// All that a tokenizer's file says, read but not yet prepared for use.

/// The parts of a tokenizer.json; what is JSON here is kept to be written as it was.
struct TokenizerDefinition: Sendable {
  var vocabulary = Vocabulary()
  /// Pairs in the order of their ranks, left in the upper half.
  var merges: [UInt64] = []
  /// What each pair makes.
  var products: [Token] = []
  /// Where the merges come from if the file does not list them.
  var derivation: MergeDerivation?
  var options = BPEModel.Options()
  var addedTokens: [AddedToken] = []
  var truncation = JSONValue.null
  var padding = JSONValue.null
  var normalizer = JSONValue.null
  var preTokenizer = JSONValue.null
  var postProcessor = JSONValue.null
  var decoder = JSONValue.null
  /// `model` without its vocabulary and merges.
  var model = TokenizerDefinition.plainModel

  /// What Hugging Face writes for a byte-level model.
  static let plainModel = JSONValue.members([
    "type": .string("BPE"), "dropout": .null, "unk_token": .null,
    "continuing_subword_prefix": .null, "end_of_word_suffix": .null, "fuse_unk": .boolean(false),
    "byte_fallback": .boolean(false), "ignore_merges": .boolean(false),
  ])

  /// Sets the pre-tokenizer and decoder of a byte-level tokenizer with a split pattern.
  mutating func use(_ pattern: SplitPattern) {
    func byteLevel(prefix: Bool, usesRegex: Bool) -> JSONValue {
      .members([
        "type": .string("ByteLevel"), "add_prefix_space": .boolean(prefix),
        "trim_offsets": .boolean(true), "use_regex": .boolean(usesRegex),
      ])
    }
    if pattern == .gpt2 {
      preTokenizer = byteLevel(prefix: false, usesRegex: true)
    } else {
      let split = JSONValue.members([
        "type": .string("Split"), "pattern": .members(["Regex": .string(pattern.regex)]),
        "behavior": .string("Isolated"), "invert": .boolean(false),
      ])
      preTokenizer = .members([
        "type": .string("Sequence"),
        "pretokenizers": .array([split, byteLevel(prefix: false, usesRegex: false)]),
      ])
    }
    decoder = byteLevel(prefix: true, usesRegex: true)
  }

  /// Adds a token that is matched literally; its text joins the vocabulary when the id is free.
  mutating func add(_ token: AddedToken) {
    var marks: Vocabulary.Marks = token.isSpecial ? [.added, .special] : [.added]
    if vocabulary.contains(token.id) {
      marks.formUnion(vocabulary.marks(of: token.id).intersection([.inModel, .verbatim]))
    }
    vocabulary.set(token.id, to: Array(token.content.utf8), marks: marks)
    addedTokens.append(token)
  }
}
