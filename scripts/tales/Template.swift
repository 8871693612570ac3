/// A template with choices and slots, and the tale that it is expanded for.

/// A tale in the making: who is in it, what was chosen, what was told.
final class Tale {
  var random: RandomSource
  var title = ""
  var words: [String: String] = [:]
  var people: [Person] = []
  private(set) var paragraphs: [String] = []
  private var usedChoices: [String: Set<Int>] = [:]

  init(_ random: RandomSource) { self.random = random }

  /// Adds a paragraph.
  func tell(_ template: String) {
    let text = expand(template)
    if !text.allSatisfy({ $0 == " " }) { paragraphs.append(text) }
  }

  /// The whole text.
  var text: String {
    paragraphs.map { withPronouns(polish($0)) }.joined(separator: "\n\n")
  }

  /// Lets a sentence that starts with the name the last one started with start with a pronoun,
  /// unless the last one named somebody else.
  private func withPronouns(_ paragraph: String) -> String {
    var subject: Person?
    var sentences = splitSentences(paragraph)
    for index in sentences.indices {
      let sentence = sentences[index]
      let starter = people.first { sentence.hasPrefix($0.name + " ") }
      let named = people.filter { sentence.contains($0.name) }
      let pronoun = [Gender.he: "He", .she: "She", .they: "They"]
      if let starter, starter.name == subject?.name, random.nextDouble() < 0.8 {
        sentences[index] = (pronoun[starter.gender] ?? "") + sentence.dropFirst(starter.name.count)
      }
      let current =
        starter
        ?? people.first { person in
          sentence.split(separator: " ").prefix(5).joined(separator: " ").contains(
            person.name + " ")
            || sentence.hasSuffix(" \(person.name).")
              && speechVerbs.contains { sentence.hasSuffix(" \($0) \(person.name).") }
        }
      if let current {
        let isClear = named.allSatisfy { $0.name == current.name || $0.gender != current.gender }
        subject = isClear ? current : nil
      } else if let last = subject {
        let goesOn = sentence.hasPrefix((pronoun[last.gender] ?? "") + " ")
        if !goesOn || named.contains(where: { $0.gender == last.gender && $0.name != last.name }) {
          subject = nil
        }
      }
    }
    return sentences.joined(separator: " ")
  }

  func chance(_ share: Double) -> Bool { random.nextDouble() < share }

  /// One of several, never the same twice in a tale while others are left under this key.
  func pick<Element>(_ choices: [Element], key: String) -> Element {
    var used = usedChoices[key, default: []]
    if used.count >= choices.count { used = [] }
    var index = random.next(below: choices.count)
    while used.contains(index) { index = random.next(below: choices.count) }
    used.insert(index)
    usedChoices[key] = used
    return choices[index]
  }

  /// One of several templates, expanded.
  func one(of choices: [String]) -> String {
    expand(choices[random.next(below: choices.count)])
  }

  /// Expands `(a|b)` choices, `[rule]` phrases and `{slot}` words; `{Slot}` starts with a capital.
  func expand(_ template: String) -> String {
    var characters = Array(template)[...]
    return expandSequence(&characters, ending: nil)
  }

  private func expandSequence(
    _ input: inout ArraySlice<Character>, ending: Character?
  ) -> String {
    var output = ""
    while let character = input.first {
      if character == ending { return output }
      input.removeFirst()
      switch character {
      case "(": output += expandChoice(&input)
      case "[": output += expandRule(readName(&input, until: "]"))
      case "{": output += expandSlot(readName(&input, until: "}"))
      default: output.append(character)
      }
    }
    return output
  }

  private func expandChoice(_ input: inout ArraySlice<Character>) -> String {
    var choices: [ArraySlice<Character>] = []
    var depth = 0
    var start = input.startIndex
    for index in input.indices {
      switch input[index] {
      case "(":
        depth += 1
      case "|" where depth == 0:
        choices.append(input[start..<index])
        start = index + 1
      case ")" where depth == 0:
        choices.append(input[start..<index])
        input = input[(index + 1)...]
        var choice = choices[random.next(below: choices.count)]
        return expandSequence(&choice, ending: nil)
      case ")":
        depth -= 1
      default:
        break
      }
    }
    preconditionFailure("A choice is not closed: \(String(input))")
  }

  private func readName(_ input: inout ArraySlice<Character>, until end: Character) -> String {
    guard let index = input.firstIndex(of: end) else {
      preconditionFailure("A slot is not closed: \(String(input))")
    }
    defer { input = input[(index + 1)...] }
    return String(input[..<index])
  }

  private func expandRule(_ name: String) -> String {
    let plain = name.prefix(1).lowercased() + name.dropFirst()
    guard let choices = phrases[plain] else { preconditionFailure("No rule [\(name)]") }
    let text = expand(pick(choices, key: plain))
    return plain == name ? text : capitalized(text)
  }

  private func expandSlot(_ name: String) -> String {
    if let word = words[name] { return word }
    let plain = name.prefix(1).lowercased() + name.dropFirst()
    guard let word = words[plain] else {
      preconditionFailure("No word {\(name)} in \(title); there are \(words.keys.sorted())")
    }
    return capitalized(word)
  }
}

func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

/// "a" or "an" before a word, by its sound.
func article(for word: String) -> String {
  let lower = word.lowercased()
  for silent in ["hour", "honest"] where lower.hasPrefix(silent) { return "an" }
  for spoken in ["uni", "use", "one", "once", "eu"] where lower.hasPrefix(spoken) { return "a" }
  return "aeiou".contains(lower.first ?? "x") ? "an" : "a"
}

/// Single spaces, articles that fit, capitals where sentences begin.
func polish(_ text: String) -> String {
  var words = text.split(separator: " ").map(String.init)
  for index in words.indices.dropLast() {
    let bare = words[index].drop { $0 == "\"" }
    guard bare == "a" || bare == "A" else { continue }
    let next = words[index + 1].drop { $0 == "\"" }
    if article(for: String(next)) == "an" { words[index] += "n" }
  }
  for index in words.indices.dropLast() where words[index].hasSuffix(".\"") {
    let next = words[index + 1].prefix { $0.isLetter }
    let isPronoun = ["he", "she", "they"].contains(next) && index + 2 < words.count
    let verb = isPronoun ? words[index + 2].prefix { $0.isLetter } : next
    if speechVerbs.contains(String(verb)) { words[index] = words[index].dropLast(2) + ",\"" }
  }
  for index in words.indices {
    let begins = index == 0 || endsSentence(words[index - 1])
    if begins { words[index] = capitalizedInQuotes(words[index]) }
  }
  return words.joined(separator: " ")
}

let speechVerbs: Set<String> = [
  "said", "cried", "called", "asked", "whispered", "answered", "thought", "sighed", "panted",
  "replied", "laughed", "murmured", "muttered", "shouted",
]

/// The sentences of a polished paragraph; speech stays with the words that introduce it.
func splitSentences(_ paragraph: String) -> [String] {
  var sentences: [String] = []
  var current: [Substring] = []
  var isQuoted = false
  for word in paragraph.split(separator: " ") {
    current.append(word)
    if word.filter({ $0 == "\"" }).count % 2 == 1 { isQuoted.toggle() }
    if !isQuoted, let last = word.last, ".!?\"".contains(last),
      last != "\"" || word.hasSuffix(".\"")
    {
      sentences.append(current.joined(separator: " "))
      current = []
    }
  }
  if !current.isEmpty { sentences.append(current.joined(separator: " ")) }
  return sentences
}

/// Whether the next word starts a sentence. After `?"` and `!"` it may be "said", so the template
/// decides there.
private func endsSentence(_ word: String) -> Bool {
  guard let last = word.last else { return false }
  if last == "\"" { return word.dropLast().last == "." }
  return ".!?".contains(last)
}

private func capitalizedInQuotes(_ word: String) -> String {
  guard word.first == "\"" else { return capitalized(word) }
  return "\"" + capitalized(String(word.dropFirst()))
}
