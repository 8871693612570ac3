import Inference
import Testing
import Tokenizers

private func accepts(_ gbnf: String, _ text: String) throws -> Bool {
  try Grammar(gbnf: gbnf).accepts(Array(text.utf8))
}

@Suite("GBNF")
struct GBNFTests {
  @Test(
    "texts are accepted or rejected as the rules say",
    arguments: [
      (#"root ::= "yes" | "no""#, ["yes", "no"], ["", "y", "yesno", "maybe"]),
      (#"root ::= [a-c]+"#, ["a", "abcabc"], ["", "d", "abd"]),
      (#"root ::= [^\n"]*"#, ["", "é☃😀 x"], ["a\nb", "\""]),
      (
        #"root ::= "a"{2,3} "b"? | "c"{2}"#, ["aa", "aaa", "aab", "aaab", "cc"],
        ["a", "aaaa", "c", "ccc"]
      ),
      (#"root ::= ("ab" | "c"){2,}"#, ["abab", "cab", "ccc"], ["ab", "abb"]),
      (#"root ::= "é" . "\x41\u00e9\U0001F600""#, ["é☃Aé😀"], ["éAé😀", "e☃Aé😀"]),
      (#"root ::= "\"" [\]\\^-]  "\"""#, ["\"]\"", "\"\\\"", "\"^\"", "\"-\""], ["\"a\""]),
      (
        "root ::= item (\", \" item)* # list\nitem ::= [0-9]+\n\n# the end\n", ["1", "1, 22, 3"],
        ["1,2", ", 1"]
      ),
      ("root ::= (\n  \"a\" |\n  \"b\"\n) \"c\"", ["ac", "bc"], ["a", "c"]),
      (#"root ::= "(" root ")" | """#, ["", "()", "((()))"], ["(", "())", ")("]),
      (
        "root ::= expr\nexpr ::= term ([-+] term)*\nterm ::= [0-9] | \"(\" expr \")\"",
        ["1", "1+2-(3+4)"], ["1+", "(1"]
      ),
      ("root ::= x* x*\nx ::= \"a\"? \"b\"?", ["", "abba", "bbaa"], ["c"]),
      (#"root ::= [À-ɏ]+"#, ["ÀŸɏ"], ["A", "ɐ"]),
      (#"root ::= ("a"?)* (("b"?)*)+ root?"#, ["", "aabba", "bab"], ["c"]),
      (
        "root ::= \(String(repeating: "(", count: 200))\"a\"\(String(repeating: ")", count: 200))",
        ["a"], ["", "aa"]
      ),
    ] as [(String, [String], [String])])
  func table(gbnf: String, good: [String], bad: [String]) throws {
    for text in good { #expect(try accepts(gbnf, text), "\(gbnf) rejects \(text)") }
    for text in bad { #expect(try !accepts(gbnf, text), "\(gbnf) accepts \(text)") }
  }

  @Test(
    "what cannot be read or followed is an error that says where",
    arguments: [
      ("root ::= \"a", "line 1"), ("root = \"a\"", "::="), ("start ::= \"a\"", "root"),
      ("root ::= other", "other"), ("root ::= \"a\"\nroot ::= \"b\"", "twice"),
      ("root ::= root \"a\" | \"b\"", "begins with itself"),
      ("root ::= x \"a\"\nx ::= \"b\"? root | \"c\"", "begins with itself"),
      ("root ::= [b-a]", "backwards"), ("root ::= \"a\"{3,1}", "order"),
      ("root ::= \"\\q\"", "backslash"), ("root ::= (\"a\"", ")"),
      ("root ::= \(String(repeating: "(", count: 100_000))", "groups are nested too deeply"),
      ("root ::= \"a\"\(String(repeating: "?", count: 100_000))", "repetitions are nested"),
      ("root ::= ((\"a\"{2000}){2000}){2000}", "too long"),
      ("root ::= [^\\x00-\\U0010FFFF]", "no characters"), ("root ::= \"a\" root", "no text"),
      ("root ::= \"a\" (x | root)\nx ::= y \"b\"\ny ::= x", "begins with itself"),
    ])
  func errors(gbnf: String, part: String) {
    let error = #expect(throws: GrammarError.self) { try Grammar(gbnf: gbnf) }
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "none")")
  }
}

@Suite("Large grammars")
struct LargeGrammarTests {
  @Test("rules that may all be empty are passed by the thousand, side by side or in a chain")
  func empty() throws {
    let row = String(repeating: " \"a\"?", count: 50_000)
    #expect(try accepts("root ::=\(row) \"b\"", "aab"))
    let chain = (0..<50_000).map { "r\($0) ::= (\"a\" | r\($0 + 1)) \"c\"?\n" }.joined()
    #expect(try accepts("root ::= r0 \"b\"\n\(chain)r50000 ::= \"\"", "ccb"))
  }

  @Test("brackets nest as deeply as a text has them")
  func deep() throws {
    let grammar = try Grammar(gbnf: #"root ::= "(" root ")" | "x""#)
    let text = String(repeating: "(", count: 20_000) + "x" + String(repeating: ")", count: 20_000)
    #expect(grammar.accepts(Array(text.utf8)))
    #expect(!grammar.accepts(Array(text.utf8.dropLast())))
  }

  @Test("a schema of arrays in arrays makes rules in proportion to its depth")
  func nested() throws {
    let depth = 60
    let schema =
      String(repeating: #"{"type":"array","minItems":1,"items":"#, count: depth) + "true"
      + String(repeating: "}", count: depth)
    let grammar = try Grammar(jsonSchema: Array(schema.utf8))
    let text = String(repeating: "[", count: depth) + "7" + String(repeating: "]", count: depth)
    #expect(grammar.accepts(Array(text.utf8)))
    #expect(!grammar.accepts(Array(text.utf8.dropFirst())))
    let maps =
      String(repeating: #"{"type":"object","additionalProperties":"#, count: depth) + "true"
      + String(repeating: "}", count: depth)
    #expect(try Grammar(jsonSchema: Array(maps.utf8)).accepts(Array(#"{"a":{"b":{}}}"#.utf8)))
  }

  @Test("long strings, long lists and many properties keep to their limits")
  func limits() throws {
    let string = try Grammar(jsonSchema: Array(#"{"type":"string","maxLength":100000}"#.utf8))
    #expect(string.accepts([34] + [UInt8](repeating: 97, count: 3_000) + [34]))
    let list = try Grammar(
      jsonSchema: Array(#"{"type":"array","items":{"type":"null"},"minItems":5000}"#.utf8))
    let text = "[" + [String](repeating: "null", count: 5_000).joined(separator: ",") + "]"
    #expect(list.accepts(Array(text.utf8)))
    #expect(!list.accepts(Array(text.replacing("[null,", with: "[").utf8)))
    let properties = (0..<5_000).map { "\"p\($0)\":{\"type\":\"null\"}" }
      .joined(separator: ",")
    let object = try Grammar(
      jsonSchema: Array(
        "{\"type\":\"object\",\"properties\":{\(properties)},\"required\":[\"p4999\"]}".utf8))
    #expect(object.accepts(Array(#"{"p7":null,"p4999":null}"#.utf8)))
    #expect(!object.accepts(Array(#"{"p7":null}"#.utf8)))
    let values = (0..<20_000).map(String.init).joined(separator: ",")
    let choice = try Grammar(jsonSchema: Array("{\"enum\":[\(values)]}".utf8))
    #expect(choice.accepts(Array("19999".utf8)) && !choice.accepts(Array("20000".utf8)))
  }
}

@Suite("JSON schema")
struct JSONSchemaTests {
  @Test(
    "texts are accepted or rejected as the schema says",
    arguments: [
      (#"{"type":"boolean"}"#, ["true", "false"], ["null", "True", "1"]),
      (#"{"type":["integer","null"]}"#, ["0", "-12", "null"], ["1.5", "01", "\"1\""]),
      (#"{"type":"number"}"#, ["0", "-1.25", "3e-7"], ["1.", ".5", "+1"]),
      (
        #"{"type":"integer","minimum":-3,"maximum":120}"#,
        ["-3", "-1", "0", "7", "99", "100", "120"], ["-4", "121", "1000", "-0"]
      ),
      (#"{"type":"integer","exclusiveMinimum":9}"#, ["10", "99", "12345"], ["9", "-10", "1"]),
      (#"{"type":"integer","maximum":-5}"#, ["-5", "-10", "-123"], ["-4", "0", "5"]),
      (
        #"{"type":"string","minLength":2,"maxLength":3}"#,
        [#""ab""#, #""aé☃""#, #""\n\u00e9""#, #""\ud83d\ude00x""#],
        [#""a""#, #""abcd""#, #""\ud83d\ude00""#, "ab"]
      ),
      (
        #"{"type":"string","pattern":"^[a-c]+-\\d{2}$"}"#, [#""abc-12""#],
        [#""abc-1""#, #""-12""#, #""abc-123""#]
      ),
      (#"{"type":"string","pattern":"b+"}"#, [#""abbc""#, #""b""#], [#""ac""#]),
      (
        #"{"type":"string","format":"date"}"#, [#""2024-12-31""#, #""1999-02-28""#],
        [#""2024-13-01""#, #""2023-04-31""#]
      ),
      (#"{"enum":["a",1,null,[true]]}"#, [#""a""#, "1", "null", "[true]"], ["2", "[false]"]),
      (#"{"const":{"a":1}}"#, [#"{"a":1}"#], [#"{"a":2}"#]),
      (
        #"{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3}"#,
        ["[1]", "[1, 2,3]"], ["[]", "[1,2,3,4]", "[\"a\"]", "[1,]"]
      ),
      (
        #"{"type":"array","prefixItems":[{"type":"integer"},{"type":"boolean"}],"items":false,"minItems":2}"#,
        ["[1,true]"], ["[1]", "[1,true,2]", "[true,1]"]
      ),
      (
        #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"},"c":{"type":"boolean"}},"required":["b"]}"#,
        [#"{"b":null}"#, #"{"a": 1,"b":null}"#, "{\n  \"b\": null, \"c\": true }"],
        ["{}", #"{"a":1}"#, #"{"b":null,"d":1}"#, #"{"b":null,}"#]
      ),
      (
        #"{"type":"object","properties":{"ab":{"type":"integer"}},"additionalProperties":{"type":"string"}}"#,
        ["{}", #"{"ab":1}"#, #"{"ab":1,"a":"x","abc":"y"}"#, #"{"b":"x"}"#],
        [#"{"ab":"x"}"#, #"{"a":1}"#]
      ),
      (#"{"type":"object"}"#, ["{}", #"{"a":[1,{"b":null}]}"#], ["[]", #"{a:1}"#]),
      (
        #"{"anyOf":[{"type":"integer"},{"type":"string","maxLength":1}]}"#, ["12", #""x""#],
        [#""xy""#, "null"]
      ),
      (
        #"{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}}}]}"#,
        [#"{"a":1}"#, #"{"a":1,"b":null}"#], ["{}", #"{"a":null}"#]
      ),
      (
        ##"{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"array","items":{"$ref":"#/$defs/tree"}}}}"##,
        ["[]", "[[],[[]]]"], ["[1]", "[[]"]
      ),
      ("true", ["null", #"{"a":[1,2]}"#, "-1e5"], ["nul", "[1"]),
      (
        #"{"type":"integer","minimum":-9999999999999999,"exclusiveMaximum":9999999999999999}"#,
        ["-9999999999999999", "0", "9999999999999998"],
        ["-10000000000000000", "9999999999999999"]
      ),
      (#"{"type":"string","minLength":0,"maxLength":0}"#, [#""""#], [#""a""#]),
      (
        #"{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":{}}"#,
        ["{}", #"{"a":null,"b":[1]}"#], [#"{"a":1}"#]
      ),
      (
        #"{"allOf":[{"type":"object","properties":{"title":{"type":"null"}}},{"properties":{"description":{"type":"null"}}}]}"#,
        [#"{"title":null,"description":null}"#, #"{"description":null}"#], [#"{"title":1}"#]
      ),
      (
        #"{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"null"}}},"a/properties/b":{"type":"integer"}}}"#,
        [#"{"a":{"b":null},"a/properties/b":1}"#], [#"{"a":{"b":1}}"#, #"{"a/properties/b":null}"#]
      ),
    ] as [(String, [String], [String])])
  func table(schema: String, good: [String], bad: [String]) throws {
    let grammar = try Grammar(jsonSchema: Array(schema.utf8))
    for text in good {
      #expect(grammar.accepts(Array(text.utf8)), "\(schema) rejects \(text)")
    }
    for text in bad {
      #expect(!grammar.accepts(Array(text.utf8)), "\(schema) accepts \(text)")
    }
  }

  @Test(
    "a schema that cannot be kept to is an error, not a wrong text",
    arguments: [
      (#"{"type":"number","multipleOf":3}"#, "multipleOf"),
      (#"{"not":{"type":"null"}}"#, "no type"),
      (#"{"type":"array","uniqueItems":true}"#, "uniqueItems"), ("{", "no JSON"),
      (#"{"type":"string","pattern":"(?=a)b"}"#, "pattern"), ("false", "nothing"),
      (##"{"$ref":"#/x"}"##, "#/x"), (#"{"type":"object","required":["a"]}"#, "requires"),
      (#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#, "both"),
      (#"{"type":"integer","minimum":3,"maximum":2}"#, "no number"),
      (#"{"type":"string","minLength":-3}"#, "minLength at # is -3"),
      (#"{"type":"string","maxLength":100001}"#, "maxLength at # is 100001"),
      (#"{"type":"array","minItems":9223372036854775807}"#, "minItems at #"),
      (#"{"type":"integer","exclusiveMinimum":9223372036854775807}"#, "exclusiveMinimum at #"),
      (
        #"{"type":"integer","minimum":-9223372036854775808}"#,
        "minimum at # is -9223372036854775808"
      ),
      (#"{"type":"integer","minimum":10000000000000000}"#, "beyond"),
      (#"{"type":"integer","maximum":-99999999999999999999}"#, "beyond"),
      (#"{"type":"integer","exclusiveMinimum":9999999999999999}"#, "no number"),
      (#"{"type":"integer","maximum":1e400}"#, "no whole number"),
      (#"{"type":"integer","maximum":"3"}"#, "no whole number"),
      (#"{"enum":[]}"#, "enum at # has no values"), (#"{"enum":{}}"#, "enum at # has no values"),
      (#"{"type":"array","minItems":3,"maxItems":2}"#, "more than maxItems"),
      (#"{"type":"string","minLength":3,"maxLength":2}"#, "more than maxLength"),
      (#"{"type":"object","minProperties":1}"#, "minProperties"),
      (#"{"type":["integer","number"],"minimum":1}"#, "minimum"),
      (#"{"type":"string","pattern":5}"#, "pattern at # is no text"),
      (#"{"type":"string","pattern":"\\ud83d"}"#, "pattern"),
      (#"{"type":"string","pattern":"[^\\s\\S]"}"#, "pattern"),
      (#"{"type":"string","pattern":"((a{2000}){2000}){2000}"}"#, "too large"),
      (
        "{\"type\":\"string\",\"pattern\":\"\(String(repeating: "(", count: 100_000))\"}",
        "nested too deeply"
      ),
      (#"{"type":["null",5]}"#, "no name"), (#"{"$ref":5}"#, "$ref at # is no text"),
      (#"{"type":"object","properties":[]}"#, "properties at #"),
      (#"{"type":"object","required":"a"}"#, "required at #"),
      (#"{"type":"array","prefixItems":{}}"#, "prefixItems at #"),
      (##"{"allOf":[{"$ref":"#"}]}"##, "refers to itself"),
      (##"{"type":"object","anyOf":[{"$ref":"#"}]}"##, "refers to itself"),
      (##"{"type":"array","minItems":1,"items":{"$ref":"#"}}"##, "no text that ends"),
      (##"{"$ref":"#"}"##, "no text that ends"),
      (##"{"anyOf":[{"$ref":"#/anyOf/0"}]}"##, "no text that ends"),
      (
        "{\"a\":\(String(repeating: "[", count: 100_000))", "nested too deeply"
      ),
    ])
  func errors(schema: String, part: String) {
    let error = #expect(throws: GrammarError.self) { try Grammar(jsonSchema: Array(schema.utf8)) }
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "none")")
  }
}

@Suite("Sampling by a grammar")
struct GrammarSamplingTests {
  /// Tokens that end inside characters, cross rules, and repeat each other's text.
  private let tokenizer = ToyTokenizer(
    bytes: ["<|end|>", "a", "b", "ab", "(", ")", "()", "((", "é", " "].map { Array($0.utf8) }
      + [[0xC3], [0xA9], [0x61, 0xC3], [0xA9, 0x62], [0xE2, 0x98], [0x83]],
    special: ["<|end|>"])

  private func samples(
    _ grammar: Grammar, count: Int, seed: UInt64, spread: Float = 2
  ) -> [GeneratedText] {
    let model = ToyModel.random(
      vocabularySize: 18, contextLength: 64, spread: spread, memory: 3, seed: seed)
    var options = GenerationOptions()
    options.chain = .plain
    options.count = count
    options.maximumTokens = 40
    options.grammar = grammar
    return Generator(model: model, tokenizer: tokenizer).generate(after: [1], options: options)
  }

  @Test(
    "every sample that ends is accepted, whatever characters its tokens cut",
    arguments: [
      #"root ::= "é"+ | "ab☃"{1,3}"#, #"root ::= "(" root ")" root | """#,
      #"root ::= [é☃]{3} " "? [ab]*"#, #"root ::= (.){4}"#,
    ])
  func accepted(gbnf: String) throws {
    let grammar = try Grammar(gbnf: gbnf)
    var ended = 0
    for seed in 1...6 as ClosedRange<UInt64> {
      for sample in samples(grammar, count: 10, seed: seed) where sample.ending != .length {
        #expect(sample.ending == .endOfText || sample.ending == .complete)
        #expect(grammar.accepts(Array(sample.text.utf8)), "\(sample.text)")
        ended += 1
      }
    }
    #expect(ended > 20)
  }

  @Test("a step draws from the model's distribution over what the grammar allows")
  func distribution() throws {
    let grammar = try Grammar(gbnf: #"root ::= "ab" "a"*"#)
    let model = ToyModel.random(vocabularySize: 18, contextLength: 64, memory: 3, seed: 2)
    let found = samples(grammar, count: 2_000, seed: 2)
    // The first token is "a" or "ab"; "a" must be followed by "b".
    let shares = model.probabilities(after: [1])
    // Rows beyond the tokenizer's are no part of the distribution that is drawn from.
    let known = shares.prefix(16).reduce(0, +)
    let expected = shares[1] / (shares[1] + shares[3])
    let share = Double(found.count { $0.tokens[0].token == 1 }) / 2_000
    #expect(abs(share - expected) < 0.05)
    for sample in found.prefix(50) {
      let drawn = sample.tokens[0]
      #expect(abs(Double(drawn.allowed) - (shares[1] + shares[3]) / known) < 1e-5)
    }
  }

  @Test("a grammar whose bytes no token begins with ends the sample, and says so")
  func stuck() throws {
    let sample = samples(try Grammar(gbnf: #"root ::= "a" "z""#), count: 1, seed: 1)[0]
    #expect(sample.ending == .stuck && sample.text == "a")
    let whole = samples(try Grammar(gbnf: #"root ::= "a""#), count: 1, seed: 1)[0]
    #expect(whole.ending == .complete && whole.text == "a" && whole.tokens.count == 1)
  }
}
