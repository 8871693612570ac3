/// Who can be in a tale: animals and people, with what they can do and how they are spoken of.

enum Gender { case he, she, they }

enum Skill: CaseIterable { case fly, swim, dig, climb, strong, small }

/// An animal that talks, in the worlds where animals do.
struct Species {
  let name: String
  let plural: String
  let skills: [Skill]
  let worlds: [World]
  /// What it lives in.
  let homes: [String]
}

enum World: CaseIterable { case forest, farm, pond, shore, mountain, village, town }

let species: [Species] = [
  Species(
    name: "fox", plural: "foxes", skills: [.dig], worlds: [.forest, .farm, .mountain],
    homes: ["a den under a beech tree", "a warm den at the edge of the wood"]),
  Species(
    name: "rabbit", plural: "rabbits", skills: [.dig], worlds: [.forest, .farm],
    homes: ["a burrow under a hedge", "a sandy burrow on a hill"]),
  Species(
    name: "mouse", plural: "mice", skills: [.small], worlds: [.forest, .farm, .mountain],
    homes: ["a hole behind the flour bins", "a nest of dry grass", "an old boot"]),
  Species(
    name: "hedgehog", plural: "hedgehogs", skills: [.small], worlds: [.forest, .farm],
    homes: ["under a pile of leaves", "a hollow log"]),
  Species(
    name: "squirrel", plural: "squirrels", skills: [.climb], worlds: [.forest, .mountain],
    homes: ["a hole high in an oak", "a nest in a tall pine"]),
  Species(
    name: "badger", plural: "badgers", skills: [.dig, .strong],
    worlds: [.forest, .farm],
    homes: ["a house of many tunnels", "a sett under the roots of an elm"]),
  Species(
    name: "otter", plural: "otters", skills: [.swim], worlds: [.pond, .shore],
    homes: ["a hole in the river bank", "a house of driftwood"]),
  Species(
    name: "owl", plural: "owls", skills: [.fly], worlds: [.forest, .farm, .mountain],
    homes: ["a hollow oak", "in the loft of an old barn"]),
  Species(
    name: "duck", plural: "ducks", skills: [.swim, .fly], worlds: [.pond, .farm],
    homes: ["a nest among the reeds", "a little wooden house by the water"]),
  Species(
    name: "goat", plural: "goats", skills: [.climb, .strong], worlds: [.farm, .mountain],
    homes: ["a stable with a green door", "a cave with a view of three valleys"]),
  Species(
    name: "lamb", plural: "lambs", skills: [], worlds: [.farm, .mountain],
    homes: ["a fold beside the barn", "a meadow with a stone wall around it"]),
  Species(
    name: "donkey", plural: "donkeys", skills: [.strong], worlds: [.farm, .mountain],
    homes: ["a stable at the end of the lane", "a field with one tree in it"]),
  Species(
    name: "pig", plural: "pigs", skills: [.strong, .dig], worlds: [.farm],
    homes: ["a sty with fresh straw", "the orchard behind the barn"]),
  Species(
    name: "cat", plural: "cats", skills: [.climb], worlds: [.farm],
    homes: ["the hayloft", "a basket in the dairy"]),
  Species(
    name: "frog", plural: "frogs", skills: [.swim, .small], worlds: [.pond],
    homes: ["beside a puddle under a fern", "a house of stones by the pond"]),
  Species(
    name: "mole", plural: "moles", skills: [.dig, .small], worlds: [.forest, .farm, .pond],
    homes: ["a neat round hole in the meadow", "a house with eleven tunnels"]),
  Species(
    name: "beaver", plural: "beavers", skills: [.swim, .strong], worlds: [.pond],
    homes: ["a lodge of sticks", "on a dam across the stream"]),
  Species(
    name: "bear", plural: "bears", skills: [.strong, .climb], worlds: [.forest, .mountain],
    homes: ["a dry cave", "a den under a fallen pine"]),
  Species(
    name: "sparrow", plural: "sparrows", skills: [.fly, .small],
    worlds: [.forest, .farm, .pond], homes: ["a nest under the eaves", "a thorn bush"]),
  Species(
    name: "crow", plural: "crows", skills: [.fly], worlds: [.forest, .farm, .mountain],
    homes: ["a nest in a bare elm", "at the top of a broken tower"]),
  Species(
    name: "goose", plural: "geese", skills: [.swim, .fly], worlds: [.farm, .pond],
    homes: ["a shed beside the pond", "a nest on a small island"]),
  Species(
    name: "heron", plural: "herons", skills: [.fly], worlds: [.pond, .shore],
    homes: ["a nest in a dead willow", "by a quiet bay"]),
  Species(
    name: "turtle", plural: "turtles", skills: [.swim], worlds: [.pond, .shore],
    homes: ["on a warm bank of mud", "inside a ring of smooth stones"]),
  Species(
    name: "seal", plural: "seals", skills: [.swim, .strong], worlds: [.shore],
    homes: ["on a flat rock in the bay", "a cave that the tide visits twice a day"]),
  Species(
    name: "crab", plural: "crabs", skills: [.dig, .small], worlds: [.shore],
    homes: ["a pool between two rocks", "a hole in the sand"]),
  Species(
    name: "gull", plural: "gulls", skills: [.fly], worlds: [.shore],
    homes: ["on a ledge of the cliff", "on the roof of an empty boathouse"]),
  Species(
    name: "puffin", plural: "puffins", skills: [.fly, .swim], worlds: [.shore],
    homes: ["a burrow at the top of the cliff", "on a grassy ledge over the sea"]),
  Species(
    name: "eagle", plural: "eagles", skills: [.fly, .strong], worlds: [.mountain],
    homes: ["a nest on the highest rock", "on a ledge above the clouds"]),
  Species(
    name: "marmot", plural: "marmots", skills: [.dig], worlds: [.mountain],
    homes: ["a hole among the rocks", "a burrow in a sunny slope"]),
  Species(
    name: "pony", plural: "ponies", skills: [.strong], worlds: [.farm, .mountain],
    homes: ["a stable with a red roof", "a wide field by the road"]),
]

/// What grown people do, and which skill their tools give them.
let trades: [(name: String, skill: Skill, worlds: [World])] = [
  ("baker", .small, [.village, .town]), ("blacksmith", .strong, [.village, .town]),
  ("carpenter", .climb, [.village, .town]), ("fisherman", .swim, [.village]),
  ("gardener", .dig, [.village, .town]), ("miller", .strong, [.village]),
  ("shepherd", .climb, [.village]), ("clockmaker", .small, [.village, .town]),
  ("ferryman", .swim, [.village, .town]), ("well digger", .dig, [.village]),
  ("roof mender", .climb, [.village, .town]), ("tailor", .small, [.village, .town]),
  ("diver", .swim, [.town]), ("chimney sweep", .climb, [.town]), ("carter", .strong, [.village]),
  ("stonemason", .strong, [.town, .village]), ("beekeeper", .small, [.village]),
  ("sailor", .climb, [.town]), ("park keeper", .dig, [.town]),
]

let tradesOfWomen = ["fisherman": "fisherwoman", "ferryman": "ferrywoman"]

let peopleHomes = [
  "a small house with a blue door", "a cottage at the end of the lane", "a tall thin house",
  "a white house by the bridge", "a house with a crooked chimney", "the rooms above the bakery",
  "a house full of books", "a farmhouse with a mossy roof", "a house beside the mill",
  "an old inn", "a stone house by the well", "a narrow house in a narrow street",
  "two rooms over the shoe shop", "a lighthouse", "a house with seven windows",
]

let girlNames = [
  "Ada", "Alma", "Anna", "Bella", "Betty", "Clara", "Cora", "Daisy", "Dora", "Edith", "Ella",
  "Elsie", "Emma", "Etta", "Fern", "Flora", "Freya", "Greta", "Hazel", "Heather", "Ida", "Ines",
  "Iris", "Ivy", "Jana", "Josie", "Juno", "Kira", "Lena", "Lily", "Lotte", "Lucy", "Mabel",
  "Maya", "Mila", "Mina", "Molly", "Nadia", "Nell", "Nina", "Nora", "Olive", "Opal", "Pearl",
  "Penny", "Petra", "Poppy", "Rosa", "Ruby", "Ruth", "Sadie", "Selma", "Sofia", "Stella", "Tansy",
  "Tilda", "Tess", "Una", "Vera", "Willow", "Wren", "Yara", "Zelda", "Zoe",
]

let boyNames = [
  "Albert", "Alfie", "Anton", "Arlo", "Basil", "Ben", "Bruno", "Carl", "Caspar", "Dan", "Darius",
  "Edgar", "Emil", "Felix", "Finn", "Franz", "Fred", "George", "Gus", "Hal", "Hans", "Henry",
  "Hugo", "Ivan", "Jack", "Jasper", "Joe", "Jonas", "Kai", "Karim", "Leo", "Linus", "Luke", "Malik",
  "Mark", "Max", "Milo", "Moss", "Ned", "Nico", "Noah", "Olaf", "Oscar", "Otto", "Owen", "Paul",
  "Percy", "Peter", "Pip", "Ralph", "Reed", "Robin", "Rufus", "Sam", "Simon", "Sven", "Theo", "Tim",
  "Toby", "Tom", "Victor", "Walter", "Will", "Yusuf",
]

/// Someone in a tale.
struct Person {
  var name: String
  var gender: Gender
  /// "fox", "girl", "baker".
  var kind: String
  /// "little fox", "old baker".
  var noun: String
  var home: String
  var skills: [Skill]
  var isPlural: Bool { gender == .they }
}

/// Chooses people for a tale so that no name or species occurs twice.
struct Casting {
  let world: World
  private var names: Set<String> = []
  private var kinds: Set<String> = []

  init(_ world: World) { self.world = world }

  var isOfAnimals: Bool { world != .village && world != .town }

  mutating func child(_ tale: Tale, without skills: [Skill] = []) -> Person {
    let gender: Gender = tale.chance(0.5) ? .he : .she
    if isOfAnimals {
      let animal = freshSpecies(tale, with: nil, without: skills)
      return Person(
        name: freshName(tale, gender), gender: gender, kind: animal.name,
        noun: tale.one(of: ["little", "young", "small"]) + " " + animal.name,
        home: tale.one(of: animal.homes), skills: animal.skills)
    }
    let kind = gender == .he ? "boy" : "girl"
    return Person(
      name: freshName(tale, gender), gender: gender, kind: kind,
      noun: tale.one(of: ["little", "small", "young"]) + " " + kind,
      home: tale.one(of: peopleHomes), skills: [])
  }

  /// Two who do everything together.
  mutating func pair(_ tale: Tale, without skills: [Skill] = []) -> Person {
    let genders: [Gender] = [tale.chance(0.5) ? .he : .she, tale.chance(0.5) ? .he : .she]
    let names = genders.map { freshName(tale, $0) }.joined(separator: " and ")
    if isOfAnimals {
      let animal = freshSpecies(tale, with: nil, without: skills)
      return Person(
        name: names, gender: .they, kind: animal.plural, noun: "young \(animal.plural)",
        home: tale.one(of: animal.homes), skills: animal.skills)
    }
    let kind =
      genders == [.he, .he] ? "brothers" : genders == [.she, .she] ? "sisters" : "children"
    return Person(
      name: names, gender: .they, kind: kind, noun: kind, home: tale.one(of: peopleHomes),
      skills: [])
  }

  /// Someone older, if need be with a skill.
  mutating func elder(
    _ tale: Tale, with skill: Skill? = nil, without skills: [Skill] = []
  ) -> Person {
    let gender: Gender = tale.chance(0.5) ? .he : .she
    if isOfAnimals {
      let animal = freshSpecies(tale, with: skill, without: skills)
      return Person(
        name: freshName(tale, gender), gender: gender, kind: animal.name,
        noun: tale.one(of: ["old", "big", "grey old", "kind old"]) + " " + animal.name,
        home: tale.one(of: animal.homes), skills: animal.skills)
    }
    let fitting = trades.filter {
      $0.worlds.contains(world) && (skill == nil || $0.skill == skill) && !kinds.contains($0.name)
    }
    let trade =
      fitting.isEmpty
      ? trades[tale.random.next(below: trades.count)]
      : fitting[tale.random.next(below: fitting.count)]
    kinds.insert(trade.name)
    let kind = gender == .she ? tradesOfWomen[trade.name] ?? trade.name : trade.name
    return Person(
      name: freshName(tale, gender), gender: gender, kind: kind,
      noun: tale.one(of: ["old", "tall", "busy", "kind"]) + " " + kind,
      home: tale.one(of: peopleHomes), skills: [trade.skill])
  }

  private mutating func freshName(_ tale: Tale, _ gender: Gender) -> String {
    let choices = gender == .he ? boyNames : girlNames
    while true {
      let name = choices[tale.random.next(below: choices.count)]
      if names.insert(name).inserted { return name }
    }
  }

  private mutating func freshSpecies(
    _ tale: Tale, with skill: Skill?, without unwanted: [Skill]
  ) -> Species {
    func choices(_ isFitting: (Species) -> Bool) -> [Species] {
      species.filter {
        isFitting($0) && !kinds.contains($0.name) && !unwanted.contains(where: $0.skills.contains)
      }
    }
    var fitting = choices { animal in
      animal.worlds.contains(world) && (skill.map { animal.skills.contains($0) } ?? true)
    }
    if fitting.isEmpty {
      fitting = choices { animal in skill.map { animal.skills.contains($0) } ?? true }
    }
    if fitting.isEmpty { fitting = species.filter { !kinds.contains($0.name) } }
    let animal = fitting[tale.random.next(below: fitting.count)]
    kinds.insert(animal.name)
    return animal
  }
}

extension Tale {
  /// Makes `{role}`, `{role.he}` and the like stand for someone; for the hero also `{he}` alone.
  func cast(_ person: Person, as role: String) {
    func set(_ key: String, _ word: String) {
      words["\(role).\(key)"] = word
      if role == "h" { words[key] = word }
    }
    words[role] = person.name
    if !people.contains(where: { $0.name == person.name }) { people.append(person) }
    set("kind", person.kind)
    set("noun", person.noun)
    let isPlaced = ["in ", "on ", "at ", "by ", "under ", "inside ", "beside "].contains {
      person.home.hasPrefix($0)
    }
    set("home", isPlaced ? person.home : "in \(person.home)")
    set("a", person.isPlural ? "two \(person.noun)" : "a \(person.noun)")
    set("the", person.isPlural ? "the two \(person.kind)" : "the \(person.noun)")
    let forms: [Gender: [String]] = [
      .he: ["he", "him", "his", "himself", "was", "", "has", "is"],
      .she: ["she", "her", "her", "herself", "was", "", "has", "is"],
      .they: ["they", "them", "their", "themselves", "were", "s", "have", "are"],
    ]
    let keys = ["he", "him", "his", "himself", "was", "s", "has", "is"]
    for (key, form) in zip(keys, forms[person.gender] ?? []) { set(key, form) }
    let birds = ["owl", "duck", "sparrow", "crow", "goose", "heron", "gull", "puffin", "eagle"]
    let isBird = birds.contains { person.noun.hasSuffix($0) || person.noun.hasSuffix("\($0)s") }
    let isAnimal = species.contains { $0.name == person.kind || $0.plural == person.kind }
    set("hands", isBird || person.noun.hasSuffix("geese") ? "claws" : isAnimal ? "paws" : "hands")
    set("one", "\(person.name)'s")
    set("I", person.isPlural ? "we" : "I")
    set("me", person.isPlural ? "us" : "me")
    set("my", person.isPlural ? "our" : "my")
    set("am", person.isPlural ? "are" : "am")
    set("we", "we")
  }
}
