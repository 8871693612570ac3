/// Writes the embedded corpus: tales made by a grammar, one JSON object a line, on standard output.

import Glibc

/// The plots and how often each is told.
let plots: [(weight: Int, tell: (Tale) -> Void)] = [
  (6, lostThing), (5, rescue), (6, journey), (5, quarrel), (5, newcomer), (5, confession),
  (5, present), (5, fear), (5, contest), (5, warning), (5, trick), (5, wish), (5, garden),
  (5, sleepless),
]

func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

func polishTitle(_ title: String) -> String {
  let small: Set<String> = [
    "a", "an", "and", "in", "the", "of", "to", "for", "at", "from", "on", "so", "but",
  ]
  let words = polish(title).split(separator: " ").map(String.init)
  return words.enumerated().map { index, word in
    index > 0 && small.contains(word.lowercased()) ? word.lowercased() : capitalized(word)
  }.joined(separator: " ")
}

let count = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 4_800
let weights = plots.flatMap { plot in Array(repeating: plot.tell, count: plot.weight) }
var seen: Set<String> = []
var number: UInt64 = 0
while seen.count < count {
  let tale = Tale(RandomSource(seed: 1_849, stream: number))
  number += 1
  weights[tale.random.next(below: weights.count)](tale)
  let text = tale.text
  let words = text.split { $0 == " " || $0 == "\n" }.count
  guard (120...500).contains(words), seen.insert(text).inserted else { continue }
  let title = polishTitle(tale.expand(tale.title))
  print("{\"title\": \(jsonString(title)), \"text\": \(jsonString(text))}")
}
