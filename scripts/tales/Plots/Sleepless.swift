/// Somebody cannot sleep and asks the others how they do it.

func sleepless(_ tale: Tale) {
  let scene = Scene(tale, allowsPair: true)
  let roles = ["a", "b", "c"]
  let others = roles.map { scene.elder($0) }
  scene.elder("o")
  let cause = tale.pick(causes, key: "cause")
  tale.title = tale.one(of: [
    "{H} Cannot Sleep", "Good Night, {H}", "The Long Night", "How Do You Fall Asleep?",
    "{H} and the Moon",
  ])
  tale.tell(
    "[start] "
      + tale.one(of: [
        "One night {h} could not sleep.", "It was late, the moon was up, and {h} lay awake.",
        "One evening sleep did not come to {h}.",
      ]) + " "
      + tale.one(of: [
        "{He} lay on {his} left side, and then on {his} right side, and then upside down.",
        "{He} shut {his} eyes, but they came open again by themselves.",
        "{He} counted sheep. At a hundred and four the sheep were tired, but {h} {was} not.",
      ]))
  tale.tell(
    tale.one(of: [
      "So {h} got up and went out.", "\"{H.I} will ask the others how they do it,\" thought {h}.",
      "{H} put a coat over {his} nightshirt{s} and went to look for somebody who was still awake.",
    ]) + " "
      + tale.one(of: [
        "The grass was wet, and the moon lay in every puddle.",
        "Outside everything was blue, and it smelled of night.",
        "The crickets sang, and far away a dog barked.", "There was not a breath of wind.",
      ]))
  for (index, other) in others.enumerated() {
    tale.cast(other, as: "x")
    let advice = tale.pick(sleepAdvice, key: "advice")
    let meeting = [
      [
        "The first light {he} saw was in the window of {x}, {x.a}.",
        "First {he} met {x}, {x.a}, who was just going to bed.",
      ], ["Then {he} went to {x}, {x.a}.", "Next {he} knocked on the shutter of {x}, {x.a}."],
      [
        "At last {he} came to {x}, {x.a}, who was already half asleep.",
        "Only {x}, {x.a}, was still up.",
      ],
    ][index]
    tale.tell(
      tale.one(of: meeting) + " \""
        + tale.one(of: [
          "How do you fall asleep?", "What do you do when you cannot sleep?",
          "Please, how does one sleep?",
        ]) + "\" asked {h}. " + tale.one(of: advice))
  }
  tale.tell(
    tale.one(of: [
      "{H} went home and tried it all, one after the other.",
      "{H} thanked them and tried everything.",
    ]) + " "
      + tale.one(of: [
        "It did not help.", "Now {he} {was} more awake than before.",
        "It worked for them. It did not work for {h}.",
      ]))
  tale.tell(
    "Then {o}, {o.a}, sat down on the edge of the bed. \""
      + tale.one(of: [
        "What is it really?", "Is there something on your mind?",
        "Tell me. It is dark, nobody sees you.",
      ]) + "\" {o.he} asked. " + tale.one(of: cause.confession) + " " + tale.one(of: cause.comfort))
  tale.tell(
    tale.one(of: [
      "{O} stayed and hummed a little. The song had no end, or if it had, {h} did not hear it.",
      "\"Shall I stay until you sleep?\" asked {o}. But {h} {was} already asleep.",
      "\"Good night,\" said {o}, and {h} wanted to say it too, but only got as far as \"good\".",
      "Then the eyelids grew heavy, first one and then the other.",
    ]) + " "
      + tale.one(of: [
        "The moon went on to the next window.", "And outside it began to rain, very softly.",
        "In the morning {he} could not even remember how it had been.", "Sleep well, {h}.",
      ]))
  scene.moral([
    "A worry that is told is only half as big.",
    "Sleep does not come to those who hunt it, but to those who have laid something down.",
  ])
}

private let sleepAdvice: [[String]] = [
  [
    "\"I stand on one leg,\" said {x}, \"and put my head under my arm.\" {H} tried it and fell over."
  ],
  [
    "\"I drink warm milk,\" said {x}, \"with honey in it.\" {H} drank two cups. It tasted good, but it did not make {him} sleepy."
  ],
  [
    "\"I count everything I own,\" said {x}. {H} counted: one bed, one blanket, one coat. That was soon done."
  ],
  [
    "\"I think of something boring,\" said {x}, \"for example of turnips.\" {H} thought of turnips, and grew hungry."
  ],
  [
    "\"I turn round three times and lie down,\" said {x}. {H} turned round three times and {was} dizzy."
  ],
  [
    "\"I listen to the rain,\" said {x}. \"But it is not raining,\" said {h}. \"Then you must listen harder,\" said {x}."
  ],
  [
    "\"I read,\" said {x}, \"until the letters run away.\" {H} read a whole page, and it was so exciting that {he} had to know how it went on."
  ],
  [
    "\"I work all day until I drop,\" said {x}, \"then it comes by itself.\" {H} ran twice around the house, and now {his} heart{s} beat like mad."
  ],
  ["\"I never sleep at night,\" said {x}. \"I sleep at noon.\" That was no help at all."],
  [
    "\"I tell myself a story,\" said {x}, \"and before the end I am gone.\" \"And how does it end?\" asked {h}. \"I do not know,\" said {x}."
  ],
]

private let causes: [(confession: [String], comfort: [String])] = [
  (
    [
      "{H} {was} silent for a while. \"Tomorrow is the first day of school,\" {he} said at last.",
      "\"What if nobody plays with {h.me} at school tomorrow?\" said {h} very quietly.",
    ],
    [
      "\"On my first day I put my shoes on the wrong feet,\" said {o}, \"and that is how I found my best friend. She had done the same.\"",
      "\"Look for one who stands alone,\" said {o}, \"and stand beside that one. Then you are two.\"",
    ]
  ),
  (
    [
      "\"{H.I} said something mean today,\" whispered {h}, \"and {h.I} did not say sorry.\"",
      "It came out bit by bit: a quarrel, and an unkind word, and that {h} had been the one who said it.",
    ],
    [
      "\"Then say it tomorrow, before breakfast,\" said {o}. \"A sorry keeps fresh for one night.\"",
      "\"That is what hurts,\" said {o}. \"It is good that it hurts. Tomorrow you can make it stop.\"",
    ]
  ),
  (
    [
      "\"There is something behind the curtain,\" whispered {h}. \"It moves.\"",
      "\"The shadow on the wall has claws,\" said {h} from under the blanket.",
    ],
    [
      "{O} got up and pulled the curtain aside. There stood the moon, round and friendly, and a branch that waved.",
      "{O} held a hand before the lamp and made the shadow into a rabbit, then into a swan, and then into a dog that could bark.",
    ]
  ),
  (
    [
      "\"{H.I} miss grandmother,\" said {h}, and then the tears came.",
      "\"{H.I} keep thinking of grandfather,\" said {h}. \"It is so quiet without him.\"",
    ],
    [
      "\"I know,\" said {o}. \"I feel it too. Shall we tell each other something about those days?\" And they did, and in the end they even laughed.",
      "{O} did not say that it would pass. {O.he} only held {him} for a long time.",
    ]
  ),
  (
    [
      "\"Tomorrow is the feast,\" cried {h}, \"and {h.I} {h.am} so happy that it tickles!\"",
      "\"It is because of tomorrow,\" said {h}. \"Tomorrow we go to the sea!\"",
    ],
    [
      "\"Joy does not let one sleep either,\" said {o}. \"Put half of it under the pillow, and it will still be there in the morning.\"",
      "\"The sooner you sleep, the sooner it is tomorrow,\" said {o}. \"It is the only way of travelling through time that I know.\"",
    ]
  ),
]
