"""What is known of the LoRAs that can be used, and how they are found by what people type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from bot.domain.plain_text import visible
from bot.errors import InvalidRequestError

_MAX_NAME: Final = 100  # characters
# What parts names from one another and from their scales.
_RESERVED: Final = re.compile(r"[\s,，、;；:：|｜<>]+")


def plain_name(name: str) -> str:
    """Return a name as it can be typed: nothing hidden in it, and nothing that parts names."""
    return _RESERVED.sub("_", visible(name, _MAX_NAME)).strip("_") or "_"


@dataclass(frozen=True, kw_only=True)
class Lora:
    """A file of a LoRA, as its header and its place tell of it; nobody has to trust the words.

    Attributes:
        name: What people type: the file's name without suffix, with its folder where two are alike.
        sha256: Of the file; None as long as it was not read whole.
        size_bytes: Of the file.
        triggers: Words that it was trained to react to.
        base: The model that it was trained for.
        title: What its author calls it.
        rank: Of its matrices, the largest one.
        weights_hash: What other programs call it by: a hash of the weights alone, as its metadata
            has it.
        fault: Why it cannot be used, or empty.

    """

    name: str
    sha256: str | None = None
    size_bytes: int = 0
    triggers: tuple[str, ...] = ()
    base: str = ""
    title: str = ""
    rank: int | None = None
    weights_hash: str = ""
    fault: str = ""

    def is_called(self, name: str) -> bool:
        """Tell whether a file of another program has this name; folders may differ."""
        own, other = (each.casefold().rpartition("/")[2] for each in (self.name, plain_name(name)))
        return own == other

    def is_called_for_in(self, prompt: str) -> bool:
        """Tell whether a prompt has any of the words that it reacts to, or there are none."""
        words = prompt.casefold()
        return not self.triggers or any(each.casefold() in words for each in self.triggers)


class UnknownLoraError(InvalidRequestError):
    """No LoRA is called so, or several are."""


class LoraFinder(Protocol):
    """Finds LoRAs by what people and other programs call them."""

    def find(self, name: str) -> Lora:
        """Return a LoRA that can be used, with its hash.

        Raises:
            UnknownLoraError: There is none of that name.
            InvalidRequestError: It is broken or not read yet.

        """
        ...

    def with_hash(self, digits: str) -> Lora | None:
        """Return the LoRA whose hash begins with some digits, if there is one."""
        ...


NO_LORAS_SENTENCE: Final = (
    "There are no LoRAs here: whoever runs the bot puts .safetensors files into its folder of "
    "LoRAs (LORA_DIR, usually data/loras)."
)


class NoLoras:
    """What finds LoRAs where there are none."""

    def find(self, name: str) -> Lora:  # noqa: ARG002 - whatever it is called
        """Say so."""
        raise UnknownLoraError(NO_LORAS_SENTENCE)

    def with_hash(self, digits: str) -> Lora | None:  # noqa: ARG002 - the same
        """Find nothing."""
        return None
