/// `tokenizer_config.json` and `generation_config.json`, which tell transformers how to use a tokenizer.

import Tokenizers

/// The two small files beside `tokenizer.json`.
struct TokenizerTexts {
  /// The token that begins a text, its id and its spelling.
  let beginningOfText: (id: Int, text: String)?
  /// The token that ends a text, its id and its spelling.
  let endOfText: (id: Int, text: String)?
  private let contextLength: Int

  init(_ tokenizer: Tokenizer, contextLength: Int) {
    func special(_ token: Token?) -> (id: Int, text: String)? {
      token.map { (Int($0), String(decoding: tokenizer.bytes(of: $0), as: UTF8.self)) }
    }
    beginningOfText = special(tokenizer.beginningOfText)
    endOfText = special(tokenizer.endOfText)
    self.contextLength = contextLength
  }

  /// The text of `tokenizer_config.json`.
  ///
  /// The class is the one that takes `tokenizer.json` as it is; the families' own classes would rebuild
  /// the tokenizer by their own rules and give other ids.
  var tokenizerConfig: String {
    let members: [String: JSONValue] = [
      "add_prefix_space": .bool(false),
      "bos_token": beginningOfText.map { .string($0.text) } ?? .null,
      "clean_up_tokenization_spaces": .bool(false),
      "eos_token": endOfText.map { .string($0.text) } ?? .null,
      "model_max_length": .integer(contextLength),
      "tokenizer_class": .string("PreTrainedTokenizerFast"),
    ]
    return JSONValue.object(members).text() + "\n"
  }

  /// The text of `generation_config.json`.
  var generationConfig: String {
    var members: [String: JSONValue] = ["do_sample": .bool(true)]
    if let beginningOfText { members["bos_token_id"] = .integer(beginningOfText.id) }
    if let endOfText {
      members["eos_token_id"] = .integer(endOfText.id)
      // Batches are padded with what readers skip, since there is no token for padding.
      members["pad_token_id"] = .integer(endOfText.id)
    }
    return JSONValue.object(members).text() + "\n"
  }
}
