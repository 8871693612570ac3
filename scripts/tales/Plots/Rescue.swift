/// Somebody is stuck, and the hero does not go by.

func rescue(_ tale: Tale) {
  let scene = Scene(tale, allowsPair: true, without: [.fly])
  let straits = tale.pick(straitList, key: "straits")
  scene.elder("f", without: straits.useless)
  tale.words["place"] = tale.one(of: straits.place)
  tale.title = tale.one(of: [
    "{H} to the Rescue", "{H} Hears a Voice", "The {F.kind} Who Was Stuck", "{H} and {F}",
    "A Voice in the Distance",
  ])
  scene.introduce()
  tale.tell(
    "[Day] {h} (went for a walk|{was} on {his} way home|went out to {errand}). [sky]")
  tale.tell(
    "Suddenly {h} heard [noise]. "
      + tale.one(of: [
        "{He} stopped and listened. There it was again.",
        "\"Is somebody there?\" called {h}. \"Here!\" came the answer. \"Help!\"",
        "First {he} thought it was the wind. But the wind does not say \"please\".",
      ]) + " {H} followed the sound, and there was {f}, {f.a}, {place}. \""
      + tale.one(of: straits.plea)
      + "\" said {f}.")
  tale.tell(
    "{H} did not know {f.him} well. "
      + tale.one(of: [
        "Some said that {f} was (grumpy|strange|rude). But that did not matter now.",
        "Once {f.he} had chased {h} away from {f.his} door. But {h} did not think of that.",
        "But whoever calls for help needs help.",
        "\"{F.he} never even says hello,\" thought {h}. Then {he} thought, \"But {f.he} is in trouble.\"",
      ]))
  tale.tell(
    tale.one(of: straits.failures) + " "
      + tale.one(of: [
        "That was no use.", "It did not work.", "\"That is not the way,\" panted {h}.", "[think]",
      ]))
  tale.tell(tale.one(of: straits.ideas) + " " + tale.one(of: straits.outcomes))
  tale.tell(
    tale.one(of: [
      "\"Nobody ever did so much for me,\" said {f}(, quietly|, and blew {f.his} nose).",
      "{F} shook {f.himself} and looked at the ground. \"I was not always nice to you,\" {f.he} said. \"I am sorry.\"",
      "\"Why did you help me?\" asked {f}. \"Because you were stuck,\" said {h}.",
      "\"I shall remember this,\" said {f}, and {f.he} did.",
    ]) + " [evening]")
  if tale.chance(0.6) {
    tale.tell(
      tale.one(of: [
        "A month later {h} {was} in trouble {himself}: a storm had torn the roof off {his} house. Who came first, with wood and nails? It was {f}.",
        "And when winter came and {h} had nothing left to eat, there was a basket at the door. In it were (nuts and dried apples|two loaves and a cheese|turnips and a jar of honey). \"From a friend,\" said the note, in the handwriting of {f}.",
        "Some weeks after that {h} lost the way in the fog. \"Over here!\" called a voice that {he} knew. It was {f}, with a lantern.",
        "When {h} had a fever, {f} came every day and told stories until it was gone.",
      ]))
  }
  scene.moral([
    "Who helps today is helped tomorrow.", "A kindness is never lost. It only takes a walk.",
    "Do not ask who it is that calls. Go and look.",
    "You do not know your neighbour until the day you need each other.",
  ])
}

private struct Strait {
  /// Skills that would make the trouble none.
  let useless: [Skill]
  let place: [String]
  let plea: [String]
  let failures: [String]
  let ideas: [String]
  let outcomes: [String]
}

private let straitList: [Strait] = [
  Strait(
    useless: [.fly],
    place: [
      "up to the belly in mud", "stuck fast in the brown mud", "sunk to the knees in the bog",
    ],
    plea: [
      "The more I move, the deeper I go!", "I took the short way. It was not short.",
      "Please pull me out!",
    ],
    failures: [
      "{H} took hold of {f.him} and pulled, and began to sink too.",
      "{H} threw {f.him} a rope, but it was too short by the length of a spoon.",
      "{H} pulled, and {f} pulled, and the mud pulled harder.",
    ],
    ideas: [
      "Then {h} saw an old door that lay in the grass. {He} pushed it out over the mud like a bridge.",
      "\"Branches!\" cried {h}. {He} laid one branch beside the other until there was a path that did not sink.",
      "{H} fetched a long board and lay flat on it, as one does on thin ice.",
    ],
    outcomes: [
      "With a loud smack the mud let go, and {f} was free, brown from top to toe.",
      "Little by little {f} came out, and the mud made a rude noise. They both had to laugh.",
    ]),
  Strait(
    useless: [.strong],
    place: [
      "caught in a thorn hedge", "with a coat of thorns on every side",
      "held fast by a bramble bush",
    ],
    plea: [
      "Every time I turn, it pricks me more!", "I only wanted the berry in the middle.",
      "Mind the thorns!",
    ],
    failures: [
      "{H} pulled at the nearest branch, and it sprang back and hit {him}.",
      "{H} pushed into the hedge and {was} stuck {himself} for a while.",
      "{H} told {f.him} to jump, but thorns do not care for jumping.",
    ],
    ideas: [
      "Then {h} stopped and looked. {He} began to lift the branches one by one, and tied each to the next with grass.",
      "{H} ran home for the big scissors and cut, snip by snip, a little door.",
      "\"Do not move at all,\" said {h}, and undid the thorns one after another, as one undoes buttons.",
    ],
    outcomes: [
      "It took an hour. Then {f} stepped out, scratched but whole.",
      "When the last thorn let go, {f} fell out, right into the grass, and laughed for joy.",
    ]),
  Strait(
    useless: [.fly, .climb, .dig],
    place: [
      "at the bottom of an old pit", "down in a dry well", "in a deep hole with smooth walls",
    ],
    plea: [
      "I did not look where I was going!", "I have been here since yesterday!",
      "It is dark down here, and I am hungry!",
    ],
    failures: [
      "{H} let down a rope of grass, and it broke.",
      "{H} held out a stick, but it was much too short.",
      "{H} called for help, but only the echo answered.",
    ],
    ideas: [
      "Then {h} began to throw in straw, armful after armful, and {f} climbed on top of each one.",
      "{H} had seen a ladder behind a shed. {He} dragged it all the way, and it was just long enough.",
      "{H} tied {his} scarf{s} to {his} belt{s} and the belt to a root, and made a knot for every step.",
    ],
    outcomes: [
      "Up and up came {f}, until first {f.his} nose and then all of {f.him} was in the sun.",
      "Step by step {f} came up, and at the top {f.he} lay in the grass and looked at the sky as if it were new.",
    ]),
  Strait(
    useless: [.fly, .swim],
    place: [
      "on a stone in the middle of the rising water",
      "on a little island that grew smaller and smaller",
      "on a floating log that would not come to land",
    ],
    plea: [
      "The water was only this high in the morning!", "I cannot reach the bank!",
      "Hurry, my feet are getting wet!",
    ],
    failures: [
      "{H} stepped into the water, but it was too strong.",
      "{H} threw a board, and the water took it away.",
      "{H} stretched out as far as {he} could. It was too far.",
    ],
    ideas: [
      "Then {h} saw the washtub by the bridge. {He} tied it to a tree with a long rope and let it float down to the stone.",
      "{H} rolled stones into the narrow place, one after another, until there was something to step on.",
      "\"The willow!\" cried {h}, and bent down a long branch until its tip lay across the water.",
    ],
    outcomes: [
      "{F} held on, closed {f.his} eyes, and opened them again on dry land.",
      "One, two, three, and {f} was over. A moment later the water went over the stone.",
    ]),
  Strait(
    useless: [.strong, .dig],
    place: [
      "under a branch that the storm had broken", "with one foot under a fallen beam",
      "shut in by a wall of snow",
    ],
    plea: [
      "I cannot move!", "I called and called, and nobody came!",
      "Thank goodness, somebody at last!",
    ],
    failures: [
      "{H} pulled and pushed, but it was too heavy.",
      "{H} tried to lift it with bare {hands}. It did not move at all.",
      "{H} ran to the nearest house, but nobody was at home.",
    ],
    ideas: [
      "Then {h} put a strong pole under it and a stone under the pole, and sat down on the other end.",
      "{H} began to dig on the other side, where it was soft.",
      "{H} remembered how the miller moves millstones: not with strength, but with a long lever.",
    ],
    outcomes: [
      "It rose by the breadth of a hand, and that was enough. {F} crept out.",
      "It creaked, it slipped, and {f} was free.",
    ]),
]
