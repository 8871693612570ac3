/// What a sample must be.

import ArgumentParser
import Inference

struct GrammarOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Write only what this grammar (GBNF) allows.", valueName: "text"))
  var grammar: String?

  @Option(
    name: .long, help: ArgumentHelp("The same, from a file.", valueName: "file"),
    completion: .file())
  var grammarFile: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Write only JSON that this schema allows.", valueName: "schema"))
  var jsonSchema: String?

  @Option(
    name: .long, help: ArgumentHelp("The same, from a file.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var jsonSchemaFile: String?

  /// Whether a sample has to keep to anything.
  var isGiven: Bool {
    grammar != nil || grammarFile != nil || jsonSchema != nil || jsonSchemaFile != nil
  }

  func validate() throws {
    if [grammar, grammarFile, jsonSchema, jsonSchemaFile].compactMap({ $0 }).count > 1 {
      throw ValidationError("a sample keeps to one grammar or schema")
    }
  }

  /// The grammar that the options name, or nil.
  func load() throws -> Grammar? {
    if let grammar { return try Grammar(gbnf: grammar) }
    if let grammarFile { return try Grammar(gbnf: try Input(grammarFile).text()) }
    if let jsonSchema { return try Grammar(jsonSchema: Array(jsonSchema.utf8)) }
    if let jsonSchemaFile {
      return try Grammar(jsonSchema: Array(try Input(jsonSchemaFile).text().utf8))
    }
    return nil
  }
}
