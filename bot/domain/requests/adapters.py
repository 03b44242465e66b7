"""The LoRAs of a request: how they are typed, read, checked and shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot.domain.loras import LoraFinder, UnknownLoraError
from bot.domain.plain_text import quoted
from bot.domain.requests.operations import Adapter
from bot.errors import InvalidRequestError

NO_ADAPTER: Final = "none"
MAX_ADAPTERS: Final = 3  # each one more blurs the others; people seldom mix more than two
# Most are made for 0.6 to 1; "sliders" are meant to be turned the other way, too. Above 2, and
# below -2, pictures fall apart whatever the LoRA.
MAX_SCALE: Final = 2.0
_USUAL_SCALE: Final = 1.0
_DIGITS: Final = 3  # behind the point: what is shown is what is drawn
_MAX_NAME: Final = 200  # characters, of a recipe from anywhere
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,9}\.?\d{0,9}|\.\d{1,9})")
# In comparisons a comma is between values, so `+` joins those that are used together.
_APART: Final = re.compile(r"[,，、;；\n]|\s[+＋]\s")
# As AUTOMATIC1111 and others have it in prompts; the second number is for the text encoder alone.
_TAG: Final = re.compile(
    r"(?:\s*[,，、])?\s*<(?:lora|lyco):([^:<>]{1,200})(?::([^:<>]{0,20})(?::[^<>]{0,40})?)?>",
    re.IGNORECASE,
)
_BEFORE_COMMA: Final = re.compile(r"\s*(?:[,，、]|$)")


def parse_adapters(typed: str | Sequence[str], loras: LoraFinder) -> tuple[Adapter, ...]:
    """Read `neon`, `neon:0.8` or several with commas between; `none` is without.

    Raises:
        InvalidRequestError: One of them is not here, its scale does not work, or they are too many.

    """
    texts = [typed] if isinstance(typed, str) else typed
    pieces = [each.strip() for text in texts for each in _APART.split(text)]
    pieces = [each for each in pieces if each]
    if [each.casefold() for each in pieces] == [NO_ADAPTER]:
        return ()
    adapters = tuple(_adapter(*_divided(each), loras) for each in pieces)
    check_adapters(adapters)
    return adapters


def parse_styled(typed: str, loras: LoraFinder, style: str) -> tuple[Adapter, ...]:
    """Read the LoRAs of a style; a name like theirs will not do, since nobody typed it.

    Args:
        typed: As the style has them.
        loras: What there is.
        style: Its name; empty for what a board kept of one.

    Raises:
        InvalidRequestError: One of them is not here or cannot be used.

    """
    for each in filter(None, map(str.strip, _APART.split(typed))):
        name, _ = _divided(each)
        if name.casefold() != NO_ADAPTER and not _is_here(name, loras):
            what = f"The style {quoted(style)}" if style else "The style of this channel's board"
            raise InvalidRequestError(
                f"{what} draws with the LoRA {quoted(name)}, which is not here any more: use "
                "another one, or lora:none to draw without."
            )
    return parse_adapters(typed, loras)


def _is_here(name: str, loras: LoraFinder) -> bool:
    try:
        return loras.find(name).is_called(name)
    except UnknownLoraError:
        return False


def _divided(piece: str) -> tuple[str, str]:
    """Return the name and the scale of one LoRA; no scale is the usual one."""
    name, _, scale = piece.replace("：", ":").rpartition(":")
    return (name.strip(), scale.strip()) if name else (piece, "")


def _adapter(name: str, scale: str, loras: LoraFinder) -> Adapter:
    found = loras.find(name)
    assert found.sha256 is not None
    return Adapter(name=found.name, sha256=found.sha256, scale=_parse_scale(scale, found.name))


def _parse_scale(typed: str, name: str) -> float:
    if not typed:
        return _USUAL_SCALE
    if not _NUMBER.fullmatch(typed):
        raise _bad_scale(typed, name)
    scale = round(float(typed), _DIGITS) + 0.0  # no minus zero
    if abs(scale) > MAX_SCALE:
        raise _bad_scale(typed, name)
    return scale


def check_adapters(adapters: tuple[Adapter, ...]) -> None:
    """Refuse too many LoRAs, one that is there twice, and scales that are of no use."""
    if len(adapters) > MAX_ADAPTERS:
        raise InvalidRequestError(
            f"{len(adapters)} LoRAs at once are too many: use up to {MAX_ADAPTERS}."
        )
    for i, each in enumerate(adapters):
        if not abs(each.scale) <= MAX_SCALE:
            raise _bad_scale(f"{each.scale:g}", each.name)
        if not each.name or len(each.name) > _MAX_NAME:
            raise InvalidRequestError(
                f"The LoRA {quoted(each.name)} has a name of {len(each.name)} characters: 1 to "
                f"{_MAX_NAME} work."
            )
        if each.sha256 in [other.sha256 for other in adapters[:i]]:
            raise InvalidRequestError(
                f"The LoRA {quoted(each.name)} is there twice: name it once, with one scale."
            )


def _bad_scale(typed: str, name: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The scale {quoted(typed)} of the LoRA {quoted(name)} does not work: use a number from "
        f"-{MAX_SCALE:g} to {MAX_SCALE:g}, for example {name}:0.8."
    )


def show_adapters(adapters: tuple[Adapter, ...]) -> str:
    """Return LoRAs as a person would type them; nothing for none."""
    return ", ".join(map(_shown, adapters))


def label_adapters(adapters: tuple[Adapter, ...]) -> str:
    """Return LoRAs as a sheet has room for them; nothing for none."""
    return " + ".join(f"{each.name} {each.scale:g}" for each in adapters)


def _shown(adapter: Adapter) -> str:
    return f"{adapter.name}:{adapter.scale:g}"


def with_scale(typed: str, scale: float) -> str:
    """Return one LoRA as it was typed, with a scale that was given beside it.

    Raises:
        InvalidRequestError: There are several, or it has a scale of its own.

    """
    pieces = [each.strip() for each in _APART.split(typed) if each.strip()]
    if len(pieces) != 1 or _divided(pieces[0])[1]:
        raise InvalidRequestError(
            f"The lora_scale {scale:g} is for one LoRA without a number of its own: of several, "
            "write it behind each name, for example neon:0.8, ink:0.5."
        )
    return f"{pieces[0]}:{scale:.{_DIGITS}f}"


def take_tags(prompt: str, loras: LoraFinder) -> tuple[str, tuple[Adapter, ...]]:
    """Return a prompt without `<lora:name:0.8>` as other programs have it, and those LoRAs.

    What is not here stays in the prompt.

    Raises:
        InvalidRequestError: The scale of one of them does not work.

    """
    found: list[Adapter] = []

    def take(tag: re.Match[str]) -> str:
        try:
            lora = loras.find(tag[1].strip())
        except InvalidRequestError:
            return tag[0]
        assert lora.sha256 is not None
        scale = _parse_scale((tag[2] or "").strip(), lora.name)
        found.append(Adapter(name=lora.name, sha256=lora.sha256, scale=scale))
        if _BEFORE_COMMA.match(prompt, tag.end()):
            return ""
        comma = tag[0].lstrip()[:1]
        return f"{comma} " if comma != "<" else " "

    words = _TAG.sub(take, prompt)
    return (" ".join(words.split()).lstrip(",，、 "), tuple(found)) if found else (prompt, ())
