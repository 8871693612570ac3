import Inference
import Testing

@Suite("Text stream")
struct TextStreamTests {
  @Test("characters come out when they are complete")
  func characters() {
    var stream = TextStream()
    var parts: [String] = []
    for byte in Array("a é 日 🐦!".utf8) { parts.append(stream.append([byte])) }
    #expect(parts.joined() == "a é 日 🐦!")
    #expect(parts.filter { !$0.isEmpty } == ["a", " ", "é", " ", "日", " ", "🐦", "!"])
  }

  @Test("broken bytes become replacement characters and hold nothing up")
  func broken() {
    var stream = TextStream()
    #expect(stream.append([0x61, 0xE6, 0x97]) == "a")
    #expect(stream.append([0x62]) == "\u{FFFD}b")
    #expect(stream.append([0xF0, 0x9F]) == "")
    #expect(stream.finish() == "\u{FFFD}")
  }

  @Test("a stop text is found across chunks and not shown")
  func stop() {
    var stream = TextStream(stops: ["\n\nEND", "STOP"])
    #expect(stream.append(Array("one\n".utf8)) == "one")
    #expect(stream.append(Array("\nE".utf8)) == "")
    #expect(stream.append(Array("ast\n\nEN".utf8)) == "\n\nEast")
    #expect(stream.append(Array("D after".utf8)) == "")
    #expect(stream.isStopped)
    #expect(stream.append(Array("more".utf8)) == "")
  }

  @Test("what only looked like a stop text is shown at the end")
  func heldBack() {
    var stream = TextStream(stops: ["abcd"])
    #expect(stream.append(Array("xabc".utf8)) == "x")
    #expect(stream.finish() == "abc")
  }

  @Test("any chunking gives what the whole text gives")
  func chunking() {
    let text = Array("aabaabaac — ünd aabaac danach".utf8)
    for stop in ["aabaac", "aac", "ünd", "zz"] {
      let whole = String(decoding: text, as: UTF8.self)
      let expected = whole.split(separator: stop, maxSplits: 1, omittingEmptySubsequences: false)[0]
      for size in 1...7 {
        var stream = TextStream(stops: [stop])
        var found = ""
        var index = 0
        while index < text.count {
          found += stream.append(Array(text[index..<min(index + size, text.count)]))
          index += size
        }
        found += stream.finish()
        #expect(found == expected)
      }
    }
  }
}
