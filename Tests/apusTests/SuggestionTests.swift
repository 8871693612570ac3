/// "Did you mean …?"

import Testing
import apus

@Suite("Suggestion")
struct SuggestionTests {
  private let verbs = ["tokenizer", "tokenize", "detokenize", "train", "sample", "next"]

  @Test(
    "letters swapped, lost or added still name a verb",
    arguments: [
      ("trian", "train"), ("smaple", "sample"), ("nxt", "next"), ("tokenise", "tokenize"),
      ("detokenise", "detokenize"), ("tokeniser", "tokenizer"),
    ])
  func near(word: String, verb: String) {
    #expect(Suggestion.nearest(to: word, among: verbs) == verb)
  }

  @Test("the beginning of an option is enough")
  func beginnings() {
    #expect(
      Suggestion.nearest(to: "--vocab", among: ["--vocab-size", "--version"]) == "--vocab-size")
  }

  @Test("a word that resembles nothing gets no suggestion")
  func far() {
    #expect(Suggestion.nearest(to: "frobnicate", among: verbs) == nil)
    #expect(Suggestion.nearest(to: "x", among: []) == nil)
  }

  @Test("the distance counts insertions, deletions and changes")
  func distance() {
    #expect(Suggestion.distance("kitten", "sitting") == 3)
    #expect(Suggestion.distance("", "abc") == 3)
    #expect(Suggestion.distance("same", "same") == 0)
  }
}
