/// Two friends fall out over a thing and find each other again.

func quarrel(_ tale: Tale) {
  let scene = Scene(tale)
  scene.friend("f")
  scene.elder("o")
  scene.treasure("t")
  tale.title = tale.one(of: [
    "The Quarrel", "{H}, {F} and the {T}", "One {T} for Two", "{H} and {F} Make Peace",
    "Mine and Yours",
  ])
  scene.introduce()
  tale.tell(
    tale.one(of: [
      "{H} had a friend, {f}, {f.a}. They (met every day|shared every apple|knew all of each other's secrets).",
      "{H} and {f}, {f.a}, were like two halves of a walnut. Where one was, the other was not far.",
      "{H}'s best friend was {f}, {f.a}, who lived {f.home}. In all their lives they had not quarrelled once.",
    ]))
  tale.tell(
    "[Day] they found a {t} " + scene.place() + ". It was {t.look}. "
      + tale.one(of: [
        "\"I saw it first!\" cried {h}. \"But I picked it up!\" cried {f}.",
        "\"It is mine,\" said {h}. \"No, it is mine,\" said {f}. And there it was, their first quarrel.",
        "Both of them took hold of it at the same time, and neither let go.",
        "\"Let us share it,\" said {f}. \"How do you share a {t}?\" said {h}, and held it tight.",
      ]))
  tale.tell(
    tale.one(of: [
      "They pulled, this way and that. \"You are (greedy|mean|no friend of mine)!\" cried {f}. \"And you are a (thief|bully|baby)!\" cried {h}.",
      "One word led to another, and the words grew louder. In the end {f} ran home and slammed the door.",
      "\"Then keep your silly {t}!\" shouted {f}. \"I will!\" shouted {h}. And off they went, one to the left and one to the right.",
      "They did not hit each other, but they said things that hurt more.",
    ]))
  tale.tell(
    tale.one(of: [
      "So now {h} had the {t}. {H} wanted to {t.use}, but alone it was not half as nice.",
      "{H} put the {t} on the table and looked at it. It was only a {t}. It did not laugh, and it did not ask how {he} {was}.",
      "For three days {h} spoke to nobody. {He} had the {t}, and {he} had never been so bored.",
      "At first {h} was glad to have the {t}. Then it grew quiet in the house, so quiet that {he} could hear the clock.",
    ]) + " "
      + tale.one(of: [
        "[sad]", "In the evening {h} set two cups on the table, as always, and put one back.", "",
      ]))
  tale.tell(
    tale.one(of: [
      "Next day {o}, {o.a}, saw {h} sitting there. \"Where is {f}?\" asked {o}. {H} told the whole story. \"I see,\" said {o}. \"And which do you miss more when it is gone, the {t} or {f}?\"",
      "{O}, {o.a}, had watched it all. \"When I was small,\" said {o}, \"I won a quarrel about a bucket. I still have the bucket. I have not had a friend since.\"",
      "\"You look like seven days of rain,\" said {o}, {o.a}. \"If two want one thing, make it a third thing.\" {H} did not understand. \"Think about it,\" said {o}.",
    ]) + " [think]")
  tale.tell(
    tale.one(of: [
      "Then {h} took the {t} and went to {f}'s house. Halfway there {he} met {f}, who was on {f.his} way to {him}. Both began to speak at once. \"I am sorry,\" they said.",
      "{H} knocked at {f}'s door. \"Here,\" said {h}, \"you have it.\" \"No, you,\" said {f}. They looked at each other and had to laugh.",
      "{H} wrote a note: \"You can have the {t}. I would rather have you.\" {He} put it under {f}'s door and ran. Before {he} {was} home, {f} had caught up with {him}.",
    ]))
  tale.tell(
    tale.one(of: [
      "From then on the {t} lived with {h} from Sunday to Wednesday and with {f} from Wednesday to Sunday.",
      "They gave the {t} to the little ones, who had none, and went to look for something else together.",
      "They hung the {t} in the tree between their two houses, where it belonged to both of them.",
      "They took turns, a day each, and on Sundays they used it together.",
    ]) + " " + tale.one(of: ["[evening]", "[laughAtIt]", "[everAfter]"]))
  scene.moral([
    "A thing can be halved by sharing, and joy is doubled.",
    "It is easier to find another {t} than another friend.",
    "The first to say sorry is the stronger one.",
    "Being right is lonely. Being friends is better.",
  ])
}
