/// A seed, much patience, and what comes of it.

func garden(_ tale: Tale) {
  let scene = Scene(tale)
  scene.elder("o")
  scene.friend("f")
  let plant = tale.pick(plants, key: "plant")
  tale.words["t"] = plant.name
  tale.title = tale.one(of: [
    "The Seed", "{H}'s {T}", "Waiting for the {T}", "{H} in the Garden", "What Grew There",
  ])
  scene.introduce()
  tale.tell(
    "One spring {o}, {o.a}, gave {h} a \(plant.seed). "
      + tale.one(of: [
        "\"What is it?\" asked {h}. \"Wait and see,\" said {o}.",
        "\"It does not look like much,\" said {h}. \"Neither did you,\" said {o}, \"when you were new.\"",
        "\"Put it in the ground,\" said {o}, \"give it water, and then do the hardest thing of all: wait.\"",
      ]))
  tale.tell(
    "{H} dug a hole " + scene.place() + ", laid it in, and covered it up. "
      + tale.one(of: [
        "Then {he} sat down beside it and waited. Nothing happened until supper.",
        "Next morning {he} ran to look. There was nothing but earth.",
        "After an hour {he} dug it up again to see whether it was growing. \"Leave it in peace!\" cried {o}.",
      ]) + " "
      + tale.one(of: [
        "{F}, {f.a}, came by. \"Nothing will come of that,\" {f.he} said.",
        "\"You are watering mud,\" said {f}, {f.a}, who knew everything better.",
        "\"Come and play,\" called {f}, {f.a}. But {h} shook {his} head.",
      ]))
  tale.tell(
    tale.one(of: [
      "{H} watered it every day.",
      "{H} sang to it in the evening, for {he} thought that it might be afraid down there.",
      "{H} built a little fence of twigs around it.",
    ]) + " A week went by, and another. "
      + tale.one(of: [
        "Then, one morning, there was something green, no bigger than a fingernail.",
        "And then the earth had a crack, and out of the crack looked a tiny green nose.",
        "When {he} had almost forgotten to hope, there it was: two leaves, folded like hands.",
      ]) + " [happy]")
  tale.tell(tale.one(of: plant.threats) + " " + tale.one(of: plant.cares))
  tale.tell(
    tale.one(of: [
      "Even {f} came to help now.", "{F} no longer laughed. {F.he} brought a watering can.",
      "\"I did not think it would be so much work,\" said {f}, and took the second bucket.",
    ]) + " " + tale.one(of: plant.growth))
  tale.tell(
    tale.one(of: plant.harvest) + " "
      + tale.one(of: [
        "\"That is because of your waiting,\" said {o}.",
        "{O} nodded and said nothing, and that was the highest praise.",
        "\"And I said that nothing would come of it,\" said {f}.",
      ]))
  tale.tell(
    tale.one(of: plant.sharing) + " "
      + tale.one(of: [
        "[evening]", "And {h} kept a handful of seeds for next spring.",
        "And in the following spring {h} gave a seed to somebody who was even smaller. \"Wait and see,\" {he} said.",
      ]))
  scene.moral([
    "Nothing grows faster because you pull at it.", "Patience is also a kind of work.",
    "Under the earth much is going on that cannot be seen.",
    "Who waters in spring may share in autumn.",
  ])
}

private struct Plant {
  let name: String
  let seed: String
  let threats: [String]
  let cares: [String]
  let growth: [String]
  let harvest: [String]
  let sharing: [String]
}

private let plants: [Plant] = [
  Plant(
    name: "Pumpkin", seed: "flat white seed",
    threats: [
      "In May the slugs came, on silver roads.", "In June there was no rain for five weeks.",
    ],
    cares: [
      "{H} went out with a lantern every night and carried the slugs to the other side of the brook.",
      "{H} brought water from the well, forty steps there and forty steps back.",
    ],
    growth: [
      "The pumpkin grew, first like a plum, then like a head, then like a barrel.",
      "It grew so fast that one could almost hear it.",
    ],
    harvest: [
      "In October it took six of them to roll it home.",
      "When it was ripe, it shone like a sun that had been left lying in the field.",
    ],
    sharing: [
      "There was soup for everyone, and out of the shell they made a coach for the little ones.",
      "They hollowed it out and put a light inside, and the soup lasted until Advent.",
    ]),
  Plant(
    name: "Sunflower", seed: "striped seed",
    threats: ["Then the hens got in.", "A storm bent it down to the ground."],
    cares: [
      "{H} chased them out and mended the fence with string.",
      "{H} set a pole beside it and tied it up with {his} own belt.",
    ],
    growth: [
      "It grew past {h}'s knees, past {his} nose, and past the top of the fence.",
      "Every morning it had to be measured, and every morning the ruler was too short.",
    ],
    harvest: [
      "In August it opened, as big as a plate and as yellow as butter, and turned its face to the sun.",
      "One day it looked into the upstairs window and nodded.",
    ],
    sharing: [
      "In winter, when there was snow, all the birds came and ate of it, and sang on top of it.",
      "The seeds were enough for the whole neighbourhood, so that a year later every garden had a sun of its own.",
    ]),
  Plant(
    name: "Apple Tree", seed: "brown apple pip",
    threats: [
      "In the first winter the frost came, and in the second the hares.",
      "It had hardly six leaves when a goat ate five of them.",
    ],
    cares: [
      "{H} wrapped it in straw and in an old sock.",
      "{H} built a fence, and when the goat jumped over it, a higher one.",
    ],
    growth: [
      "One year went by, and then another. {H} grew, and the tree grew, and for a time they were the same height.",
      "Each spring {h} cut a notch in the post, one for {himself} and one for the tree.",
    ],
    harvest: [
      "In the seventh spring it bloomed, all white, and in autumn there hung one apple, just one, red on the one side and yellow on the other.",
      "And then, when nobody thought of it any more, it bore apples, a whole basket of them.",
    ],
    sharing: [
      "They cut the first apple into as many pieces as there were friends. Each piece was as thin as paper and tasted of seven years.",
      "Today a swing hangs from it, and whoever swings may pick one.",
    ]),
  Plant(
    name: "Bean", seed: "speckled bean",
    threats: [
      "The black lice sat on it as close together as pepper.",
      "At midsummer hail fell, as big as peas.",
    ],
    cares: [
      "{H} washed leaf by leaf with soapy water.",
      "{H} ran out and held a tin tub over it, and the hail drummed on it like mad.",
    ],
    growth: [
      "It wound up the pole, around and around, and when the pole came to an end, it took the washing line.",
      "It climbed to the roof and looked into the chimney.",
    ],
    harvest: [
      "In September the pods hung down like green fingers, so many that nobody could count them.",
      "They picked beans for three days, and there were still more.",
    ],
    sharing: [
      "They strung them on threads and hung them up, and all winter long there was bean soup for whoever knocked.",
      "Everyone got a bag of beans, and a speckled one for the spring.",
    ]),
  Plant(
    name: "Strawberry Bed", seed: "small plant with three leaves",
    threats: [
      "A blackbird watched it all day long with its head on one side.",
      "Weeds came, and they were in a greater hurry than the strawberries.",
    ],
    cares: [
      "{H} made a scarecrow with {his} own hat on, and the blackbird sat down on the hat.",
      "{H} knelt there every evening and pulled out what did not belong there.",
    ],
    growth: [
      "It put out runners like little arms and made one plant after another.",
      "White flowers came, and out of every flower a green bead.",
    ],
    harvest: [
      "In June the first one was red. {H} looked at it for a whole day before {he} ate it.",
      "Then they all grew red at once, and the whole place smelled of them.",
    ],
    sharing: [
      "There was enough for everyone, and for the blackbird too.",
      "They sat on the wall with red mouths and did not speak.",
    ]),
]
