"""What `python -m bot imagine` is to draw: its prompts, their braces, and its file, as requests."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from bot.cli.common import read_text
from bot.domain.batches import Batch, BatchKind, combined
from bot.domain.permutations import Permutation
from bot.domain.prompt_files import parse_prompt_file
from bot.domain.requests import FIELDS, PROMPT, SEED, ImageRequest, ModelRules, random_seed
from bot.domain.styles import StyleBook
from bot.domain.variations import series
from bot.environment.streams import say
from bot.errors import InvalidRequestError
from bot.media.control_pictures import MapPicture
from bot.media.source_pictures import StartPictures

MAX_COUNT: Final = 1000  # images of all combinations, or of one prompt
OPTIONS: Final = tuple(field for field in FIELDS if field is not PROMPT)
_MAX_NAMED: Final = 10  # prompts that cannot be drawn
_UNASKED: Final = 4  # images that braces draw without asking first


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is typed for one image.

    Attributes:
        place: Where that stands, for what is wrong with it.
        typed: Its values, by the names of the options.

    """

    place: str
    typed: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """All images that are asked for.

    Attributes:
        batch: What a sheet says of them.
        is_permuted: Whether braces asked for some of them.

    """

    requests: list[ImageRequest]
    batch: Batch
    is_permuted: bool


def requests_of(
    options: argparse.Namespace,
    rules: ModelRules,
    model: Path,
    given: StartPictures | None,
    steering: MapPicture | None = None,
) -> Wanted:
    """Build every request; the seeds of one prompt count upwards.

    Args:
        options: As they were typed.
        rules: What can be asked of the model.
        model: Its folder.
        given: What all images begin with.
        steering: The map that all of them follow.

    Raises:
        InvalidRequestError: Some cannot be drawn; the sentence says which.

    """
    count = _count(options.count)
    shared = {field.option: _joined(getattr(options, field.option)) for field in OPTIONS}
    permutations = [Permutation.of({**shared, PROMPT.option: each}) for each in options.prompts]
    file = options.prompts_file
    wishes, wrong = _rows_of(file, shared) if file is not None else ([], {})
    wishes = [*_combinations(permutations), *wishes]
    if not wishes and not wrong:
        raise InvalidRequestError(
            "There is no prompt: say what to draw, for example 'a red apple'."
        )

    def build(typed: Mapping[str, Any]) -> ImageRequest:
        request = ImageRequest.parse(rules=rules, **StyleBook().applied(typed))
        request = request if given is None else given.begin(request)
        return request if steering is None else steering.steer(request)

    for each in Permutation.of({**shared, PROMPT.option: "-"}).combinations():
        build(each)  # what is wrong with all is no single prompt's fault
    firsts = _checked(wishes, wrong, model, build)
    batch, requests = _arranged(options, permutations, firsts, count)
    is_permuted = any(each.patterns for each in permutations)
    return Wanted(requests=requests, batch=batch, is_permuted=is_permuted)


def _joined(given: Any) -> Any:  # noqa: ANN401 - as the parser has it
    """Return an option that may be given several times as one text, where braces are found."""
    return ", ".join(given) if isinstance(given, list) else given


def _combinations(permutations: Sequence[Permutation]) -> Iterator[Wish]:
    """Return what is typed for each combination; those of one prompt have one seed."""
    for number, permutation in enumerate(permutations, 1):
        is_seeded = permutation.typed.get(SEED.option) is not None
        seed = {} if is_seeded or not permutation.patterns else {SEED.option: random_seed()}
        for typed in permutation.combinations():
            yield Wish(place=f"prompt {number}", typed={**typed, **seed})


def _rows_of(name: str, shared: Mapping[str, Any]) -> tuple[list[Wish], dict[str, str]]:
    """Return what is typed for each row of a file, and what is wrong with the others."""
    file = parse_prompt_file(read_text(name, "prompts file"), name)
    wishes = [
        Wish(place=f"line {row.line} of {name!r}", typed={**shared, PROMPT.option: "", **row.typed})
        for row in file.rows
    ]
    return wishes, {f"line {line} of {name!r}": each for line, each in file.wrong.items()}


def _arranged(
    options: argparse.Namespace,
    permutations: Sequence[Permutation],
    firsts: Sequence[ImageRequest],
    count: int,
) -> tuple[Batch, list[ImageRequest]]:
    """Return all images, and what a sheet says: of one prompt its choices, else their prompts."""
    requests = [each for first in firsts for each in series(first, count)]
    if len(permutations) == 1 and options.prompts_file is None:
        labels = list(permutations[0].labels)
        if count > 1:
            labels.append(tuple(f"seed {each.seed}" for each in series(firsts[0], count)))
        return combined(options.prompts[0], labels or [(firsts[0].prompt,)], requests)
    file = options.prompts_file
    title = " | ".join(options.prompts) if file is None else PurePath(file).name
    return Batch(kind=BatchKind.PROMPTS, title=title), requests


def _checked(
    wishes: Sequence[Wish],
    wrong: Mapping[str, str],
    model: Path,
    build: Callable[[Mapping[str, Any]], ImageRequest],
) -> list[ImageRequest]:
    """Build a request of each wish.

    Raises:
        InvalidRequestError: Some cannot be drawn; the sentence says which.

    """
    from bot.engine.tokens import TokenCounter  # noqa: PLC0415 - refusals go before it

    counter, requests, found = TokenCounter(model), [], dict(wrong)
    for wish in wishes:
        try:
            request = build(wish.typed)
            counter.check([request])
            requests.append(request)
        except InvalidRequestError as error:
            found[wish.place] = error.message
    if found:
        raise _refusal(found, is_only=len(wishes) + len(wrong) == 1)
    return requests


def _refusal(wrong: Mapping[str, str], *, is_only: bool) -> InvalidRequestError:
    (place, first), *others = sorted(wrong.items(), key=lambda each: _order_of(each[0]))
    if is_only and place == "prompt 1":
        return InvalidRequestError(first)
    sentence = f"In {place}: {first}"
    if others:
        named = ", ".join(each for each, _ in others[:_MAX_NAMED])
        more = f" and {len(others) - _MAX_NAMED} more" if len(others) > _MAX_NAMED else ""
        sentence += f" Not to be drawn either: {named}{more}."
    return InvalidRequestError(sentence)


def _order_of(place: str) -> tuple[bool, int]:
    """Return what sorts prompts before lines, each by its number."""
    kind, number, *_ = place.split()
    return kind == "line", int(number)


def _count(text: str) -> int:
    count = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= count <= MAX_COUNT:
        raise InvalidRequestError(f"The count {text[:40]!r} does not work: use 1 to {MAX_COUNT}.")
    return count


def is_confirmed(wanted: Wanted, *, has_said_yes: bool) -> bool:
    """Ask, where somebody sits there, whether to draw all that braces stand for."""
    if not wanted.is_permuted or len(wanted.requests) <= _UNASKED or has_said_yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    say(f"This draws {len(wanted.requests)} images. Draw them? [Y/n]")
    return sys.stdin.readline().strip().casefold() in {"", "y", "yes"}
