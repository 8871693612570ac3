/// The smallest sees a danger first, and nobody believes it.

func warning(_ tale: Tale) {
  let scene = Scene(tale)
  scene.elder("o")
  scene.friend("n")
  let danger = tale.pick(dangers, key: "danger")
  tale.title = tale.one(of: [
    "\(danger.title)", "{H} Was Right", "The Warning", "Nobody Listened to {H}",
    "{H} and \(danger.title)",
  ])
  scene.introduce()
  let way = tale.random.next(below: 2)
  tale.tell(
    "[Day] {h} noticed something. " + tale.one(of: danger.signs) + " "
      + tale.one(of: [
        "{H} frowned. That was not as usual.", "\"That is strange,\" said {h}.",
        "{H} looked again. There was no doubt.",
      ]))
  tale.tell(
    "{He} ran to the others. \"" + tale.one(of: danger.cry) + "\" {he} cried. "
      + tale.one(of: [
        "\"Nonsense,\" said {o}, {o.a}. \"In all my years that has never happened.\"",
        "\"You and your dreams,\" said {o}, {o.a}, and laughed.",
        "\"Last week you saw a dragon,\" said {o}, {o.a}. \"It was a washing line.\"",
        "They were in the middle of lunch. \"Later,\" said {o}, {o.a}, with {o.his} mouth full.",
      ]) + " "
      + tale.one(of: [
        "{H} told everyone, and everyone smiled.", "Nobody got up.",
        "{H} stamped {his} foot, but that did not help either.",
      ]))
  tale.tell(
    tale.one(of: [
      "Then {h} stopped talking and began to work.", "\"Then I shall do it alone,\" said {h}.",
      "{H} thought, \"If they do not believe my words, they must see it with their own eyes.\"",
    ]) + " " + danger.work[way] + " "
      + tale.one(of: [
        "{N}, {n.a}, came to laugh, saw {h}'s tired face, and stayed to help.",
        "After a while {n}, {n.a}, put down {n.his} ball and asked, \"What can I do?\"",
        "The others shook their heads.",
      ]))
  tale.tell(
    danger.coming[way] + " "
      + tale.one(of: [
        "Now they all came running. \"What shall we do?\" cried {o}.",
        "{O} turned as white as flour. \"The little one was right,\" {o.he} said.",
        "Now nobody laughed any more.",
      ]))
  tale.tell(danger.rescue[way])
  tale.tell(
    tale.one(of: [
      "Next morning {o} came to {h} and took off {o.his} hat. \"We should have listened,\" {o.he} said. \"From now on we will.\"",
      "\"How did you know?\" they asked. \"I looked,\" said {h}. \"That is all.\"",
      "{W.neighbours} carried {h} three times around {w.mark} on their shoulders.",
      "Since that day they have had a bell, and whoever sees something may ring it, no matter how small that one is.",
    ]) + " " + tale.one(of: ["[evening]", ""]))
  scene.moral([
    "Small eyes see what is near the ground, and that is where most things begin.",
    "Do not ask how tall someone is, but whether it is true.",
    "Better to look up from lunch once too often than once too seldom.",
  ])
}

private struct Danger {
  let title: String
  let signs: [String]
  let cry: [String]
  let work: [String]
  let coming: [String]
  let rescue: [String]
}

private let dangers: [Danger] = [
  Danger(
    title: "The Flood",
    signs: [
      "The ants were carrying their eggs uphill, thousands of them, in a long line.",
      "The stream had turned brown overnight and was a hand higher than yesterday.",
    ], cry: ["The water is coming!", "There will be a flood! We must go up the hill!"],
    work: [
      "{He} carried sacks of sand, one by one, to the low place in the bank.",
      "{He} tied the boat to the highest post and put bread and blankets in it.",
    ],
    coming: [
      "In the night the rain came, and it did not stop. At dawn the water stood at the doors.",
      "With a roar the dam upstream broke.",
    ],
    rescue: [
      "But in the low place there was already a wall of sacks. They only had to make it longer. The water came up to the last row, and stopped.",
      "{H} had the boat ready and took them all up the hill, three at a time, until the last one was dry.",
    ]),
  Danger(
    title: "The Fire",
    signs: [
      "There was a smell of smoke, though no chimney was smoking.",
      "Far off, behind the dry field, hung a thin grey thread.",
    ], cry: ["Fire! The dry grass is burning!", "Smoke! Bring water!"],
    work: [
      "{He} filled every bucket, every pot and every boot with water and set them in a row.",
      "{He} took a rake and cleared a broad strip where there was nothing left to burn.",
    ],
    coming: [
      "Then the wind turned, and suddenly the sky was red.",
      "Before the soup was cold, they could hear it crackle.",
    ],
    rescue: [
      "They made a chain from the water to the fire, and passed on {h}'s buckets, until there was only steam.",
      "The fire ran up to the bare strip, looked for something to eat, found nothing, and lay down.",
    ]),
  Danger(
    title: "The Great Snow",
    signs: [
      "The birds had all gone in a single night, a whole month too early.",
      "The fur of the cat was as thick as never before, and the geese flew low and fast.",
    ],
    cry: [
      "The winter is coming early! We must bring in the wood!",
      "Tomorrow there will be snow up to the roofs!",
    ],
    work: [
      "{He} carried wood, and carried, and stacked it up to the ceiling.",
      "{He} stretched a rope from door to door, from one house to the next.",
    ],
    coming: [
      "In the night it began to snow, and in the morning the windows were white to the top.",
      "Then the north wind came and brought snow, such snow as even the oldest had never seen.",
    ],
    rescue: [
      "All of them moved to {h}'s house, because there was wood there, and it was the merriest week of the winter.",
      "But the rope was there, and along the rope one could get from house to house, with soup and with wood.",
    ]),
  Danger(
    title: "The Old Bridge",
    signs: [
      "Under the old bridge lay fresh sawdust, and one of the posts was as full of holes as a cheese.",
      "When the cart went over the bridge, the middle of it sank a little and sang in a strange way.",
    ], cry: ["The bridge is going to break!", "Stop! Nobody must go over the bridge!"],
    work: [
      "{He} painted a big red sign and set it up, and stood beside it.",
      "{He} tied a rope across the way, with rags on it.",
    ],
    coming: [
      "Then a loaded wagon came rolling down the hill, and the driver was asleep.",
      "On market day all of them wanted to go over at once, with carts and baskets.",
    ],
    rescue: [
      "{H} jumped into the road and waved {his} arms. The wagon stopped, one pebble rolled onto the bridge, and with a groan the bridge fell into the water.",
      "\"Throw a stone on it first!\" cried {h}. To humour {him}, they threw a stone. Then they stood there and stared, for there was no bridge any more.",
    ]),
  Danger(
    title: "The Wolf",
    signs: [
      "In the mud by the fence were tracks, as big as saucers, with four claws.",
      "The dogs would not go out, and the crows were all looking at the same bush.",
    ], cry: ["There is a wolf about!", "Shut the gates! I have seen its tracks!"],
    work: [
      "{He} mended the hole in the fence and hung pots and pans on the wire.",
      "{He} brought all the little ones into the barn and told them it was a game.",
    ],
    coming: [
      "At midnight there was a howl, quite near, and then a second one.",
      "When the moon rose, a grey shadow came over the hill.",
    ],
    rescue: [
      "The shadow touched the wire, and the pots and pans made such a noise that the wolf ran and ran, and perhaps is still running.",
      "The wolf went from door to door, but every door was shut, and where there is nothing to get no wolf stays for long.",
    ]),
]
