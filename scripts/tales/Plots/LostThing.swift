/// Something precious goes missing, and the one who can reach it is found.

func lostThing(_ tale: Tale) {
  let scene = Scene(tale, allowsPair: true)
  scene.treasure("t")
  let trouble = scene.trouble()
  scene.helper("f", with: trouble.skill)
  tale.title = tale.one(of: [
    "{H} and the {T}", "The Lost {T}", "Where Is the {T}?", "{H} Loses a {T}",
  ])
  scene.introduce()
  tale.tell(
    "Of all the things {he} had, {h} (loved {his} {t} best|{was} proudest of {his} {t}|cared most for {his} {t}). "
      + "It was {t.look}, and {he} liked to {t.use}.")
  tale.tell(
    "(But [day]|[Day]) the {t} was gone. [search] "
      + tale.one(of: [
        "It was not there.", "The {t} stayed lost.", "Nothing.", "No {t} anywhere.",
        "There was dust, and there was a dead fly, but there was no {t}.",
      ]) + tale.one(of: [" [sad]", " \"It cannot have walked away,\" said {h}.", ""]))
  scene.askAround()
  tale.tell(
    "And then {h} saw it. The {t} lay {place}! "
      + tale.one(of: [
        "The wind must have carried it there.", "How it had come there, nobody could say.",
        "A magpie must have stolen it and dropped it.", "It must have fallen and rolled.",
        "\"Oh no,\" said {h}. \"How shall {h.I} ever get it back?\"",
      ]))
  scene.tryInVain(trouble)
  scene.askHelper(trouble)
  tale.tell("[thanks] [happy]")
  tale.tell(
    tale.one(of: [
      "{H} tied a string to the {t}, so that it would never be lost again.",
      "{H} carried the {t} home with both {hands} and put it in a safe place.",
      "Before {he} went home, {h} let {f} hold the {t} for as long as {f.he} liked.",
      "\"Would you like to {t.use} too, some time?\" asked {h}. \"I would,\" said {f}.",
      "After that, {h} let others use the {t} too, for it had come back because of a friend.",
    ]) + " [evening] " + tale.one(of: ["[everAfter]", ""]))
  scene.moral([
    "What one cannot do alone, two can do together.", "Ask, and you may find more than you lost.",
    "A friend is worth more than the thing that the friend brings back.",
    "There is somebody for every trouble. You only have to ask.",
  ])
}
