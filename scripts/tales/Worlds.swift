/// Where tales happen: places, landmarks, and what can go wrong there.

extension World {
  /// A landmark with its article.
  var marks: [String] {
    switch self {
    case .forest:
      [
        "the great oak", "the fallen pine", "the mossy rocks", "the three birches", "the old well",
        "the foxglove clearing",
      ]
    case .farm:
      [
        "the red barn", "the orchard", "the duck pond", "the long hedge", "the haystacks",
        "the windmill",
      ]
    case .pond:
      [
        "the willow bridge", "the mill wheel", "the reeds", "the stepping stones",
        "the water lilies",
        "the little waterfall",
      ]
    case .shore:
      [
        "the lighthouse", "the wrecked boat", "the white cliffs", "the harbour wall", "the dunes",
        "the arch of rock",
      ]
    case .mountain:
      [
        "the green pass", "the frozen waterfall", "the shepherd's hut", "the two peaks",
        "the echo wall", "the blue lake",
      ]
    case .village:
      [
        "the church tower", "the village well", "the mill", "the market cross", "the stone bridge",
        "the lime tree",
      ]
    case .town:
      [
        "the clock tower", "the fountain", "the iron bridge", "the park gate", "the tram stop",
        "the museum steps",
      ]
    }
  }

  /// Places to be, with their preposition.
  var places: [String] {
    switch self {
    case .forest:
      [
        "in the ferns", "under the brambles", "by the mushroom ring", "on the moss",
        "beside the brook", "in the hazel wood", "at the crossing of the paths",
      ]
    case .farm:
      [
        "in the barn", "behind the henhouse", "in the turnip field", "under the apple trees",
        "beside the pump", "in the hayloft", "by the gate",
      ]
    case .pond:
      [
        "among the reeds", "on the little island", "under the willow", "at the shallow end",
        "beside the dam", "on the landing stage", "in the long grass",
      ]
    case .shore:
      [
        "on the beach", "in the rock pools", "behind the dunes", "under the pier",
        "in the boathouse",
        "at the foot of the cliff", "among the nets",
      ]
    case .mountain:
      [
        "on the steep path", "in the high meadow", "behind the big rock", "by the spring",
        "in the pine wood", "at the edge of the snow", "under the ledge",
      ]
    case .village:
      [
        "in the market square", "behind the school", "at the mill pond", "in the churchyard",
        "in the bakery", "on the green", "by the forge",
      ]
    case .town:
      [
        "in the park", "at the station", "on the back stairs", "in the library",
        "at the fish market",
        "in the courtyard", "under the arcade",
      ]
    }
  }

  /// What one goes out for here.
  var errand: String {
    switch self {
    case .forest: "look for (nuts|mushrooms|berries|firewood)"
    case .farm: "look for (apples|eggs|feathers|windfalls)"
    case .pond: "look for (reeds|snail shells|watercress)"
    case .shore: "look for (shells|driftwood|amber|mussels)"
    case .mountain: "look for (berries|herbs|crystals)"
    case .village: "buy (bread|thread|candles|a pint of milk)"
    case .town: "buy (a newspaper|rolls|stamps|cheese)"
    }
  }

  /// Others who live here.
  var neighbours: String {
    switch self {
    case .forest: "the animals of the wood"
    case .farm: "the animals of the farm"
    case .pond: "the animals of the pond"
    case .shore: "the animals of the shore"
    case .mountain: "the animals of the mountain"
    case .village: "the people of the village"
    case .town: "the people of the street"
    }
  }
}

/// A thing that someone can treasure, lose, lend, or fight over.
struct Thing {
  let name: String
  let look: String
  let use: String
}

let treasures: [Thing] = [
  Thing(name: "kite", look: "red with a long yellow tail", use: "fly it on the hill"),
  Thing(name: "drum", look: "round and painted with stars", use: "play it at the feast"),
  Thing(name: "whistle", look: "carved from elder wood", use: "blow it at sunrise"),
  Thing(name: "lantern", look: "made of green glass", use: "carry it on dark evenings"),
  Thing(name: "blanket", look: "blue and as soft as moss", use: "sleep under it"),
  Thing(name: "bell", look: "no bigger than a thimble, with a clear voice", use: "ring it for fun"),
  Thing(name: "key", look: "old and made of brass", use: "open the box under the bed with it"),
  Thing(name: "hat", look: "yellow with a feather", use: "wear it on Sundays"),
  Thing(name: "button", look: "as shiny as a little moon", use: "look at it every night"),
  Thing(name: "marble", look: "green with a twist of white inside", use: "roll it down the stairs"),
  Thing(name: "scarf", look: "striped in seven colours", use: "wear it in the wind"),
  Thing(name: "cup", look: "white with a blue rim", use: "drink from it every morning"),
  Thing(name: "map", look: "folded many times and drawn in brown ink", use: "dream over it"),
  Thing(name: "boat", look: "cut from bark, with a leaf for a sail", use: "sail it after rain"),
  Thing(name: "ring", look: "thin and made of silver", use: "wear it on special days"),
  Thing(
    name: "music box", look: "small and black, with a dancer inside", use: "wind it up at bedtime"),
  Thing(name: "spoon", look: "carved from cherry wood", use: "eat porridge with it"),
  Thing(name: "ball", look: "made of soft red leather", use: "play with it all afternoon"),
  Thing(name: "shell", look: "pink inside and full of the sound of waves", use: "listen to it"),
  Thing(name: "picture", look: "small, in a frame of gold paper", use: "say good night to it"),
  Thing(name: "umbrella", look: "big and the colour of plums", use: "jump over puddles with it"),
  Thing(name: "puppet", look: "dressed in a coat of patches", use: "make it dance"),
  Thing(name: "flute", look: "made of a hollow reed", use: "play it for the birds"),
  Thing(name: "compass", look: "round, with a needle that trembled", use: "find north with it"),
]

/// A trouble that one skill solves and others do not.
struct Trouble {
  let skill: Skill
  /// Where a thing is, seen from the hero: "high in …".
  let place: [String]
  /// What the hero tries in vain.
  let attempts: [String]
  /// How an animal with the skill solves it.
  let animalWay: [String]
  /// How a person with the right tool solves it.
  let humanWay: [String]
}

let troubles: [Trouble] = [
  Trouble(
    skill: .fly,
    place: [
      "on the very top of a tall poplar", "on a ledge that no path leads to",
      "at the tip of the highest branch", "on the point of a steep roof",
    ],
    attempts: [
      "{H} jumped as high as {he} could, but it was much too far up.",
      "{H} threw a stick at it. The stick came down again; the {t} did not.",
      "{H} tried to climb up, but after three steps {he} slid down again.",
      "{H} piled stones on top of each other, but the pile fell over.",
      "{H} shook and shook, but nothing came down except (a few leaves|an old feather|some dust).",
    ],
    animalWay: [
      "{F} spread {f.his} wings, rose in a (wide|slow|smooth) circle, and came back with the {t}.",
      "With three beats of {f.his} wings {f} was up there, and down {f.he} came with the {t} held tight.",
    ],
    humanWay: [
      "{F} fetched the longest ladder [near], and up {f.he} went, and down {f.he} came with the {t}.",
      "{F} tied a hook to a long pole, reached up, and lifted the {t} down as if it were an apple.",
    ]),
  Trouble(
    skill: .climb,
    place: [
      "in the crown of a thorny tree", "on a shelf of rock", "in a gutter under the eaves",
      "in the fork of an old pear tree",
    ],
    attempts: [
      "{H} tried to climb, but it was too slippery.",
      "{H} got halfway up, looked down, and did not dare to go on.",
      "{H} poked at it with a stick, and now it hung even (higher|tighter).",
      "{H} called to the wind to blow it down, but the wind did as it pleased.",
      "{H} stood on an old bucket, and the bucket tipped over.",
    ],
    animalWay: [
      "{F} went up as easily as others walk along a road, and came back with the {t}.",
      "Up climbed {f}, paw over paw, and soon the {t} was safe on the ground.",
    ],
    humanWay: [
      "{F} threw a rope around something strong, pulled {f.himself} up, and brought the {t} down.",
      "{F} took off {f.his} shoes, climbed up without a word, and put the {t} into {h.one} {hands}.",
    ]),
  Trouble(
    skill: .swim,
    place: [
      "at the bottom of the water, between two stones", "deep down in the green water",
      "at the bottom of the old pond", "in the deep pool below the bridge",
    ],
    attempts: [
      "{H} put one foot in, but the water was cold and much too deep.",
      "{H} fished for it with a bent pin, and caught an old boot.",
      "{H} held {his} breath and put {his} head{s} under, and saw nothing but mud.",
      "{H} tried to float out on a board, and the board turned over at once.",
      "{H} reached for it with a long reed, and the reed broke.",
    ],
    animalWay: [
      "{F} slid into the water without a splash. For a while there were only bubbles. Then {f.he} came up, and there was the {t}.",
      "{F} dived, and dived again, and the second time {f.he} came up with the {t}.",
    ],
    humanWay: [
      "{F} pushed out the old boat, leaned over the side with a net, and drew in the {t}.",
      "{F} jumped in with a great splash, stayed down for a long time, and came up with the {t} on {f.his} head.",
    ]),
  Trouble(
    skill: .dig,
    place: [
      "under a heap of earth that had slid down the bank", "deep under the roots of a tree",
      "somewhere under the new snow", "at the bottom of a hole full of sand",
    ],
    attempts: [
      "{H} scratched at the ground until {his} {hands} were sore.",
      "{H} dug a little hole, and the sides fell in.",
      "{H} pulled at the roots, but the roots were stronger.",
      "{H} tried with a spoon, then with a stick, then with both {hands}.",
      "{H} moved one stone, and two others rolled into its place.",
    ],
    animalWay: [
      "{F} began to dig. Earth flew left and right, and before long {f} backed out of the hole with the {t}.",
      "{F} put {f.his} nose to the ground, sniffed, and dug in just the right place. There was the {t}.",
    ],
    humanWay: [
      "{F} brought a spade and dug, steadily, spade after spade, until something gleamed. It was the {t}.",
      "{F} marked a square on the ground and dug it out as neatly as a cake. In the last corner lay the {t}.",
    ]),
  Trouble(
    skill: .strong,
    place: [
      "under a cart that had lost a wheel",
      "behind a great stone that had rolled down in the night",
      "under the trunk of a fallen tree", "behind a heavy door that had swung shut",
    ],
    attempts: [
      "{H} pushed with all {his} might, but nothing moved.",
      "{H} pulled until {he} fell over backwards.",
      "{H} tried to lift it with a stick, and the stick snapped.",
      "{H} counted to three and threw {himself} against it. It only hurt.",
      "{H} kicked it, which helped nobody and hurt {his} toes.",
    ],
    animalWay: [
      "{F} leaned against it, took a deep breath, and pushed. It groaned, it moved, and there lay the {t}.",
      "{F} lowered {f.his} head and pushed until the ground shook. Then there was room enough to pull out the {t}.",
    ],
    humanWay: [
      "{F} set an iron bar under it, leaned on the other end, and up it went. {H} pulled out the {t}.",
      "{F} rolled up {f.his} sleeves and lifted it as if it were made of paper, and out came the {t}.",
    ]),
  Trouble(
    skill: .small,
    place: [
      "down a crack between two floor stones", "inside a hollow tree with a tiny hole",
      "at the end of a pipe no wider than an egg",
      "behind a wall, where only a narrow gap leads in",
    ],
    attempts: [
      "{H} could reach a little way into the gap, but no more.",
      "{H} tried to hook it with a wire, and pushed it farther in.",
      "{H} lay flat and looked in with one eye. It was there, and it was out of reach.",
      "{H} tried to shake it out, but it only rattled.",
      "{H} blew into the hole, and got dust in {his} eyes.",
    ],
    animalWay: [
      "{F} breathed out, made {f.himself} thin, and slipped through. A moment later the {t} came out, and {f} behind it.",
      "{F} was just small enough. In {f.he} went, and out {f.he} came, dusty all over, pushing the {t} along.",
    ],
    humanWay: [
      "{F} had thin, clever tools for thin, narrow places. A twist, a pull, and out came the {t}.",
      "{F} bent a wire, put a drop of honey on the end, and drew the {t} out as gently as a splinter.",
    ]),
]
