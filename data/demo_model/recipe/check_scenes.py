"""Check the pack, the scenes and their captions before anything is trained on them.

Fails with a message when the pack is too large to travel, a concept lacks a style, a name is
ambiguous, a wording or combination occurs in both splits, a caption tells what its scene does not
show, or captions are written too slowly.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from art import Art, load_art
from captions import caption, caption_parts, dye_names, lexicon
from phrases import HELD_OUT, TRAIN, Phrases
from prompts import evaluation_prompts
from scenes import Scenes, pair_held_out, sample
from vocabulary import COLOURS, LAYOUTS, PLACES, STYLES, TINTS
from words import PLACE_WORDS, STYLE_HELD_OUT, STYLE_NOUNS, STYLE_TRAIN

MOST_MIB = 28
LEAST_RATE = 15_000  # captions a second
NEUTRAL = {"{a}", "{n}"}  # wordings that are no more than the name itself
KINDS = ("concept", "style", "background", "gradient", "place", "pair", "two", "tint")


def require(condition: object, message: str) -> None:
    """Stop with a message unless the condition holds."""
    if not condition:
        raise SystemExit(f"FAILED: {message}")


def check_pack(art: Art, work: Path) -> None:
    """Check size and completeness of the pack, and that every name means one concept."""
    size = (work / "art.bin").stat().st_size + (work / "art.json").stat().st_size
    require(size <= MOST_MIB * 2**20, f"the pack has {size / 2**20:.1f} MiB")
    require((art.choice_count > 0).all(), "a concept lacks a drawn style")
    owner: dict[str, int] = {}
    for number, concept in enumerate(art.concepts):
        for name in (*concept["en"], *concept["zh"]):
            bare = name.lstrip("~")
            require(owner.setdefault(bare, number) == number, f"{bare} is ambiguous")
    alpha = art.pixels[..., 3]
    rim = max(alpha[:, 0].max(), alpha[:, -1].max(), alpha[..., 0].max(), alpha[..., -1].max())
    require(rim < 32, f"a picture touches its rim (alpha {rim})")
    print(f"pack: {len(art.concepts)} concepts, {len(art.pixels)} pictures, {size / 2**20:.1f} MiB")


def wordings(
    table: Mapping[str, Phrases], styles: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> set[str]:
    """Collect every wording of a split, but for the neutral ones."""
    found = {text for p in table.values() for part in vars(p).values() for text in part}
    found |= {text for by_key in styles.values() for part in by_key.values() for text in part}
    return found - NEUTRAL


def check_wordings(art: Art, train: Scenes, held: Scenes) -> None:
    """Check that the splits share no wording, in the lists and in what is written."""
    ours, theirs = wordings(TRAIN, STYLE_TRAIN), wordings(HELD_OUT, STYLE_HELD_OUT)
    require(not ours & theirs, f"in both lists: {ours & theirs}")
    for i in range(len(train)):
        known = theirs.intersection(caption_parts(art, train, i)[1])
        require(not known, f"training reads {known}")
    for i in range(len(held)):
        text, used = caption_parts(art, held, i)
        known = ours.intersection(used)
        require(not known, f"held out reads {text}: {known}")


def combinations(scenes: Scenes) -> dict[str, set[tuple[int, int]]]:
    """Collect what occurs together: concept and background, concept and dye, two concepts."""
    a, b, pair = scenes.concept_a, scenes.concept_b, scenes.concept_b >= 0
    plain = (scenes.background >= 0) & (scenes.layout == 0)
    dyed = scenes.tint >= 0
    low, high = np.minimum(a, b)[pair], np.maximum(a, b)[pair]
    return {
        "background": set(zip(a[plain], scenes.background[plain], strict=True)),
        "dye": set(zip(a[dyed], scenes.tint[dyed], strict=True)),
        "pair": set(zip(low, high, strict=True)),
    }


def check_combinations(train: Scenes, held: Scenes) -> None:
    """Check that no combination occurs in both splits."""
    ours, theirs = combinations(train), combinations(held)
    for kind, seen in ours.items():
        require(theirs[kind], f"nothing held out: {kind}")
        shared = seen & theirs[kind]
        require(not shared, f"{kind}: {len(shared)} combinations in both splits")
        print(f"{kind}: {len(seen)} combinations trained, {len(theirs[kind])} held out")
    pair = train.concept_b >= 0
    require(not pair_held_out(train.concept_a, train.concept_b)[pair].any(), "a held-out pair")


def names_in(text: str, names: list[str]) -> bool:
    """Tell whether one of the names occurs, in whatever case."""
    lower = text.lower()
    return any(name.lower() in lower for name in names)


def check_truth(art: Art, scenes: Scenes) -> None:
    """Check that captions name what their scene shows, and no colour or place it does not."""
    words = lexicon(art)
    names = [[form for n in w.en for form in n if form] + [n[0] for n in w.zh] for w in words]
    backgrounds = [[*colour.en, *colour.zh] for colour in COLOURS]
    places = [[w for t in PLACE_WORDS.values() for w in t[place]] for place in PLACES]
    for i in range(len(scenes)):
        text = caption(art, scenes, i)
        if not scenes.nonsense[i]:
            require(names_in(text, names[scenes.concept_a[i]]), f"first thing missing: {text}")
        if scenes.concept_b[i] >= 0:
            require(names_in(text, names[scenes.concept_b[i]]), f"second thing missing: {text}")
        for ground in (scenes.background[i], scenes.background2[i]):
            if ground >= 0:
                require(names_in(text, backgrounds[ground]), f"background missing: {text}")
        if scenes.says_place[i]:
            require(names_in(text, places[scenes.place[i]]), f"place missing: {text}")
        if not scenes.says_background[i]:
            require("background" not in text and "背景" not in text, f"background said: {text}")
        if scenes.layout[i] == LAYOUTS.index("one") and not scenes.says_place[i]:
            require(scenes.place[i] == 0, f"unspoken place: {text}")


def check_shares(art: Art, scenes: Scenes) -> None:
    """Print how often each attribute is spoken; bare names must be common."""
    texts = [caption(art, scenes, i).rstrip(".。").lower() for i in range(len(scenes))]
    bare = {n.lower() for w in lexicon(art) for name in w.en for n in name[:2]}
    bare |= {n for w in lexicon(art) for n, _ in w.zh}
    bare |= {f"一{m}{n}" for w in lexicon(art) for n, m in w.zh if m}
    share = np.mean([text in bare for text in texts])
    require(share >= 0.2, f"only {share:.1%} of the captions are bare names")
    said = {
        name: getattr(scenes, f"says_{name}").mean() for name in ("style", "background", "place")
    }
    said |= {"bare name": share, "dye": (scenes.tint >= 0).mean(), "3d": (scenes.style == 0).mean()}
    said |= {"dyeable names": np.mean([bool(w.en) for w in dye_names(art)])}
    print(", ".join(f"{name} {value:.1%}" for name, value in said.items()))


def check_speed(art: Art, scenes: Scenes) -> None:
    """Measure captions a second on one core."""
    rng = random.Random(0)
    began = time.perf_counter()
    for i in range(len(scenes)):
        caption(art, scenes, i, rng)
    rate = len(scenes) / (time.perf_counter() - began)
    require(rate >= LEAST_RATE, f"only {rate:,.0f} captions/s")
    print(f"{rate:,.0f} captions/s")


def check_evaluation(art: Art) -> None:
    """Check that every kind of prompt can be had in every language."""
    for kind in KINDS:
        for language in ("en", "zh", "mixed"):
            found = evaluation_prompts(art, kind, language, 20, np.random.default_rng(5))
            require(len(found) == 20, f"{kind} {language}: {len(found)} prompts")
        print(f"{kind}: {found[0].text} | {found[1].text}")


def main() -> None:
    """Parse the command line and run every check."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--scenes", type=int, default=60_000, help="scenes a split to look at")
    args = parser.parse_args()
    art = load_art(args.work)
    check_pack(art, args.work)
    train = sample(art, np.random.default_rng(1), args.scenes, "train")
    held = sample(art, np.random.default_rng(2), args.scenes // 4, "held_out")
    require(set(STYLE_NOUNS["en"]) == {style.key for style in STYLES}, "a style lacks words")
    require(held.tint.max() < len(TINTS), "unknown dye")
    check_wordings(art, train, held)
    check_combinations(train, held)
    check_truth(art, train)
    check_truth(art, held)
    check_shares(art, train)
    check_speed(art, train)
    check_evaluation(art)
    print("all is well")


if __name__ == "__main__":
    main()
