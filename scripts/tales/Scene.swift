/// The people, the place and the beats that most plots share.

/// A tale's cast and setting, filled into its words.
final class Scene {
  let tale: Tale
  let world: World
  let hero: Person
  private var casting: Casting
  private let trait: Trait

  /// Chooses a world and a hero; some heroes are two who do everything together.
  init(
    _ tale: Tale, allowsPair: Bool = false, without skills: [Skill] = [],
    trait wanted: String? = nil,
    worlds: [World]? = nil
  ) {
    self.tale = tale
    let choices = worlds ?? World.allCases
    world = choices[tale.random.next(below: choices.count)]
    casting = Casting(world)
    hero =
      allowsPair && tale.chance(0.12)
      ? casting.pair(tale, without: skills) : casting.child(tale, without: skills)
    tale.cast(hero, as: "h")
    let fitting = wanted.map { word in traits.filter { $0.word == word } } ?? traits
    trait = fitting[tale.random.next(below: fitting.count)]
    tale.words["trait"] = trait.word
    let superlatives = [
      "shy": "shyest", "merry": "merriest", "clever": "cleverest", "proud": "proudest",
      "kind": "kindest", "brave": "bravest", "lazy": "laziest",
      "dreamy": "dreamiest", "hasty": "hastiest",
    ]
    tale.words["trait.most"] = superlatives[trait.word] ?? "most \(trait.word)"
    tale.words["w.mark"] = tale.pick(world.marks, key: "mark")
    tale.words["w.mark2"] = tale.pick(world.marks, key: "mark")
    tale.words["errand"] = tale.one(of: [world.errand])
    tale.words["w.neighbours"] = world.neighbours
  }

  var isOfAnimals: Bool { casting.isOfAnimals }

  /// Someone grown up, as {role}.
  @discardableResult
  func elder(_ role: String, without skills: [Skill] = []) -> Person {
    let person = casting.elder(tale, without: skills)
    tale.cast(person, as: role)
    return person
  }

  /// Someone of the hero's age, as {role}.
  func friend(_ role: String) { tale.cast(casting.child(tale), as: role) }

  /// Someone grown up who can do what a trouble needs.
  func helper(_ role: String, with skill: Skill) {
    let wanted: Skill = skill == .fly && !isOfAnimals ? .climb : skill
    tale.cast(casting.elder(tale, with: wanted), as: role)
  }

  /// A thing to treasure, as {t}, {t.look} and {t.use}.
  @discardableResult
  func treasure(_ key: String) -> Thing {
    let thing = tale.pick(treasures, key: "treasure")
    tale.words[key] = thing.name
    tale.words["\(key).look"] = thing.look
    tale.words["\(key).use"] = thing.use
    return thing
  }

  /// A trouble that the hero cannot solve alone; its place becomes {place}.
  func trouble() -> Trouble {
    let able = hero.skills.contains(.fly) || hero.skills.contains(.climb)
    let fitting = troubles.filter { trouble in
      !hero.skills.contains(trouble.skill)
        && !(able && (trouble.skill == .fly || trouble.skill == .climb))
    }
    let trouble = fitting[tale.random.next(below: fitting.count)]
    tale.words["place"] = tale.one(of: trouble.place)
    return trouble
  }

  /// A place of this world, not named before in the tale.
  func place() -> String { tale.pick(world.places, key: "place") }

  /// The first paragraph: who it is about, and what that one is like.
  func introduce() {
    let isMild =
      !hero.isPlural
      && ["shy", "hasty", "stubborn", "dreamy", "proud", "lazy"].contains(trait.word)
    let named = [
      "{H} {was} {trait}.", "{H} {was} a little {trait}, or so the others said.",
      "{H} {was} very {trait}.", "Of all {w.neighbours}, {h} {was} the {trait.most}.",
      "{He} {was} known to be {trait}.", "Everybody knew that {h} {was} {trait}.", "",
    ].filter { isMild || !$0.contains("a little") }
    let sign = tale.pick(trait.signs, key: "sign")
    let second = tale.chance(0.3) ? tale.pick(trait.signs, key: "sign") : ""
    tale.tell("[start] \(tale.one(of: named)) \(sign) \(second)")
  }

  /// Neighbours who know nothing, and one who knows where to look.
  func askAround() {
    guard tale.chance(0.75) else { return }
    friend("n")
    elder("m")
    let first = place()
    let second = place()
    tale.words["first"] = first
    tale.words["second"] = second
    tale.tell(
      tale.one(of: [
        "{First} {he} met {n}, {n.a}. \"Have you seen {h.my} {t}?\" asked {h}. \"No,\" said {n}. \"But (I will keep my eyes open.|I will tell you if I do.|I found a sock. Is that any help?|I lost a tooth today.)\"",
        "{N}, {n.a}, was playing {first}. \"A {t}?\" said {n}. \"I have seen (a spoon|a feather|a blue beetle|an old hat) today, but no {t}.\"",
        "{H} asked {n}, {n.a}, who sat {first}. {N} (shook {n.his} head|thought hard|looked behind {n.his} back). \"Sorry,\" {n.he} said.",
      ]))
    tale.tell(
      tale.one(of: [
        "Then {he} asked {m}, {m.a}, {second}. \"Hm,\" said {m}. \"What falls, falls down, and what flies, flies with the wind. Go where the wind goes.\"",
        "{Second} sat {m}, {m.a}. \"I did see something (shine|move|go by) this morning,\" {m.he} said, \"over by {w.mark2}.\"",
        "\"When did you have it last?\" asked {m}, {m.a}, whom {he} met {second}. {H} thought. \"Yesterday, near {w.mark2}.\" \"Then why do you look here?\" said {m}.",
      ]))
  }

  /// Two attempts that fail.
  func tryInVain(_ trouble: Trouble) {
    let attempts = trouble.attempts
    let first = tale.pick(attempts, key: "attempt")
    let second = tale.pick(attempts, key: "attempt")
    tale.tell(
      tale.one(of: [
        "\(first) \(second)", "\(first) Then \(withPronoun(second))",
      ]) + tale.one(of: [" [tired]", " [sad]", "", " \"This will not do,\" said {h}."]))
  }

  /// The hero asks, the helper comes and does it.
  func askHelper(_ trouble: Trouble) {
    tale.tell(
      tale.one(of: [
        "[think] Then {he} remembered {f}, {f.a}, who lived {f.home}. [busy]",
        "Just then {f}, {f.a}, came by. \"What is the matter?\" {f.he} asked.",
        "\"There is one who could do it,\" thought {h}, and ran to {f}, {f.a}. [busy]",
        "A little way off lived {f}, {f.a}. {H} had never spoken to {f.him} before. [Hello]",
      ]) + " [kindWord] "
        + tale.one(of: [
          "{H} told {f.him} about the {t}, and {f} listened to every word.",
          "{H} explained it all in one breath.", "{H} pointed and explained.",
          "\"It is {h.my} {t},\" said {h}. \"It is {place}, and {h.I} cannot reach it.\"",
        ]) + " [agree]")
    tale.tell(tale.one(of: isOfAnimals ? trouble.animalWay : trouble.humanWay))
  }

  /// Sometimes a last line that says what it was about.
  func moral(_ choices: [String]) {
    guard tale.chance(0.45) else { return }
    let moral = tale.one(of: choices)
    tale.tell(
      tale.one(of: [
        "{H} learned that day:", "The old folk of those parts say:", "As the saying goes:",
        "Remember this:", "",
      ])
        + " " + moral)
  }

  private func withPronoun(_ text: String) -> String {
    text.hasPrefix("{H}") ? "{he}" + text.dropFirst(3) : text
  }
}
