/// A magic thing grants wishes, and takes them at their word.

func wish(_ tale: Tale) {
  let scene = Scene(tale)
  scene.elder("o")
  let giver = tale.pick(givers, key: "giver")
  let first = tale.pick(wishes, key: "wish")
  tale.title = tale.one(of: [
    "The Two Wishes", "{H}'s Wish", "Be Careful, {H}!", "\(giver.title)", "{H} and \(giver.title)",
  ])
  scene.introduce()
  tale.tell(
    "[Day] {h} found \(giver.found) " + scene.place() + ". " + tale.one(of: giver.deed) + " \""
      + tale.one(of: [
        "You have been kind to me,", "I thank you,", "For that you shall have a reward,",
      ]) + "\" it said. \""
      + tale.one(of: [
        "You have two wishes. Think well.",
        "Wish for something, and it will be so. But I only hear the words, and not what you mean by them.",
        "Two wishes, no more and no less.",
      ]) + "\"")
  tale.tell(
    tale.one(of: [
      "{H} did not have to think for long.", "{H} should have slept on it, but {he} did not.",
      "Everything that {he} had ever wanted came into {h}'s head at the same time.",
    ]) + " \"I wish that \(first.words)!\" "
      + tale.one(of: [
        "No sooner said than done.", "There was a small bang, like a cork.",
        "A warm wind went by, and it was so.",
      ]))
  tale.tell(tale.one(of: first.joy))
  tale.tell(
    tale.one(of: [
      "But soon it began to go wrong.", "That was fine for a day.",
      "Only nothing is so good that it has no other side.",
    ]) + " " + tale.one(of: first.trouble) + " " + tale.one(of: first.worse))
  tale.tell(
    "{H} went to {o}, {o.a}, for advice. "
      + tale.one(of: [
        "\"You got what you said,\" said {o}, \"and not what you needed.\"",
        "{O} tried hard not to laugh. \"And what did you really want?\" {o.he} asked.",
        "\"You have one wish left,\" said {o}. \"This time use your head first and your mouth after.\"",
      ]) + " [think]")
  tale.tell(
    tale.one(of: [
      "\"I wish,\" said {h} slowly, \"that everything were as it was before.\"",
      "{H} took a deep breath. \"I wish that it had never happened. But I should like to remember it.\"",
    ]) + " "
      + tale.one(of: [
        "A warm wind went by, and it was so.", "And so it was.",
        "There was a small bang, and then it was quiet.",
      ]))
  tale.tell(
    tale.one(of: first.lesson) + " "
      + tale.one(of: [
        "\(giver.gone)", "[evening]",
        "\"No more wishes?\" asked {o}. \"None,\" said {h}. \"But a great many plans.\"",
      ]))
  scene.moral([
    "Wish for less, and mean it more.",
    "What you have is often what you would wish for if you did not have it.",
    "Before you wish for more, count what is there.",
  ])
}

private let givers: [(title: String, found: String, deed: [String], gone: String)] = [
  (
    "The Golden Fish", "a golden fish that lay on dry land",
    [
      "{H} carried it back to the water in {his} hat.", "{He} picked it up gently and let it swim.",
    ], "The golden fish was never seen again."
  ),
  (
    "The Little Old Man", "a tiny old man whose beard was caught in a crack",
    [
      "{H} worked the beard free, hair by hair.",
      "{He} pushed a stick into the crack until the beard came out.",
    ], "Of the little old man there was only a footprint, as big as a bean."
  ),
  (
    "The Blue Bottle", "a blue bottle with something knocking inside it",
    [
      "{H} pulled out the cork, and a small blue cloud with a face came out.",
      "{He} wiped off the mud and opened it. Out flew a thing like a moth made of light.",
    ], "The bottle now stands on the window sill with a daisy in it."
  ),
  (
    "The Talking Stone", "a stone that groaned, because it lay on its face",
    [
      "{H} turned it over, and it opened its eyes.",
      "{He} rolled it onto its back, so that it could see the sky.",
    ], "And the stone has not said a word since."
  ),
  (
    "The Star in the Grass", "a small star that had fallen into the grass",
    [
      "{H} blew on it until it glowed again.",
      "{He} warmed it in {his} {hands} and told it a story, so that it would not cry.",
    ], "That night there was one star more in the sky."
  ),
]

private struct Wish {
  let words: String
  let joy: [String]
  let trouble: [String]
  let worse: [String]
  let lesson: [String]
}

private let wishes: [Wish] = [
  Wish(
    words: "everything I touch would turn into cake",
    joy: [
      "The fence became cake, and the gate, and {h} ate until {he} could eat no more.",
      "{H} touched a stone, and it was a sponge cake with cream!",
    ],
    trouble: [
      "When {he} wanted to drink, the water turned into cake. When {he} lay down, the bed was full of crumbs.",
      "{He} took {his} book to read, and held a slice of plum cake in {his} {hands}.",
    ],
    worse: [
      "Ants came, first one, and then all of them.",
      "{He} longed for nothing so much as a piece of dry bread.",
    ],
    lesson: [
      "{H} ate a radish and thought that nothing had ever tasted so good.",
      "For a whole year {h} did not want any cake, not even on Sundays.",
    ]),
  Wish(
    words: "I were as tall as a house",
    joy: [
      "{H} could look over all the roofs and pick apples from the very top.",
      "{He} took three steps and was on the other side of the hill.",
    ],
    trouble: [
      "But {he} did not fit through any door, and at night it rained on {his} head.",
      "{His} own bed was as small as a matchbox, and {his} friends were afraid of {his} feet.",
    ],
    worse: [
      "Nobody could hear what {he} said up there, and {he} could not hear what they said down below.",
      "When {he} sneezed, three chimneys fell.",
    ],
    lesson: [
      "{H} walked through {his} own front door three times, in and out, just for joy.",
      "\"I am exactly the right size,\" said {h}, and crept under the blanket.",
    ]),
  Wish(
    words: "it would never be bedtime again",
    joy: [
      "The sun stood still, and {h} played and played.",
      "Nobody called {him} in, for it was always afternoon.",
    ],
    trouble: [
      "But the flowers hung their heads, and the owls ran into trees.",
      "Everyone was tired and cross, and no one could sleep, because it was never night.",
    ],
    worse: [
      "{H} yawned until {his} jaw hurt, and played the same game for the ninetieth time.",
      "There were no stars any more, and no stories, for stories are told in bed.",
    ],
    lesson: [
      "Then the sun went down, and nobody had ever been so glad to see it go. {H} was asleep before the first star.",
      "{H} pulled the blanket up to {his} nose. \"Good night,\" {he} said to everything.",
    ]),
  Wish(
    words: "I could understand everything that everyone thinks",
    joy: [
      "{H} knew what the birds thought, and the beetles, and it was very funny.",
      "{He} guessed every riddle and won every game.",
    ],
    trouble: [
      "But {he} also heard what people do not say out loud, because they are polite.",
      "It was never quiet any more. Even the sheep thought without a pause, mostly about grass.",
    ],
    worse: [
      "{H} put moss into {his} ears, and heard it all the same.",
      "There were no more surprises. {He} knew every present before it was unpacked.",
    ],
    lesson: [
      "\"What are you thinking about?\" asked {h}, and was happy to have to ask.",
      "How beautiful it was not to know!",
    ]),
  Wish(
    words: "I had all the toys in the world",
    joy: [
      "They came flying through the window: balls, drums, dolls, and a rocking horse.",
      "The room filled up to the ceiling, and {h} did not know where to begin.",
    ],
    trouble: [
      "But there was no more room to play, and the door would not open.",
      "And all the other children stood outside and wept, for theirs were gone.",
    ],
    worse: [
      "Nobody wanted to play with {h} any more.",
      "A thousand tin drums began to play by themselves, and they did not stop.",
    ],
    lesson: [
      "{H} went out and gave away even {his} own ball. They played with it until dark, all of them together.",
      "One ball, and five friends: that was more than all the toys in the world.",
    ]),
  Wish(
    words: "I could fly",
    joy: [
      "{H} rose up, over the trees and over the hill, and shouted for joy.",
      "It was easy! One only had to breathe in.",
    ],
    trouble: [
      "But {he} could not come down. Whenever {he} tried, the wind took {him} up again.",
      "Nobody was up there but the wind, and the wind does not listen.",
    ],
    worse: [
      "Down there the lamps were lit, and they sat down to supper without {him}.",
      "{He} held on to a chimney with both {hands} and was cold.",
    ],
    lesson: [
      "{H} lay down in the grass and held on to it for a while. How good it was to be on the ground!",
      "From time to time {h} still looks up. But {he} keeps {his} shoes on the floor.",
    ]),
]
