/// A present is made out of what friends give for small services.

func present(_ tale: Tale) {
  let scene = Scene(tale, allowsPair: true)
  scene.elder("o")
  let make = tale.pick(makings, key: "making")
  tale.words["t"] = make.name
  tale.title = tale.one(of: [
    "A {T} for {O}", "{H} Makes a {T}", "{O}'s Birthday", "The Best Present",
    "{H} and the Three Things",
  ])
  scene.introduce()
  tale.tell(
    tale.one(of: [
      "Soon it would be {o}'s birthday. {O} was {o.a}, and {o.he} had always been good to {h}.",
      "{O}, {o.a}, had been ill for (a week|a long time), and {h} wanted to bring {o.him} some joy.",
      "All winter {o}, {o.a}, had told {h} stories by the fire. Now {h} wanted to give something back.",
    ]) + " \"{H.I} will make {o.him} a {t},\" said {h}. " + tale.one(of: make.why))
  tale.tell(
    "But for a {t} one needs \(make.parts[0].need), \(make.parts[1].need), and \(make.parts[2].need), and {h} had none of them. "
      + tale.one(of: [
        "{H} counted {his} money. It was one button.", "\"Then {h.I} will have to ask,\" said {h}.",
        "[Go]",
      ]))
  for (index, part) in make.parts.enumerated() {
    let role = ["a", "b", "c"][index]
    tale.cast(scene.elder(role), as: "x")
    let service = tale.pick(services, key: "service")
    let lead = [
      ["First", "In the morning"], ["Then", "After that", "Next"],
      ["At last", "In the end", "Now only one thing was missing. So"],
    ][index]
    tale.tell(
      tale.one(of: lead.map { $0 + " {h} went to {x}, {x.a}. " })
        + tale.one(of: [
          "\"May {h.I} have \(part.need)?\" asked {h}. ", "{H} asked for \(part.need). ",
          "\"{H.I} need \(part.need),\" said {h}, \"for a present.\" ",
        ]) + tale.one(of: service) + " " + tale.one(of: part.gift))
  }
  tale.tell(
    tale.one(of: make.work) + " "
      + tale.one(of: [
        "The first try went wrong. The second went a little less wrong.",
        "It was not perfect. One side was longer than the other.",
        "{H} pricked {his} thumb{s}, and went on.",
        "It was late when {he} finished, and {his} eyes were falling shut.",
      ]))
  tale.tell(
    tale.one(of: [
      "On the day {h} put the {t} in front of {o}.",
      "\"This is for you,\" said {h}, and held out the {t}.",
      "When {o} opened the parcel, {o.he} was quite still.",
    ]) + " " + tale.one(of: make.joy) + " "
      + tale.one(of: [
        "\"Who made this?\" asked {o}. \"All of us,\" said {h}, and told {o.him} of {a}, {b} and {c}.",
        "{O} turned it round and round. \"There is more in it than one can see,\" {o.he} said.",
        "\"I have never had a better present,\" said {o}, and had to blow {o.his} nose.",
      ]) + " [evening]")
  scene.moral([
    "A present is made of time.", "Whoever gives first is given more.",
    "Many small kindnesses make a big one.",
  ])
}

private struct Part {
  let need: String
  let gift: [String]
}

private struct Making {
  let name: String
  let why: [String]
  let parts: [Part]
  let work: [String]
  let joy: [String]
}

private let makings: [Making] = [
  Making(
    name: "quilt",
    why: ["\"Then {o.he} will never be cold again.\"", "\"With one square for every friend.\""],
    parts: [
      Part(
        need: "scraps of cloth",
        gift: [
          "{X} gave {him} a bag of scraps in all colours.",
          "\"Take what is in the chest,\" said {x}. It was velvet!",
        ]),
      Part(
        need: "strong thread",
        gift: [
          "For that {x} gave {him} a whole spool of thread.",
          "{X} pulled a long thread from {x.his} own scarf.",
        ]),
      Part(
        need: "warm wool",
        gift: [
          "And {x} filled {his} arms with wool.",
          "\"Here is the wool of a whole spring,\" said {x}.",
        ]),
    ],
    work: [
      "{H} cut and sewed, square by square, for nine evenings.",
      "{H} laid the squares on the floor like a garden and sewed them together.",
    ],
    joy: [
      "{O} drew it up to {o.his} chin and closed {o.his} eyes.",
      "\"It is like a meadow,\" said {o}, \"and I may sleep in it!\"",
    ]),
  Making(
    name: "cake",
    why: [
      "\"With cream, and as high as a hat.\"", "\"There is nothing that {o.he} likes better.\"",
    ],
    parts: [
      Part(
        need: "flour",
        gift: [
          "{X} filled a sack with the finest flour.",
          "\"Hold out your bag,\" said {x}, and poured until it was white all over.",
        ]),
      Part(
        need: "eggs",
        gift: [
          "{X} brought six eggs, still warm.",
          "\"Carry them as if they were asleep,\" said {x}, and gave {him} the eggs.",
        ]),
      Part(
        need: "honey",
        gift: [
          "{X} gave {him} a jar in which the summer still shone.",
          "And {x} broke off a piece of honeycomb as big as a book.",
        ]),
    ],
    work: [
      "{H} stirred until {his} arms ached, and put it in the oven, and sat down in front of it.",
      "{H} mixed, and tasted, and mixed, and tasted, until there was just enough left for a cake.",
    ],
    joy: [
      "The smell went out of the window, and soon everyone stood at the door.",
      "{O} ate three pieces, one after the other, without a word.",
    ]),
  Making(
    name: "lamp",
    why: ["\"{O.his} eyes are not what they were.\"", "\"So that {o.he} can read in bed.\""],
    parts: [
      Part(
        need: "a piece of clear glass",
        gift: [
          "{X} found an old window pane without a single scratch.",
          "\"This was the eye of a lighthouse once,\" said {x}, and gave {him} the glass.",
        ]),
      Part(
        need: "a wick",
        gift: [
          "{X} twisted one out of cotton.",
          "\"A bootlace will do,\" said {x}, and gave {him} a new one.",
        ]),
      Part(
        need: "oil",
        gift: ["{X} filled a bottle to the brim.", "\"It burns for a hundred nights,\" said {x}."]),
    ],
    work: [
      "{H} bent the wire and set the glass, and bent it again, until the lamp stood straight.",
      "{H} worked in the shed with the door shut, and nobody was allowed to look.",
    ],
    joy: [
      "{O} lit it, and the whole room turned golden.",
      "\"Now I can see how big you have grown,\" said {o}.",
    ]),
  Making(
    name: "kite",
    why: ["\"{O.he} always looks at the sky.\"", "\"Who has a kite has a reason to go out.\""],
    parts: [
      Part(
        need: "thin paper",
        gift: [
          "{X} gave {him} a sheet of red paper that rustled.",
          "\"It once was wrapped around an orange,\" said {x}.",
        ]),
      Part(
        need: "two light sticks",
        gift: [
          "{X} cut two from a willow.",
          "\"As straight as a song,\" said {x}, and handed {him} the sticks.",
        ]),
      Part(
        need: "a very long string",
        gift: [
          "{X} had saved string all {x.his} life, and now {x.he} gave it away.",
          "\"If you go to the end of it, you are in the clouds,\" said {x}.",
        ]),
    ],
    work: [
      "{H} glued and tied and painted two eyes on it, so that it could see where it flew.",
      "{H} made a tail of bows, one for every year.",
    ],
    joy: [
      "The wind took it out of {o.his} {o.hands}, and {o} ran after it like a child.",
      "It stood in the sky for the whole afternoon, and {o} held the string.",
    ]),
  Making(
    name: "rocking chair",
    why: ["\"{O.he} ought to sit well in the evening.\"", "\"The old one has only three legs.\""],
    parts: [
      Part(
        need: "good boards",
        gift: [
          "{X} gave {him} the boards of an old boat.",
          "\"Oak,\" said {x}. \"It has already stood for a hundred years.\"",
        ]),
      Part(
        need: "nails",
        gift: [
          "{X} counted forty nails into a tin.",
          "\"Straighten these,\" said {x}, and gave {him} a box of bent ones.",
        ]),
      Part(
        need: "a soft cushion",
        gift: [
          "{X} stuffed one with feathers.", "{X} gave {him} the cushion from {x.his} own bench.",
        ]),
    ],
    work: [
      "{H} sawed and hammered, and hit {his} thumb{s} only twice.",
      "{H} measured everything three times, and still it creaked a little.",
    ],
    joy: [
      "{O} sat down, and rocked, and began to hum.",
      "\"It creaks like a ship,\" said {o}. \"Now I can go to sea every evening.\"",
    ]),
  Making(
    name: "garland",
    why: [
      "\"Then the whole room will smell of summer.\"",
      "\"For the door, so that everyone can see what day it is.\"",
    ],
    parts: [
      Part(
        need: "ivy",
        gift: [
          "{X} pulled down a long green rope of it from the wall.",
          "\"Take all of it,\" said {x}, \"it grows while you look at it.\"",
        ]),
      Part(
        need: "dried flowers",
        gift: [
          "{X} gave {him} the bunch that hung from the ceiling.",
          "\"They remember the sun,\" said {x}, and gave {him} an armful.",
        ]),
      Part(
        need: "a red ribbon",
        gift: [
          "{X} took the ribbon off {x.his} own hat.",
          "{X} cut a piece from the roll, and then, after a look at {him}, a second piece.",
        ]),
    ],
    work: [
      "{H} wound and bound, leaf by leaf, flower by flower.",
      "{H} sat in the doorway and plaited until it was as long as the house is wide.",
    ],
    joy: [
      "Two bees came in at once and would not leave.",
      "{O} did not want to go through the door any more, only to look at it.",
    ]),
]

private let services: [[String]] = [
  [
    "\"Gladly,\" said {x}, \"but first I must chop this wood.\" So {h} chopped it.",
    "{X} was chopping wood and was out of breath. {H} took the axe and did the rest.",
  ],
  [
    "\"If you rock the baby until it sleeps,\" said {x}. {H} rocked, and sang, and nearly fell asleep first.",
    "In the corner a baby was crying. {H} pulled funny faces until it laughed.",
  ],
  [
    "\"If you find my glasses,\" said {x}. They were on {x.his} forehead.",
    "{X} was looking for {x.his} glasses. \"There,\" said {h}, and pointed to the soup pot.",
  ],
  [
    "\"First help me to carry the water,\" said {x}. It was eleven buckets.",
    "{X} had a bad back, so {h} carried the water up for {x.him}.",
  ],
  [
    "\"What will you give me for it?\" asked {x}. \"A song,\" said {h}, and sang it, with all the verses.",
    "\"Tell me something that I do not know,\" said {x}. {H} told {x.him} where the first snowdrops were.",
  ],
  [
    "\"The roof leaks,\" said {x}. {H} climbed up and put a tile on the hole.",
    "The wind had torn {x}'s washing from the line. {H} ran after every sock.",
  ],
  [
    "\"I have not had anyone to talk to all day,\" said {x}. So {h} stayed for an hour and listened.",
    "{X} wanted to play one game of checkers. {H} lost it, and {x} was pleased.",
  ],
  [
    "\"My letters dance,\" said {x}. \"Read me this, please.\" {H} read it out, and it was good news.",
    "{X} could not thread the needle. {H} did it at the first try.",
  ],
  [
    "\"Sweep the yard, and it is yours,\" said {x}. {H} swept it, and the street as well.",
    "{X}'s cart was stuck in the gate. {H} pushed until it was free.",
  ],
]
