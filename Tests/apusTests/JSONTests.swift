/// JSON as reports print it, read back by another's parser.

import FoundationEssentials
import Testing
import apus

@Suite("JSON")
struct JSONTests {
  @Test("keys keep their order")
  func order() {
    let value = JSON.object(["z": 1, "a": .array([.boolean(true), .null]), "m": "x"])
    #expect(value.text == #"{"z": 1, "a": [true, null], "m": "x"}"#)
  }

  @Test(
    "numbers come back exactly",
    arguments: [0.1, 1.0 / 3, 1e-300, 6.02214076e23, -0.0, 123_456_789] as [Double])
  func numbers(value: Double) throws {
    let data = Data(JSON.array([.number(value)]).text.utf8)
    #expect(try JSONDecoder().decode([Double].self, from: data) == [value])
  }

  @Test("what is not finite is null")
  func infinity() {
    #expect(JSON.array([.number(.infinity), .single(.nan)]).text == "[null, null]")
  }

  @Test(
    "texts come back exactly",
    arguments: ["", "plain", "\"\\/\u{8}\n\r\t\u{0}\u{1F}\u{7F}", "é€🦊\u{2028}", "a\u{301}"])
  func texts(value: String) throws {
    let data = Data(JSON.array([.string(value)]).text.utf8)
    let back = try JSONDecoder().decode([String].self, from: data)
    #expect(back.map { Array($0.utf8) } == [Array(value.utf8)])
  }
}
