/// Someone small escapes someone big by being clever.

func trick(_ tale: Tale) {
  let scene = Scene(tale, without: [.strong], worlds: [.forest, .farm, .pond, .mountain, .shore])
  let bully = tale.pick(bullies, key: "bully")
  tale.words["b"] = "the " + bully.name
  tale.words["b.plain"] = bully.name
  let ruse = tale.pick(ruses, key: "ruse")
  tale.title = tale.one(of: [
    "{H} and {B}", "How {H} Tricked {B}", "The Clever {H.kind}", "Small but Clever",
    "{B} Goes Hungry",
  ])
  scene.introduce()
  tale.tell(
    tale.one(of: [
      "In those days a \(bully.name) had come to live near {w.mark}, \(bully.look), and nobody was safe.",
      "All of them were afraid of {b}, \(bully.look).",
      "One had to beware of only one thing there: {b}, \(bully.look).",
    ]) + " "
      + tale.one(of: [
        "{B} took what it wanted and never said thank you.", "Where it went, it grew quiet.",
        "It was always hungry.",
      ]))
  tale.tell(
    "[Day] {h} (was busy looking for food|was thinking of something quite different|had stayed out too long), and suddenly there stood {b}. \""
      + tale.one(of: [
        "What a nice little bite,", "At last, my breakfast,", "Now I have you,",
        "Stand still, that makes it easier,",
      ]) + "\" said {b}. "
      + tale.one(of: [
        "{H}'s heart stood still. Running was no use, for {b} was faster.",
        "{H} was trembling from head to foot, but {his} thoughts ran quickly.",
        "There was no hole and no tree. There was only {his} own head.",
      ]))
  let way = tale.random.next(below: 2)
  tale.tell(ruse.words[way])
  tale.tell(
    tale.one(of: [
      "{B} thought about it. That took a while.", "{B} was greedy, and greed makes stupid.",
      "\"Hm,\" said {b}, and scratched its head.",
      "{B} blinked. Nobody had ever spoken like that before.",
    ]) + " " + ruse.consequence[way])
  tale.tell(ruse.escape[way])
  tale.tell(
    tale.one(of: [
      "When {h} told the others, they laughed until the {b.plain} could hear it, far away.",
      "{B} was so ashamed that it moved to another country.",
      "Since then {b} makes a wide circle around every little {h.kind}.",
      "{H} did not go out alone for a week. To be clever is good, and to be careful is better.",
    ]) + " "
      + tale.one(of: ["[evening]", "", "They still speak of it there when the nights are long."]))
  scene.moral([
    "A quick thought is faster than four quick legs.",
    "Whoever wants everything ends up with nothing.",
    "Strength needs an enemy. Wit makes do with an idea.", "Greed has big eyes and sees badly.",
  ])
}

private let bullies: [(name: String, look: String)] = [
  ("wolf", "lean and grey, with yellow eyes"), ("hawk", "with claws like hooks"),
  ("wildcat", "striped, silent, and always in a bad temper"),
  ("troll", "as tall as a barn and not very clean"),
  ("snake", "as long as a rope and as cold as a cellar"), ("ogre", "with a sack over its shoulder"),
  ("lynx", "with tufts on its ears and knives on its feet"),
  ("dragon", "a small one, but it could already smoke"),
]

private struct Ruse {
  let words: [String]
  let consequence: [String]
  let escape: [String]
}

private let ruses: [Ruse] = [
  Ruse(
    words: [
      "\"By all means eat me,\" said {h}, \"but I am all skin and bones. Wait until autumn, and I shall be twice as fat.\"",
      "\"What a pity,\" said {h}. \"Tomorrow is my birthday, and there will be a goose, and cake, and I shall be full of it. Today I am quite empty.\"",
    ],
    consequence: [
      "\"Good,\" said {b}. \"Come back when you are fat. But promise!\" \"I promise to come when I am fat,\" said {h}.",
      "\"Then I will come tomorrow,\" said {b}, and licked its lips.",
    ],
    escape: [
      "{H} has stayed thin all {his} life, and {b} is still waiting.",
      "When {b} came, {h} had long moved, and at the door hung a note: \"Too late. The cake was very good.\"",
    ]),
  Ruse(
    words: [
      "\"You are not the strongest here,\" said {h}. \"There is one who is stronger. It lives down in the well, and it looks at you as angrily as you look at it.\"",
      "\"I would gladly be your breakfast,\" said {h}, \"but the other one has already ordered me. The one in the pond, with the big teeth.\"",
    ],
    consequence: [
      "\"Who dares?\" roared {b}, ran to the water, and looked in. A wild face looked back at it.",
      "\"Show it to me!\" cried {b}. {H} led it to the edge. \"There,\" said {h}.",
    ],
    escape: [
      "With a roar {b} jumped at its own reflection. There was a splash, and {h} was gone before the water was smooth again.",
      "{B} showed its teeth, and the other showed its teeth. In it went, head first. {H} walked home, not even fast.",
    ]),
  Ruse(
    words: [
      "\"Before you eat me, let me sing one more song,\" said {h}. \"Everybody is allowed that.\"",
      "\"Grant me a last wish,\" said {h}. \"I would so like to see you dance. They say nobody dances as you do.\"",
    ],
    consequence: [
      "{B} loved to be flattered, and so it agreed. The song had ninety verses, and each was slower than the one before.",
      "{B} could not resist. \"Only a little,\" it said, and shut its eyes, as good dancers do.",
    ],
    escape: [
      "At the fortieth verse {b} began to snore, and {h} went home on the tips of {his} toes.",
      "When {b} opened its eyes again and bowed, there was no one there to clap.",
    ]),
  Ruse(
    words: [
      "\"Sh!\" said {h}. \"Not so loud! I am holding up this rock. If I let go, it falls on both of us. Quick, hold it for me while I get a post!\"",
      "\"Help!\" cried {h}. \"The sky has come loose! Hold on to that tree as hard as you can, or you will be blown away!\"",
    ],
    consequence: [
      "{B} was frightened and leaned against it with its whole weight. \"Do not move!\" said {h}. \"I shall be right back.\"",
      "{B} looked up. The clouds were moving, and it really looked as if everything were falling. It held on tight.",
    ],
    escape: [
      "{H} was not right back. {H} was at home, with the door locked and a cup of tea in {his} {hands}.",
      "It stood there until the evening, and then until the morning, and did not dare to let go.",
    ]),
  Ruse(
    words: [
      "\"Have you washed?\" asked {h}. \"My mother says that whoever eats with dirty hands gets a stomach ache.\"",
      "\"But not without salt!\" said {h}. \"Whoever eats a {h.kind} without salt gets hiccups for a year.\"",
    ],
    consequence: [
      "{B} looked down at itself. It was true, everything was dirty. So it went to the stream to wash.",
      "{B} had once had hiccups for a whole day, and that was enough. \"Wait here,\" it said, and went to get salt.",
    ],
    escape: [
      "When it came back, quite clean and very hungry, there was only the wind.",
      "{H} waited as long as it takes to say \"goodbye\".",
    ]),
]
