/// Somebody new is feared until one goes and knocks.

func newcomer(_ tale: Tale) {
  let scene = Scene(tale, allowsPair: true)
  scene.elder("f")
  scene.friend("n")
  let reason = tale.pick(strangeHabits, key: "habit")
  tale.words["place"] = scene.place()
  tale.title = tale.one(of: [
    "The New Neighbour", "The Stranger", "Who Lives There?", "{H} Knocks at the Door",
    "{F} Comes to Stay",
  ])
  scene.introduce()
  tale.tell(
    "[Day] somebody new came to live {place}. It was {f.a}(, and the name on the door was {f}| named {f}|. {F.he} was called {f}). (Nobody knew where {f.he} came from.|Where {f.he} came from, nobody could say.|{F.he} had come in the night, with one bag.) "
      + tale.one(of: reason.seen))
  tale.tell(
    tale.one(of: [
      "\"I do not like it,\" said {n}, {n.a}. \"(Whoever|Anyone who) does such a thing has something to hide.\"",
      "{W.neighbours} began to whisper. \"A thief,\" said one. \"A wizard,\" said another. \"{F.he} eats children,\" said {n}, {n.a}, who liked to make things bigger than they were.",
      "\"Keep away from there,\" said {n}, {n.a}, and soon everybody said it. And the more they said it, the longer the stories grew.",
    ]) + " " + tale.one(of: reason.rumours))
  tale.tell(
    tale.one(of: [
      "{H} heard the stories too, and {he} {was} a little afraid. But {he} also thought, \"Nobody has asked.\"",
      "\"Has any one of you spoken to {f.him}?\" asked {h}. They all looked at their feet.",
      "{H} thought how it would be to come to a place where all the doors stay shut.",
      "{H} could not sleep. \"What if {f.he} is only lonely?\" {he} thought.",
    ]))
  tale.tell(
    tale.one(of: [
      "So {h} took a (loaf of bread|jar of jam|bunch of flowers|basket of plums), went [along], and knocked. {His} heart{s} beat like a drum.",
      "Next morning {h} went there, quite alone, with {his} knees shaking, and knocked at the door.",
      "{H} walked up to the door three times and turned round three times. The fourth time {he} knocked.",
    ]) + " "
      + tale.one(of: [
        "For a long time nothing happened. Then the door opened a crack.",
        "\"Who is there?\" asked a low voice.",
        "Something fell over inside. Then there were steps.",
      ]))
  tale.tell(
    tale.one(of: [
      "There stood {f}, with flour on {f.his} nose. \"A visitor!\" said {f.he}, and {f.his} eyes grew wet. \"My first visitor!\"",
      "It was {f}, and {f.he} looked even more frightened than {h}. \"Have you come to send me away?\" {f.he} asked.",
      "\"Oh,\" said {f}, and did not know what to do with {f.his} {f.hands}. \"Come in. Mind the step. I have only one chair, but it is yours.\"",
    ]) + " " + tale.one(of: reason.truth))
  tale.tell(
    tale.one(of: [
      "When {h} came home, all of them wanted to know how {he} had got away. \"{H.I} did not get away,\" said {h}. \"{H.I} stayed for tea.\"",
      "\"Well?\" asked {n}. \"Is it true?\" \"Not one word,\" said {h}. \"Come and see for yourself.\"",
      "{H} told the others. First {n} came, then two more, and by Sunday there was not room enough at the table.",
    ]) + " "
      + tale.one(of: [
        "{W.neighbours} were ashamed, and brought what one brings to a new house: bread, salt, and a broom.",
        "One by one they came, and each of them found something to like.",
        "After that nobody remembered who had started the stories.",
      ]) + " " + tale.one(of: ["[everAfter]", "[evening]", ""]))
  scene.moral([
    "What we do not know we make up, and mostly we make it worse than it is.",
    "A door is only a door. Knock.", "Every friend was a stranger once.",
    "Ask the one they talk about, not those who talk.",
  ])
}

private struct StrangeHabit {
  let seen: [String]
  let rumours: [String]
  let truth: [String]
}

private let strangeHabits: [StrangeHabit] = [
  StrangeHabit(
    seen: [
      "All night long there was light in the window.",
      "By day {f.he} slept, and by night {f.he} was awake.",
    ],
    rumours: [
      "\"Only owls and robbers are awake at night,\" they said.",
      "\"Who burns so many candles must be rich, and who is rich must have stolen it,\" they said.",
    ],
    truth: [
      "On the table stood a long brass tube. \"I look at the stars,\" said {f}, \"and they only come at night. Would you like to see the rings of Saturn?\"",
      "\"I write down stories,\" said {f}, \"and they come to me only when it is quiet.\" The whole room was full of paper.",
    ]),
  StrangeHabit(
    seen: [
      "From the house came hammering and banging, from morning to evening.",
      "There was a sawing and a knocking in there, and nobody saw what it was for.",
    ],
    rumours: [
      "\"{F.he} is building a trap,\" they said.",
      "\"It must be a cage,\" they said. \"A big one.\"",
    ],
    truth: [
      "In the middle of the room stood a merry-go-round, almost finished, with a seat for everyone. \"It was to be a surprise,\" said {f}. \"I did not know how else to make friends.\"",
      "Everywhere stood little boats, red ones and blue ones. \"One for each of you,\" said {f}. \"But I did not dare to bring them.\"",
    ]),
  StrangeHabit(
    seen: [
      "{F.he} wore a hood that hid {f.his} whole face, even in the sun.",
      "{F.he} never went out without a thick scarf up to the eyes.",
    ],
    rumours: [
      "\"Who hides the face has a bad one,\" they said.",
      "\"There are teeth under there, long ones,\" they said.",
    ],
    truth: [
      "Without the hood {f} had the friendliest face in the world, and quite big ears. \"Where I lived before, they laughed at my ears,\" {f.he} said. \"I like them,\" said {h}.",
      "\"I catch cold so easily,\" said {f}, and sneezed. Under the scarf was a red nose, and nothing else at all.",
    ]),
  StrangeHabit(
    seen: [
      "{F.he} spoke to nobody and did not answer when one called.",
      "When they shouted \"Hello!\" over the fence, {f.he} did not even turn round.",
    ],
    rumours: [
      "\"So proud!\" they said. \"We are not good enough for such people.\"",
      "\"Rude,\" they said, \"rude and proud.\"",
    ],
    truth: [
      "{F} pointed to {f.his} ears and shook {f.his} head. {F.he} could not hear. So that was it! {H} took a stick and drew a smile in the sand, and {f} drew one beside it.",
      "\"You must speak louder,\" said {f}. \"My ears have been asleep for years.\" And {h} shouted, \"Good morning!\" and {f} beamed.",
    ]),
  StrangeHabit(
    seen: [
      "Smoke in strange colours came out of the chimney, and it smelled of (cloves|burnt sugar|flowers).",
      "Green steam rose from the kitchen window every evening.",
    ],
    rumours: [
      "\"A witch's kitchen,\" they said, and shut their windows.",
      "\"{F.he} is brewing a potion to put us all to sleep,\" they said.",
    ],
    truth: [
      "On the stove stood nine pots. \"Jam,\" said {f}. \"Nine kinds. But what is jam without somebody to taste it?\"",
      "\"I dye wool,\" said {f}, and showed {him} hanks of yellow, green and violet, as bright as a meadow in June.",
    ]),
  StrangeHabit(
    seen: [
      "{F.he} was so big that {f.he} had to stoop under every door.",
      "When {f.he} walked, the cups shook in the cupboards.",
    ],
    rumours: [
      "\"One step, and we are flat,\" they said.",
      "\"How much must someone like that eat?\" they said. \"In winter there will be nothing left for us.\"",
    ],
    truth: [
      "{F} sat on the floor, because no chair would hold {f.him}, and was knitting a tiny sock. \"The little ones are always cold,\" {f.he} said.",
      "In {f.his} huge {f.hands} {f} held a baby bird that had fallen out of its nest, and fed it with a straw. \"Sh,\" {f.he} said. \"It has just gone to sleep.\"",
    ]),
]
