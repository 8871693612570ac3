/// What someone is like: a word, and how it shows.

struct Trait {
  let word: String
  let signs: [String]
}

let traits: [Trait] = [
  Trait(
    word: "curious",
    signs: [
      "{He} asked questions from morning to night, and sometimes in {his} sleep.",
      "There was no box {he} did not open and no hole {he} did not look into.",
      "If something was round the corner, {he} had to see it.",
    ]),
  Trait(
    word: "shy",
    signs: [
      "When others came by, {he} hid behind the door.",
      "{He} spoke so softly that the others often said, \"What was that?\"",
      "{He} liked best to watch from a little way off.",
    ]),
  Trait(
    word: "hasty",
    signs: [
      "{He} ran where others walked, and fell where others stood.",
      "{He} always began before {he} had thought of the end.",
      "{He} put on {his} left shoe{s} while {he} {was} still looking for the right one.",
    ]),
  Trait(
    word: "merry",
    signs: [
      "{He} whistled while it rained and sang while it snowed.",
      "{He} could make a joke out of a wet sock.",
      "Where {he} went, somebody soon laughed.",
    ]),
  Trait(
    word: "stubborn",
    signs: [
      "When {he} had said no, it stayed no.",
      "{He} never gave up, not even when it would have been wise.",
      "You could more easily move {w.mark} than change {h.one} mind.",
    ]),
  Trait(
    word: "dreamy",
    signs: [
      "{He} often forgot where {he} {was} going, because {he} {was} looking at the clouds.",
      "{He} could look at a single leaf for an hour.",
      "While others talked, {he} thought about the far side of the moon.",
    ]),
  Trait(
    word: "careful",
    signs: [
      "{He} looked left and right, even where nobody ever came.",
      "{He} counted everything twice.",
      "{He} never crossed a bridge without knocking on it first.",
    ]),
  Trait(
    word: "clever",
    signs: [
      "{He} knew the names of nine stars and how to open any lock.",
      "Whenever something was broken, they sent for {h}.",
      "{He} could guess a riddle before it was finished.",
    ]),
  Trait(
    word: "proud",
    signs: [
      "{He} liked to be first, and {he} liked it best when others saw it.",
      "{He} often looked at {his} own face{s} in the water.",
      "{He} could not bear to be wrong.",
    ]),
  Trait(
    word: "kind",
    signs: [
      "{He} carried snails across the road.",
      "{He} always kept half of {his} bread for somebody else.",
      "Nobody ever knocked at {his} door for nothing.",
    ]),
  Trait(
    word: "forgetful",
    signs: [
      "{He} tied knots in {his} scarf to remember things, and then forgot what the knots were for.",
      "{He} once went out to fetch water and came home with a cat.",
      "{He} could never say what day it was.",
    ]),
  Trait(
    word: "brave",
    signs: [
      "{He} {was} not afraid of the dark, nor of thunder, nor of deep water.",
      "{He} had once told a wolf to mind its manners.",
      "When there was a noise in the night, it was {h} who went to look.",
    ]),
  Trait(
    word: "patient",
    signs: [
      "{He} could wait for a kettle without once lifting the lid.",
      "{He} never hurried, and {he} {was} never late.",
      "{He} untied knots that others cut.",
    ]),
  Trait(
    word: "lazy",
    signs: [
      "{He} believed that work was something for tomorrow.",
      "{He} could sleep anywhere, and mostly did.",
      "{His} favourite word was \"later\".",
    ]),
]
