/// The smallest tokenizer there is: tokens are bytes, and one more ends a text.

import Tokenizers

/// A `tokenizer.json` whose tokens are the 256 bytes, in order, and `<|endoftext|>`, 256.
public let byteTokenizerJSON: String = {
  var next = 256
  let characters = (0..<256).map { byte -> String in
    let isPrinted =
      (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
    defer { next += isPrinted ? 0 : 1 }
    let scalar = Unicode.Scalar(UInt32(isPrinted ? byte : next)) ?? " "
    return scalar == "\"" ? "\\\"" : scalar == "\\" ? "\\\\" : String(Character(scalar))
  }
  let vocabulary = characters.enumerated().map { "\"\($0.element)\":\($0.offset)" }
  return """
    {"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":256,
    "content":"<|endoftext|>","single_word":false,"lstrip":false,"rstrip":false,
    "normalized":false,"special":true}],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel",
    "add_prefix_space":false,"trim_offsets":true,"use_regex":true},"post_processor":null,
    "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,
    "use_regex":true},"model":{"type":"BPE","dropout":null,"unk_token":null,
    "continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,
    "byte_fallback":false,"ignore_merges":false,
    "vocab":{\(vocabulary.joined(separator: ","))},"merges":[]}}
    """
}()

/// The tokenizer of `byteTokenizerJSON`.
public func makeByteTokenizer() throws -> Tokenizer {
  try Tokenizer(json: Array(byteTokenizerJSON.utf8))
}
