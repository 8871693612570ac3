/// Someone is afraid of a thing until another one's need is greater.

func fear(_ tale: Tale) {
  let scene = Scene(tale)
  let dread = tale.pick(dreads, key: "dread")
  scene.elder("o")
  scene.friend("f")
  tale.title = tale.one(of: [
    "{H} Is Not Afraid", "{H} and \(dread.title)", "How {H} Found Courage",
    "A Little Bit of Courage", "\(dread.title)",
  ])
  tale.tell(
    "[start] "
      + tale.one(of: [
        "{H} was not afraid of (spiders|wasps|ghosts), and not of (big dogs|steep paths|cold water). But {he} was afraid of \(dread.name).",
        "There was only one thing that {h} feared, and that was \(dread.name).",
        "{H} was afraid of \(dread.name), and nobody knew it.",
      ]) + " " + tale.one(of: dread.signs))
  tale.tell(
    tale.one(of: [
      "\"There is nothing to be afraid of,\" the others said. That did not help at all.",
      "Some laughed at {him}.",
      "{H} was ashamed of it and always found an excuse. \"I have a cold,\" {he} would say, or, \"My shoe is wet.\"",
    ]) + " "
      + tale.one(of: [
        "Only {f}, {f.a}, did not laugh. \"I am afraid of (geese|holes|big hats|moths),\" {f.he} said.",
        "{F}, {f.a}, who was {h}'s best friend, knew it, and told nobody.",
        "But {f}, {f.a}, took {him} by the hand. \"When I am with you, you need not be afraid,\" {f.he} said.",
      ]))
  let way = tale.random.next(below: 2)
  tale.tell(
    "One day {h} told {o}, {o.a}, about it. \"" + dread.advice[way] + "\" said {o}. "
      + tale.one(of: [
        "{H} did not quite believe it.",
        "\"Does that help?\" asked {h}. \"It helps me,\" said {o}.",
        "{H} kept the words in mind, as one keeps a pebble in a pocket.",
        "\"Are you afraid too, then?\" asked {h}. \"Everybody is,\" said {o}. \"Some only walk faster.\"",
      ]))
  tale.tell("[Day] " + dread.event[way])
  tale.tell(
    tale.one(of: [
      "{H} looked round. There was nobody else. If {he} did not go, no one would.",
      "\"Somebody must help,\" thought {h}. And then {he} thought, \"I am somebody.\"",
      "{H}'s knees turned to water. But {f} needed {him}.",
      "\"I am afraid,\" {h} said aloud. Strangely, that made it a little better.",
    ]) + " " + dread.deed[way])
  tale.tell(
    tale.one(of: [
      "\"You came,\" said {f}. \"And I know how afraid you are of it.\"",
      "\"Weren't you afraid?\" asked {f}. \"The whole time,\" said {h}.",
      "{F} held on to {h} and would not let go until they were home.",
      "\"You are the bravest {h.kind} I know,\" said {f}.",
    ]) + " " + tale.one(of: dread.after) + " " + tale.one(of: ["[evening]", "[everAfter]", ""]))
  scene.moral([
    "To be brave is to be afraid and go all the same.",
    "Fear is big when you look away, and smaller when you look at it.",
    "Courage grows when someone needs you.", "Even a small light is stronger than the dark.",
  ])
}

private struct Dread {
  let name: String
  let title: String
  let signs: [String]
  let advice: [String]
  let event: [String]
  let deed: [String]
  let after: [String]
}

private let dreads: [Dread] = [
  Dread(
    name: "the dark", title: "The Dark",
    signs: [
      "When evening came, {he} lit every lamp in the house.",
      "{He} slept with one eye open and a candle by the bed.",
    ],
    advice: [
      "Give the things in it their names, one by one: chair, coat, door. Then the dark has nothing left.",
      "Sing in the dark. What sings does not tremble.",
    ],
    event: [
      "{f} had not come home. It was already night, and somewhere out there {f.he} was calling.",
      "the wind blew out all the lamps, and from the cellar came the voice of {f}: \"The door has shut! I cannot get out!\"",
    ],
    deed: [
      "Step by step {he} went into the dark and said the names of things: tree, stone, fence. And the fence led {him} to {f}.",
      "{He} began to sing, in a very thin voice, and went on until {he} could feel {f}'s {f.hands} in {his} own.",
    ],
    after: [
      "On the way back they saw how many stars there were. One only sees them in the dark.",
      "That night {h} blew out the candle {himself}.",
    ]),
  Dread(
    name: "thunder", title: "The Thunder",
    signs: [
      "At the first rumble {he} crept under the bed.",
      "Every dark cloud made {him} count the steps to the door.",
    ],
    advice: [
      "Count between the flash and the bang. The more you can count, the farther away it is.",
      "Growl back at it. I always do.",
    ],
    event: [
      "a storm came up, and {f} was still out in the field, quite alone, and too small to get the gate open.",
      "while lightning tore the sky, {f} knocked at the window: the roof of {f.his} house had gone.",
    ],
    deed: [
      "{H} ran out and counted: one, two, three, four. Then {he} had reached {f} and pulled {f.him} under the stone bridge.",
      "When it thundered, {h} growled back as loudly as {he} could, and ran, and growled, and ran, until {f} was safe.",
    ],
    after: [
      "Then the two of them sat and growled at the sky, and had to laugh.",
      "They counted together: five, eight, twelve, twenty. And then the storm was over the hills.",
    ]),
  Dread(
    name: "deep water", title: "The Deep Water",
    signs: [
      "{He} even walked around puddles.",
      "{He} never crossed the bridge without holding on with both {hands}.",
    ],
    advice: [
      "Lie on the water as you lie in your bed. It carries you if you let it.",
      "The water does not want anything from you. Breathe, and be slow.",
    ],
    event: [
      "{f} slipped on the landing stage and fell in, and {f} could not swim.",
      "the little raft on which {f} was sitting came loose and drifted out, and the oar was still on the shore.",
    ],
    deed: [
      "{H} breathed once, breathed twice, and went in, first to the knees, then to the neck. {He} lay on the water, and it carried {him}, and {he} brought {f} back.",
      "{H} took the long pole in {his} {hands} and waded in, slowly, slowly, until {f} could catch hold of it.",
    ],
    after: [
      "Since then {h} goes into the water every day, one step farther each time.",
      "\"The water is quite warm,\" said {h} in surprise.",
    ]),
  Dread(
    name: "heights", title: "The High Place",
    signs: [
      "{He} grew dizzy on a footstool.",
      "When the others climbed the wall, {he} stayed below and held their hats.",
    ],
    advice: [
      "Do not look down, and do not look up. Look at the next step.",
      "Hold on with three, and move only the fourth.",
    ],
    event: [
      "{f} sat at the top of the tower and dared not come down again.",
      "{f} hung on the rocks above the path, held by nothing but {f.his} scarf.",
    ],
    deed: [
      "{H} looked only at the next step, and at the next. So {he} came to the top. \"Put your feet where mine are,\" {he} said to {f}, and down they went.",
      "{H} held on with three and moved the fourth, as {he} had been told, until {he} could reach {f}.",
    ],
    after: [
      "From up there, by the way, one can see as far as the sea.",
      "At the bottom {h} looked up and could not believe it.",
    ]),
  Dread(
    name: "speaking in front of others", title: "The Big Stage",
    signs: [
      "When more than two looked at {him}, not a word came out.",
      "At school {he} always made {himself} as small as a mouse.",
    ],
    advice: [
      "Do not speak to all of them. Look for one friendly face, and tell it to that one.",
      "Words are like sheep. When the first one is through the gate, the rest will follow.",
    ],
    event: [
      "{f} was accused in front of everybody of having stolen a ham, and {h} was the only one who knew that it was not true.",
      "the mayor was about to close the old playground, and {f} and all the little ones wept. Somebody had to say something.",
    ],
    deed: [
      "{H} stood up. {His} voice shook. {He} looked only at {f}, and told it to {f} alone, and the others listened.",
      "\"Wait!\" cried {h}, so loudly that {he} was frightened {himself}. And after the first word the rest came by themselves, like sheep through a gate.",
    ],
    after: [
      "When {he} had finished, it was quiet, and then they clapped.",
      "\"Why have we never heard you before?\" they asked.",
    ]),
]
