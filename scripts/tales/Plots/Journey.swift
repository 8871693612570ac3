/// A long way with something to deliver, and three things that stand in it.

func journey(_ tale: Tale) {
  let scene = Scene(tale, allowsPair: true, without: [.fly, .swim])
  scene.elder("o")
  scene.elder("f")
  let gift = tale.pick(deliveries, key: "gift")
  tale.words["g"] = gift.name
  tale.words["g.why"] = gift.reason
  tale.title = tale.one(of: [
    "{H} and the Long Way", "The Way to {O}", "{H} Carries a \(gift.short)",
    "Over the Hill and Far Away", "{H} Sets Out",
  ])
  scene.introduce()
  tale.tell(
    "[Day] {h} {was} given {g}. \"(Take this to {o}, {o.the}|This is for {o}, {o.the}|You must carry this to {o}, {o.the}),\" they said. \""
      + tale.one(of: [
        "{O.he} lives behind {w.mark2}.", "It is a long way, but you know it.",
        "Do not stop, and do not lose it.", "And be there before dark.",
      ]) + " {g.why}\"")
  tale.tell("[go] [sky]")
  for obstacle in [tale.pick(obstacles, key: "obstacle"), tale.pick(obstacles, key: "obstacle")] {
    tale.tell(tale.one(of: obstacle.meeting) + " " + tale.one(of: obstacle.solution))
  }
  tale.tell(
    tale.one(of: [
      "Then it grew dark. [tired] \"{H.I} will never get there,\" said {h}. But there was a light between the trees, and a door opened. It was {f}, {f.a}. \"Come in and warm yourself,\" said {f.he}, and gave {him} soup and a dry blanket.",
      "At a fork {h} did not know which way to take. {F}, {f.a}, sat on the milestone. \"Left is shorter, right is drier,\" {f.he} said. \"And whoever shares a bite with me learns which is better today.\" {H} broke {his} last biscuit in two. \"Right,\" said {f}. \"The left bridge is down.\"",
      "On the last hill {h} met {f}, {f.a}, who sat there and held {f.his} foot. \"A thorn,\" said {f}. {H} had no time, but {he} stopped and drew it out. \"Then I will show you the path that only I know,\" said {f}, and it was shorter by an hour.",
    ]))
  tale.tell(
    tale.one(of: [
      "So {h} came to {o} just as the first star came out.",
      "When {h} knocked at the door of {o}, the clock struck six.",
      "And there at last was the house of {o}, with a light in the window.",
    ]) + " \""
      + tale.one(of: [
        "You came all that way by yourself?", "I had almost stopped hoping.", "Come in, come in!",
      ]) + "\" " + tale.one(of: ["cried {o}.", "said {o}, and hugged {him}."]) + " "
      + tale.one(of: [
        "{O} looked at it and was silent for a moment. Then {o.he} smiled all over {o.his} face.",
        "\"\(gift.thanks)\"", "{O} held it up to the light. \"Just in time,\" {o.he} said.",
      ]))
  tale.tell(
    tale.one(of: [
      "On the way home the road seemed only half as long.",
      "\"Was it far?\" they asked at home. \"Only the first half,\" said {h}.",
      "{H} stayed for three days, and when {he} came home {he} seemed a little taller.",
      "Going home, {h} greeted every stone on the road like an old friend.",
    ]) + " " + tale.one(of: ["[everAfter]", "[evening]", ""]))
  scene.moral([
    "The longest way is made of short steps.", "Who stops to help on the way arrives in time.",
    "Every road is shorter when you know where it ends.", "Begin, and the road begins to help you.",
  ])
}

private struct Delivery {
  let name: String
  let short: String
  let reason: String
  let thanks: String
}

private let deliveries: [Delivery] = [
  Delivery(
    name: "a basket of eggs", short: "basket of eggs", reason: "There must be a cake tomorrow.",
    thanks: "Not one of them is broken! Now there will be cake."),
  Delivery(
    name: "a bottle of medicine", short: "bottle",
    reason: "It is for the cough, and the cough will not wait.",
    thanks: "I feel better already, just from seeing you."),
  Delivery(
    name: "a letter with a red seal", short: "letter", reason: "It is important.",
    thanks: "It is from my sister. She is coming home!"),
  Delivery(
    name: "a pot of glowing coals", short: "pot of coals", reason: "The fire there has gone out.",
    thanks: "Now it will be warm again in here."),
  Delivery(
    name: "a little apple tree in a pot", short: "little tree",
    reason: "It must be in the ground before the frost.",
    thanks: "In five years you shall have the first apple."),
  Delivery(
    name: "a jar of honey", short: "jar of honey",
    reason: "Nothing else helps against a winter like this one.",
    thanks: "Gold! It is like gold! Fetch two spoons."),
  Delivery(
    name: "a new pair of glasses", short: "pair of glasses",
    reason: "Without them one cannot read a word.",
    thanks: "Why, now I can see how tired you are! Sit down."),
  Delivery(
    name: "a sack of seed corn", short: "sack",
    reason: "Without it there will be no bread next year.",
    thanks: "You have carried next summer on your back."),
  Delivery(
    name: "a clock that had been mended", short: "clock", reason: "But keep it upright.",
    thanks: "Listen! It ticks again, as it did when I was small."),
  Delivery(
    name: "a woollen coat", short: "coat", reason: "Up there it is already cold.",
    thanks: "It fits! And there is something in the pocket. A biscuit!"),
]

private struct Obstacle {
  let meeting: [String]
  let solution: [String]
}

private let obstacles: [Obstacle] = [
  Obstacle(
    meeting: [
      "Before long {h} came to a stream, and the bridge was gone.",
      "Where the bridge had been, there were only two posts and the brown water.",
    ],
    solution: [
      "{He} walked up the bank until it was narrow enough to jump.",
      "{He} rolled a log across and crept over it on all fours, slowly, without looking down.",
      "{He} found the old stepping stones under the leaves and went from one to the next.",
    ]),
  Obstacle(
    meeting: [
      "Then fog came, so thick that {h} could not see {his} own feet.",
      "On the moor the mist rose, and every bush looked like a bear.",
    ],
    solution: [
      "{He} stood still and listened. Far away a bell rang, and {he} went towards the bell.",
      "{He} held on to the stone wall with one hand and walked along it, stone by stone.",
      "\"Who cannot see must wait,\" said {h}, and waited until the sun had eaten the fog.",
    ]),
  Obstacle(
    meeting: [
      "On the path stood a big (dog|ram|gander) that let nobody pass.",
      "Behind the next bend a (goose|ram|dog) blocked the way and looked angry.",
    ],
    solution: [
      "{H} sat down and waited, and said friendly things, until it grew bored and went away.",
      "{H} saw that it had a burr in its coat. {He} pulled it out, and after that it walked beside {him} for a mile.",
      "\"Good day,\" said {h}. \"May {h.I} go by?\" Nobody had ever asked so politely, and it stepped aside.",
    ]),
  Obstacle(
    meeting: [
      "Then the rain came, first in drops and then in ropes.",
      "Black clouds came over the hill, and soon it poured.",
    ],
    solution: [
      "{H} put {his} own coat{s} around {his} load and went on, wet but cheerful.",
      "{H} found a hollow tree and sat in it until the thunder had gone by.",
      "{H} picked a leaf of butterbur, as big as an umbrella, and walked on under it.",
    ]),
  Obstacle(
    meeting: [
      "After that came a wood where all the trees looked alike.",
      "In the dark wood the path split into five.",
    ],
    solution: [
      "{H} tied a thread to every tree that {he} had passed, so as not to walk in a circle.",
      "{H} looked where the moss grew thickest, for that is north, and went straight on.",
      "{H} asked a beetle, and the beetle, who had all the time in the world, showed {him} the way.",
    ]),
  Obstacle(
    meeting: [
      "The hill was so steep that {h} slid back two steps for every three.",
      "Then the path went up, and up, and did not stop going up.",
    ],
    solution: [
      "{He} did not look at the top. {He} only looked at the next step, and then at the next.",
      "{He} sang a song with a hundred verses, and when the song was over, {he} {was} at the top.",
      "{He} went up in a zigzag, as the goats do, and it was not so steep any more.",
    ]),
  Obstacle(
    meeting: [
      "At the gate sat a gatekeeper who wanted a penny, and {h} had none.",
      "\"Nobody passes here without paying,\" said an old toad under the gate.",
    ],
    solution: [
      "\"{H.I} can pay with a riddle,\" said {h}. \"What has teeth and cannot bite?\" They were still thinking about the comb when {h} {was} far away.",
      "{H} offered to tell a story, and it was such a good story that {he} had to tell it twice.",
      "{H} swept the step instead, and that was worth more than a penny.",
    ]),
]
