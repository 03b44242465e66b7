"""Describe scenes in English, Chinese or a mixture, as people would ask for them.

What a caption says is true of its scene. Bare names are the commonest caption; the rest are names
with a style, a background, a place, a dye, a second thing, in many wordings and orders. Captions of
held-out scenes use only wordings that training never reads.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from art import Art, ConceptEntry
from english import plural, with_article
from phrases import HELD_OUT, TRAIN, Phrases
from scenes import LANGUAGES, Scenes
from vocabulary import COLOUR_WORD, COLOURS, LAYOUTS, PLACES, STYLES, TINTS
from words import (
    EXTRAS,
    FILLERS,
    PLACE_WORDS,
    PRAISE,
    STYLE_HELD_OUT,
    STYLE_NOUNS,
    STYLE_TRAIN,
    TINT_WORDS,
)

CANONICAL_ODDS = 0.5  # of the first name; the others share the rest
BARE_ODDS = 0.8  # of saying nothing but the name where nothing else is to be said
PRAISE_ODDS, EXTRA_ODDS, ENDING_ODDS = 0.05, 0.05, 0.05
# So that unknown words come to mean nothing, in training only:
STRAY_ODDS = 0.06  # of a made-up word before or after everything
GAP_ODDS = 0.12  # of one within a wording
JOINT_ODDS = 0.15  # of one that joins two things: whatever it is, both are to be drawn
FULL_WIDTH_ODDS = 0.65  # of Chinese punctuation being full-width
CAPITAL_ODDS = 0.2  # of an English caption beginning with a capital

_COUNTED = tuple("一两双半")
_Name = TypeVar("_Name")


@dataclass(frozen=True)
class Word:
    """One concept's names, ready for use.

    English: `(bare, counted, plural or empty)`; Chinese: `(bare, measure word or empty)`.
    """

    en: tuple[tuple[str, str, str], ...]
    zh: tuple[tuple[str, str], ...]
    measure: str


@functools.cache
def lexicon(art: Art) -> tuple[Word, ...]:
    """Prepare the names of every concept once."""
    return tuple(_word(concept) for concept in art.concepts)


def _word(concept: ConceptEntry) -> Word:
    """Prepare one concept's names."""
    english = tuple(
        (name[1:], name[1:], "") if name[0] == "~" else (name, with_article(name), plural(name))
        for name in concept["en"]
    )
    measure = concept["measure"]
    chinese = tuple((n[1:], "") if n[0] == "~" else (n, measure) for n in concept["zh"])
    return Word(english, chinese, measure)


@functools.cache
def dye_names(art: Art) -> tuple[Word, ...]:
    """Prepare the names that may follow a colour: those naming no colour themselves."""
    words = []
    for word in lexicon(art):
        english = tuple(name for name in word.en if not COLOUR_WORD.search(name[0])) or word.en[:1]
        chinese = tuple(
            n for n in word.zh if not re.search("[红橙橘黄绿青蓝紫粉白黑棕金灰一]", n[0])
        )
        words.append(Word(english, chinese or word.zh[:1], word.measure))
    return tuple(words)


class _Writer:
    """Write one caption: holds the scene's choices while its parts are put together."""

    def __init__(self, art: Art, scenes: Scenes, i: int, rng: random.Random) -> None:
        """Choose the main language; `parts` records the wordings used."""
        self.art, self.scenes, self.i, self.rng = art, scenes, i, rng
        self.held = bool(scenes.held_out[i])
        kind = LANGUAGES[scenes.language[i]]
        self.mixed = kind == "mixed"
        self.main = ("en" if rng.random() < 0.5 else "zh") if self.mixed else kind
        self.phrases: Phrases = (HELD_OUT if self.held else TRAIN)[self.main]
        self.parts: list[str] = []
        self.led = False  # an imperative leads: nothing goes before it any more

    def pick(self, options: tuple[str, ...]) -> str:
        """Choose one of some wordings."""
        return options[int(self.rng.random() * len(options))]

    def phrase(self, options: tuple[str, ...]) -> str:
        """Choose a wording that belongs to one split only, and note it."""
        chosen = options[int(self.rng.random() * len(options))]
        self.parts.append(chosen)
        if not self.held and options is not self.phrases.subject and self.rng.random() < GAP_ODDS:
            return with_filler(chosen, filler(self.rng, self.main), self.rng)
        return chosen

    def joint(self, options: tuple[str, ...]) -> str:
        """Choose how two things side by side are joined; in training sometimes by any word."""
        if self.held or self.rng.random() >= JOINT_ODDS:
            return self.phrase(options)
        gap = " " if self.main == "en" else ""
        word = gap.join(filler(self.rng, self.main) for _ in range(self.rng.choice((1, 1, 2))))
        return f"{{l}}{gap}{word}{gap}{{r}}"

    def tongue(self) -> str:
        """Choose the language of one word."""
        return ("en" if self.rng.random() < 0.5 else "zh") if self.mixed else self.main

    def name(self, names: Sequence[_Name]) -> _Name:
        """Choose a name, most often the canonical one."""
        if len(names) == 1 or self.rng.random() < CANONICAL_ODDS:
            return names[0]
        return names[1 + int(self.rng.random() * (len(names) - 1))]

    def noun(self, concept: int, around: str = "", tongue: str = "") -> tuple[str, str]:
        """Return a thing's bare and counted name, within an adjective's wording if given."""
        word = lexicon(self.art)[concept]
        tongue = tongue or self.tongue()
        if not around and self.rng.random() < PRAISE_ODDS:
            around = self.pick(PRAISE[tongue])
        if tongue == "en":
            bare, counted, _many = self.name(word.en)
            if not around:
                return bare, counted
            full = around.format(n=bare)
            return full, (with_article(full) if counted != bare else full)
        bare, measure = self.name(word.zh)
        return (around or "{n}").format(n=bare), self.counted(around or "{n}", bare, measure)

    def counted(self, around: str, bare: str, measure: str) -> str:
        """Return a Chinese name behind its measure word, unless it counts itself."""
        full = around.format(n=bare)
        return full if not measure or bare.startswith(_COUNTED) else f"一{measure}{full}"

    def dyed(self, concept: int, tint: int) -> tuple[str, str]:
        """Return a recoloured thing's bare and counted name."""
        word, tongue = dye_names(self.art)[concept], self.tongue()
        colour = self.pick(TINT_WORDS[tongue][TINTS[tint]])
        if tongue == "en":
            bare, counted, _many = self.name(word.en)
            full = f"{colour} {bare}"
            return full, (with_article(full) if counted != bare else full)
        bare, measure = self.name(word.zh)
        return colour + bare, self.counted(colour + "{n}", bare, measure)

    def colour(self, number: int) -> str:
        """Name a background colour."""
        colour = COLOURS[number]
        return self.name(colour.en if self.tongue() == "en" else colour.zh)

    def single(self) -> str:
        """Word the thing of a scene with one, its style within if that is to be said there."""
        s, i = self.scenes, self.i
        if s.nonsense[i]:
            return nonsense_word(self.rng, self.main)
        if s.tint[i] >= 0:
            bare, counted = self.dyed(int(s.concept_a[i]), int(s.tint[i]))
        else:
            bare, counted = self.noun(int(s.concept_a[i]))
        return self.phrase(self.phrases.subject).format(n=bare, a=counted)

    def two(self) -> str:
        """Word two of a thing."""
        concept, tint = int(self.scenes.concept_a[self.i]), int(self.scenes.tint[self.i])
        word = lexicon(self.art)[concept] if tint < 0 else dye_names(self.art)[concept]
        dye = "" if tint < 0 else self.pick(TINT_WORDS[self.main][TINTS[tint]])
        if self.main == "zh":
            plain = [name for name in word.zh if not name[0].startswith(_COUNTED)] or word.zh[:1]
            template = self.phrase(self.phrases.two)
            return template.format(q=word.measure, n=dye + self.name(plain)[0])
        gap = " " if dye else ""
        countable = [name for name in word.en if name[2]]
        if not countable:
            bare = dye + gap + word.en[0][0]
            return self.phrase(("{n} twice",) if self.held else ("{n} and {n}",)).format(n=bare)
        bare, _counted, many = self.name(countable)
        template = self.phrase(self.phrases.two)
        return template.format(m=dye + gap + many, n=dye + gap + bare)

    def pair(self) -> str:
        """Word two different things and where they are."""
        s, i = self.scenes, self.i
        bare_or_counted = 0 if self.rng.random() < 0.35 else 1
        first = self.noun(int(s.concept_a[i]))[bare_or_counted]
        second = self.noun(int(s.concept_b[i]))[bare_or_counted]
        if LAYOUTS[s.layout[i]] == "left-right":
            return self.joint(self.phrases.beside).format(l=first, r=second)
        return self.phrase(self.phrases.above).format(t=first, u=second)

    def styled_noun(self) -> str:
        """Word a single thing with its style as an adjective: "a pixel art cat"."""
        s, i = self.scenes, self.i
        tongue = self.tongue()
        around = self.pick(STYLE_NOUNS[tongue][STYLES[s.style[i]].key])
        bare, counted = self.noun(int(s.concept_a[i]), around, tongue)
        return self.phrase(self.phrases.subject).format(n=bare, a=counted)

    def style(self, text: str) -> str:
        """Add the style around a text."""
        table = STYLE_HELD_OUT if self.held else STYLE_TRAIN
        key = STYLES[self.scenes.style[self.i]].key
        options = table[self.main][key]
        if self.led:
            options = tuple(option for option in options if option.startswith("{x}"))
        return self.phrase(options).format(x=text)

    def background(self, text: str) -> str:
        """Add the background around a text."""
        s, i, p = self.scenes, self.i, self.phrases
        first = self.colour(s.background[i])
        if s.background2[i] >= 0:
            second = self.colour(s.background2[i])
            return self.phrase(p.gradient).format(x=text, c=first, d=second)
        after = self.led or self.rng.random() < 0.7
        options = p.background if after else p.background_first
        return self.phrase(options).format(x=text, c=first)

    def place(self, text: str) -> str:
        """Add the place around a text."""
        where = self.pick(PLACE_WORDS[self.main][PLACES[self.scenes.place[self.i]]])
        p = self.phrases
        after = self.led or self.rng.random() < 0.75
        options = p.place_after if after else p.place_first
        return self.phrase(options).format(x=text, p=where)

    def place_and_background(self, text: str) -> str:
        """Add both in one: "a cat on the left of a yellow background"."""
        s, i = self.scenes, self.i
        where = self.pick(PLACE_WORDS[self.main][PLACES[s.place[i]]][:2])
        template = self.phrase(self.phrases.place_background)
        return template.format(x=text, p=where, c=self.colour(s.background[i]))

    def core(self) -> tuple[str, bool]:
        """Word what is shown, and tell whether that already says the style."""
        s, i = self.scenes, self.i
        if s.layout[i] >= 2:
            return self.pair(), False
        if s.layout[i] == 1:
            return self.two(), False
        plain = s.tint[i] < 0 and not s.nonsense[i]
        if s.says_style[i] and plain and self.rng.random() < 0.4:
            return self.styled_noun(), True
        return self.single(), False

    def write(self) -> str:
        """Put the caption together."""
        s, i, rng = self.scenes, self.i, self.rng
        text, style_said = self.core()
        says_background, says_place = s.says_background[i], s.says_place[i]
        says_style = s.says_style[i] and not style_said
        quiet = not (says_background or says_place or s.says_style[i])
        self.led = rng.random() > (BARE_ODDS if quiet else 0.88)
        if self.led or (self.held and (quiet or style_said)):  # held out: no bare name
            self.led = True
            text = self.phrase(self.phrases.lead).format(x=text)
        plain = s.background2[i] < 0 and not self.led
        if says_background and says_place and plain and rng.random() < 0.4:
            text = self.place_and_background(text)
            says_background = says_place = False
        if says_place:
            text = self.place(text)
        steps = [self.style] * bool(says_style) + [self.background] * bool(says_background)
        if len(steps) == 2 and rng.random() < 0.4:
            steps.reverse()
        for step in steps:
            text = step(text)
        if rng.random() < ENDING_ODDS:
            text = self.phrase(self.phrases.ending).format(x=text)
        return self.finish(text)

    def stray(self, text: str) -> str:
        """Put a word that names nothing before or after a text."""
        word, gap = nonsense_word(self.rng, self.main), " " if self.main == "en" else ""
        return f"{word}{gap}{text}" if self.rng.random() < 0.7 else f"{text}{gap}{word}"

    def finish(self, text: str) -> str:
        """Add meaningless extras, capitals and full-width punctuation now and then."""
        rng = self.rng
        if not self.held and rng.random() < STRAY_ODDS:
            text = self.stray(text)
        if rng.random() < EXTRA_ODDS:
            text += self.pick(EXTRAS[self.tongue()])
        if self.main == "zh":
            if rng.random() < FULL_WIDTH_ODDS:
                text = text.translate(_FULL_WIDTH)
            return text
        text = text.replace(" a orange", " an orange")  # the one colour that begins with a vowel
        return text[0].upper() + text[1:] if rng.random() < CAPITAL_ODDS else text


_FULL_WIDTH = str.maketrans(",:!?()", "\uff0c\uff1a\uff01\uff1f\uff08\uff09")


def nonsense_word(rng: random.Random, tongue: str) -> str:
    """Make up a word that names nothing."""
    if tongue == "zh":
        return "".join(chr(rng.randrange(0x4E00, 0x9FA5)) for _ in range(rng.randint(2, 4)))
    letters = [rng.choice("bcdfghjklmnpqrstvwxz") + rng.choice("aeiouy") for _ in range(3)]
    return "".join(letters) + rng.choice(["", "n", "x", "rt", "lo", "k"])


def filler(rng: random.Random, tongue: str) -> str:
    """Return a word that says nothing of the picture, known or made up."""
    return rng.choice(FILLERS[tongue]) if rng.random() < 0.5 else nonsense_word(rng, tongue)


def with_filler(template: str, word: str, rng: random.Random) -> str:
    """Put a word into a gap of a wording: between English words, around the slots in Chinese."""
    english = " " if word.isascii() else ""
    pieces = template.split(" ") if english else re.split(r"(\{.\})", template)
    place = rng.randint(0, len(pieces))
    return english.join([*pieces[:place], word, *pieces[place:]])


def caption(art: Art, scenes: Scenes, i: int, rng: random.Random | None = None) -> str:
    """Describe scene `i`; without `rng` always the same way, by the scene's own seed."""
    return _Writer(art, scenes, i, rng or random.Random(int(scenes.caption_seed[i]))).write()


def caption_parts(art: Art, scenes: Scenes, i: int) -> tuple[str, list[str]]:
    """Return the caption of scene `i` with the wordings it was made of."""
    writer = _Writer(art, scenes, i, random.Random(int(scenes.caption_seed[i])))
    return writer.write(), writer.parts
