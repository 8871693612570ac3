/// A contest, a boaster, and something that matters more than winning.

func contest(_ tale: Tale) {
  let scene = Scene(tale)
  scene.friend("f")
  scene.elder("o")
  let game = tale.pick(games, key: "game")
  tale.title = tale.one(of: [
    "The Great \(game.title)", "{H} and the \(game.title)", "Who Will Win?", "{F} the Boaster",
    "The Last One Home",
  ])
  scene.introduce()
  tale.tell(
    "Every (year|summer|autumn), near {w.mark}, there was a \(game.name). Whoever won was given \(tale.one(of: ["a crown of leaves", "a golden pear", "a big cheese", "a silver bell", "a blue ribbon", "a cake with three layers"])). "
      + tale.one(of: [
        "{F}, {f.a}, had won three times, and spoke of nothing else.",
        "\"The prize is as good as mine,\" said {f}, {f.a}, to everyone who would listen.",
        "\"Why do the rest of you even come?\" asked {f}, {f.a}, and yawned.",
      ]))
  tale.tell(
    tale.one(of: [
      "\"I should like to try it too,\" said {h}. {F} laughed so much that {f.he} had to sit down.",
      "{H} had never taken part. This year {he} wrote {his} name on the list, in very small letters.",
      "\"You?\" said {f} to {h}. \"You (trip over your own feet|are afraid of your own shadow|cannot even tie your shoes)!\"",
    ]) + " " + tale.one(of: game.practice) + " {O}, {o.a}, looked on. \""
      + tale.one(of: [
        "A little every day is more than much on Sunday,",
        "It does not matter who is fast today, but who is still there tomorrow,",
        "Do it as if nobody were looking,",
      ]) + "\" {o.he} said.")
  tale.tell(
    "Then the great day came. [sky] {W.neighbours} stood all around and cheered. "
      + tale.one(of: game.start))
  tale.tell(tale.one(of: game.middle) + " " + tale.one(of: game.mishap))
  let ending = tale.random.next(below: 3)
  switch ending {
  case 0:
    tale.tell(
      tale.one(of: [
        "{H} could have gone on and won. But {he} stopped and turned back. \"Come,\" {he} said, \"I will help you.\" \"Why?\" asked {f}. \"You would have won.\" \"So what?\" said {h}.",
        "Now nothing stood between {h} and the prize. {He} heard {f} groan, took one more step, and turned round.",
      ])
        + " Together they (limped|hobbled|came) to the end, the very last of all, and nobody had ever been cheered so loudly."
    )
    tale.tell(
      "The prize went to somebody else. "
        + tale.one(of: [
          "But {f} took {h}'s {hands} and said, \"You are the real winner.\"",
          "\"Next year,\" said {f}, \"we will train together.\"",
          "But {o} had baked a second cake, a small one, and on it stood two names.",
        ]))
  case 1:
    tale.tell(
      tale.one(of: game.victory) + " "
        + tale.one(of: [
          "For a moment it was quite still. Then everybody threw their hats into the air.",
          "{F} stood there with {f.his} mouth open.",
          "\"How did you do that?\" asked {f}. \"Slowly,\" said {h}, \"and every day.\"",
        ]))
    tale.tell(
      tale.one(of: [
        "{H} broke the prize in two and gave one half to {f}. \"Without you I should never have tried,\" {he} said.",
        "{F} was silent for a long time. Then {f.he} said, \"Will you show me?\" And {h} did.",
        "{H} did not boast. {He} still knew what that feels like from the other side.",
      ]))
  default:
    tale.tell(
      "In the end neither of them won. The prize went to "
        + tale.one(of: [
          "a snail that had simply never stopped", "the smallest of all, whom nobody had noticed",
          "an old grandmother who had only come to watch",
          "a stranger who was passing by with a wheelbarrow",
        ]) + ". {H} and {f} looked at each other, first crossly, and then they burst out laughing.")
    tale.tell(
      tale.one(of: [
        "\"I practised so much,\" said {h}. \"I talked so much,\" said {f}.",
        "\"Shall we go home?\" asked {f}. \"I will race you,\" said {h}.",
        "They clapped until their {hands} hurt, for it had been well done.",
      ]) + " [everAfter]")
  }
  scene.moral([
    "It is good to win, and better to have somebody to tell it to.",
    "Whoever boasts must run twice as fast.",
    "Practice is quiet, and boasting is loud, but practice is heard longer.",
    "A hand held out is worth more than a prize.",
  ])
}

private struct Game {
  let title: String
  let name: String
  let practice: [String]
  let start: [String]
  let middle: [String]
  let mishap: [String]
  let victory: [String]
}

private let games: [Game] = [
  Game(
    title: "Race", name: "race, once around the hill and back",
    practice: [
      "Every morning, before the others were awake, {h} ran to the hill and back.",
      "{H} ran to fetch the milk, and ran to bring the eggs, and ran when there was nothing to fetch at all.",
    ],
    start: [
      "\"Ready, steady, go!\" And off they went, {f} in front like an arrow.",
      "The drum beat, and they ran. {F} was ahead at once and waved.",
    ],
    middle: [
      "At the first bend {h} was last, at the second {he} had passed three.",
      "{H} did not look to the left and did not look to the right, and kept {his} own pace.",
    ],
    mishap: [
      "Then {f}, who had turned round to laugh, fell over a root and held {f.his} foot.",
      "Near the end {f} took a short cut through the bog, and there {f.he} stuck.",
    ],
    victory: [
      "{H} ran past, step by step, just as every morning, and tore the ribbon with {his} chest.",
      "When {f} had pulled {f.himself} out again, {h} was already over the line.",
    ]),
  Game(
    title: "Baking Contest", name: "baking contest with a long table for all the pies",
    practice: [
      "{H} baked a pie every evening. The first was black, the second was salty, and the ninth was good.",
      "{H} asked everyone's grandmother for her secret, and wrote it all down in a little book.",
    ],
    start: [
      "The ovens were lit, and soon flour hung in the air like fog.",
      "\"You have until noon,\" said the judge, and turned the hourglass.",
    ],
    middle: [
      "{F} made a pie with five floors and a tower. {H} made a plain one, with apples.",
      "{F} threw everything into {f.his} bowl that was dear and rare. {H} tasted, and added one pinch.",
    ],
    mishap: [
      "Then {f}'s pie began to lean, and leaned more, and slid off the table.",
      "In the heat {f} had taken salt instead of sugar. {F} tasted it and turned pale.",
    ],
    victory: [
      "The judge took one bite of {h}'s pie, then a second, and then the whole pie was gone.",
      "\"This one tastes like home,\" said the judge, and pinned the prize on {h}.",
    ]),
  Game(
    title: "Singing Contest", name: "singing contest on the big flat stone",
    practice: [
      "{H} sang to the cows, who were patient, and to the owls, who were not.",
      "Every evening {h} went where no one could hear {him} and sang until the moon came up.",
    ],
    start: [
      "First came {f}, and sang so high that a glass broke somewhere.",
      "One after another they stepped forward and sang, and some forgot the words.",
    ],
    middle: [
      "When {h} was called, {his} throat was dry. {He} sang an old song, quite softly, and it grew still.",
      "{H} shut {his} eyes and sang as {he} sang for the cows.",
    ],
    mishap: [
      "Then {f}, who wanted to sing again and still louder, lost {f.his} voice. Only a squeak came out.",
      "In the front row {f} began to cough, and could not stop, and ran away for shame.",
    ],
    victory: [
      "When the song was over, nobody clapped, because everybody was crying a little. Then they clapped all the more.",
      "The judges did not even need to talk about it.",
    ]),
  Game(
    title: "Boat Race", name: "race of little boats, made by one's own hands",
    practice: [
      "{H} built a boat, and it sank. {He} built another, and it sank more slowly. The fifth one swam.",
      "{H} watched how leaves float, and why some turn over and others do not.",
    ],
    start: [
      "All the boats were set on the water at once: red ones, white ones, and {f}'s, which had a golden flag.",
      "The wind was fair. \"Let go!\" called the judge.",
    ],
    middle: [
      "{F}'s boat had three sails and was far ahead. {H}'s boat was small and a bit crooked, but it did not mind the waves.",
      "Some ran into each other, some ran aground. {H}'s little boat wobbled on.",
    ],
    mishap: [
      "Then a gust came, and {f}'s boat with all its sails lay on its side. {F} waded after it and stuck in the mud.",
      "Suddenly {f} slipped on the bank and fell in with a great splash.",
    ],
    victory: [
      "The crooked little boat touched the other bank first, as gently as a leaf.",
      "And the small boat sailed on through the reeds and over the line.",
    ]),
  Game(
    title: "Snow House Contest", name: "contest for the finest house of snow",
    practice: [
      "With the first snow {h} began. {He} built small walls and let them freeze, and learned which snow sticks.",
      "{H} asked an old mason how one makes a roof of stones, and tried it with snowballs.",
    ],
    start: [
      "At sunrise the judge blew a horn, and the snow flew.",
      "Everybody had a square and a shovel. {F} had two shovels.",
    ],
    middle: [
      "{F}'s house grew into a castle with four towers. {H}'s house was round and low.",
      "{H} smoothed every block with {his} {hands} before {he} set the next one.",
    ],
    mishap: [
      "Then the sun came out, and {f}'s towers fell in, one after the other, and the last one buried {f} up to the neck.",
      "Crack! The castle came down, and only {f}'s hat looked out of the heap.",
    ],
    victory: [
      "In the evening only one house still stood, small and round, with a candle in it that shone through the walls.",
      "\"In this one I would like to live,\" said the judge, and crept into {h}'s house.",
    ]),
]
