/// Something is broken, hidden, and at last confessed.

func confession(_ tale: Tale) {
  let scene = Scene(tale)
  scene.elder("o")
  let thing = tale.pick(fragiles, key: "fragile")
  tale.words["t"] = thing.name
  tale.words["t.look"] = thing.look
  tale.words["hiding"] = tale.one(of: [
    "under the bed", "behind the woodpile", "in a hole under the hedge",
    "at the bottom of the laundry basket", "under a flowerpot", "in the old oven",
  ])
  tale.title = tale.one(of: [
    "The Broken {T}", "{H} Tells the Truth", "The Heavy Secret", "What {H} Hid", "{O}'s {T}",
  ])
  scene.introduce()
  tale.tell(
    "(Next door|A little way off|Not far away) lived {o}, {o.a}, who had (something precious|one great treasure): a {t}. It was {t.look}. "
      + tale.one(of: [
        "\"It was my (mother's|grandmother's),\" {o} liked to say, \"and her mother's before her.\"",
        "{O} dusted it every morning and let nobody else touch it.",
        "\"Look with your eyes,\" {o} used to say, \"and not with your {hands}.\"",
      ]))
  tale.tell(
    "[Day] {o} went out, and {h} was alone with the {t}. "
      + tale.one(of: [
        "\"I will only look,\" thought {h}. Then {he} thought, \"I will only touch it with one finger.\"",
        "{H} wanted to see it in the light, only for a moment.",
        "{H} threw a ball into the air, and caught it, and threw it higher.",
        "{H} danced through the room, round and round, and did not see the edge of the table.",
      ]) + " "
      + tale.one(of: ["Crash!", "There was a crash.", "And then it happened.", "It slipped."]) + " "
      + tale.one(of: thing.breaking))
  tale.tell(
    tale.one(of: [
      "{H} went cold all over. {He} listened. Nobody had heard it.",
      "For a moment {h} could not breathe.",
      "\"Oh no, oh no, oh no,\" whispered {h}.",
    ]) + " "
      + tale.one(of: [
        "Quickly {he} gathered up the pieces and hid them {hiding}.",
        "{He} put the pieces into a bag, and the bag {hiding}.",
      ]))
  tale.tell(
    "When {o} came back, the place was empty. \"Where is my {t}?\" asked {o}. "
      + tale.one(of: [
        "\"Perhaps a (thief|magpie|cat) took it,\" said {h}, and did not look up.",
        "{H} shrugged and said nothing. That is also a way to lie.",
        "\"I do not know,\" said {h}, and {his} ears grew hot.",
      ]) + " "
      + tale.one(of: [
        "{O} searched the whole house, slowly, on {o.his} knees.",
        "{O} sat down at the window and looked out, and said no more.",
        "{O} nodded. \"Then it is gone,\" {o.he} said, and {o.his} voice shook.",
      ]))
  tale.tell(
    tale.one(of: [
      "That night {h} could not sleep. The pieces {hiding} seemed to (whisper|tick like a clock|glow in the dark).",
      "At supper {h} could not eat. It was as if {he} had swallowed a stone.",
      "Whatever {h} did, {he} thought of it. The soup tasted of it, and the wind spoke of it.",
      "Everyone was kind to {h}, and that was the worst of all.",
    ]) + " "
      + tale.one(of: [
        "So it went for three days.", "The next day it was worse.",
        "It was a heavy secret, and it grew heavier every hour.",
      ]))
  tale.tell(
    tale.one(of: [
      "In the end {h} fetched the pieces and went to {o}.",
      "On the third evening {h} could bear it no longer. {He} took the bag and knocked at {o}'s door.",
    ]) + " \"It was me,\" {he} said. \"I broke it, and then I lied.\" "
      + tale.one(of: [
        "It was very quiet. {O} looked at the pieces, and then {o.he} looked at {h}.",
        "{O} said nothing for as long as it takes to count to ten.",
      ]))
  tale.tell(
    tale.one(of: [
      "\"A {t} can be mended,\" said {o} at last. \"It is harder to mend trust. But you have just begun.\"",
      "\"I knew it,\" said {o}. \"I have been waiting for you. I am sad about the {t}, but I am glad about you.\"",
      "\"When I was small, I broke this very {t},\" said {o}. \"Look, here is the old crack. I hid it for a year. You were braver than I.\"",
    ]) + " " + tale.one(of: thing.mending) + " "
      + tale.one(of: [
        "It was not as it had been. \"But now it has a story,\" said {o}.",
        "One could still see the cracks, if one looked closely. {O} never turned that side to the wall.",
        "It took (three evenings|a whole week), and while they worked, {o} told old stories.",
      ]))
  tale.tell(
    tale.one(of: [
      "That night {h} slept like a stone.",
      "{H} went home, and the moon seemed brighter than before.",
      "And the stone in {his} stomach was gone.",
      "Since then, whenever {h} {was} about to hide something, {he} thought of the {t}.",
    ]))
  scene.moral([
    "A lie is heavier than the truth, and you have to carry it longer.",
    "What is broken can be mended, but only in the light.",
    "The truth is hard to say once. A lie has to be said again and again.",
  ])
}

private struct Fragile {
  let name: String
  let look: String
  let breaking: [String]
  let mending: [String]
}

private let pieces = [
  "It lay on the floor in (three|five|seven) pieces.", "Pieces rolled into every corner.",
]
private let glue = [
  "They sat down together and glued it, piece by piece.",
  "{O} brought out the pot of glue, and {h} held the pieces until they stuck.",
]

private let fragiles: [Fragile] = [
  Fragile(
    name: "vase", look: "tall and blue, with swallows on it", breaking: pieces, mending: glue),
  Fragile(
    name: "teapot", look: "white, with a handle like an ear", breaking: pieces, mending: glue),
  Fragile(
    name: "bowl", look: "as thin as a leaf and painted with cherries", breaking: pieces,
    mending: glue),
  Fragile(
    name: "clock", look: "small and golden, with a bird that sang the hours",
    breaking: [
      "The little bird gave one last squeak and was silent.",
      "Wheels and springs jumped all over the floor.",
    ],
    mending: [
      "They put the wheels back, one after the other, and at last the bird opened its beak.",
      "{O} read the names of the wheels from an old book, and {h} found their places.",
    ]),
  Fragile(
    name: "mirror", look: "round, in a frame of carved leaves",
    breaking: [
      "A long crack ran from one side to the other.",
      "It split into two halves, and each showed a frightened face.",
    ],
    mending: [
      "They set the pieces into the frame again, like a picture made of light.",
      "Out of the pieces they made a star and hung it in the window.",
    ]),
  Fragile(
    name: "fiddle", look: "brown like honey, and older than the house",
    breaking: [
      "Its neck snapped, and a string sprang up with a cry.",
      "There was a hole in its belly, and it made no more sound.",
    ],
    mending: [
      "They glued the wood, and tied it, and waited, and put on a new string.",
      "{H} carried it to the fiddle maker and paid with all {his} savings.",
    ]),
  Fragile(
    name: "glass ship", look: "no longer than a thumb, in a green bottle",
    breaking: [
      "The masts fell like little trees.", "The bottle broke, and the ship lay on its side.",
    ],
    mending: [
      "With a needle and a drop of glue they set up mast after mast.",
      "They found a new bottle and took a whole evening to put the ship inside.",
    ]),
  Fragile(
    name: "doll", look: "made of china, with a dress of real lace",
    breaking: [
      "One arm broke off and rolled under the cupboard.",
      "There was a crack right across the smiling face.",
    ], mending: glue),
]
