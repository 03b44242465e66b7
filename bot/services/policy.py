"""The rules of this bot for what people write, asked before anything of it is kept or drawn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, Self

from bot.domain.plain_text import quoted
from bot.domain.requests import ImageRequest
from bot.domain.words import Entry, FoundWord, WordFilter, WordListError, built_in, parse_list
from bot.environment.text_files import NotTextError, decode
from bot.errors import InvalidRequestError, SettingsError
from bot.settings import Settings

logger = logging.getLogger(__name__)

WordAction = Literal["off", "spoiler", "refuse"]
PROMPT_NOUN: Final = "prompt"


class UnwantedWordError(InvalidRequestError):
    """A text has a word that the bot does not take here."""

    def __init__(self, noun: str, found: FoundWord) -> None:
        """Say which text it is, and which word."""
        word = quoted(found.entry.written)
        super().__init__(
            f"The {noun} has a word that is not wanted here ({word}): leave it out."
            if found.is_certain
            else f"The {noun} took too long to look through for {word}: write it shorter."
        )


class Policy:
    """What is asked at one place before a job or a text of a board is written down.

    A negative prompt is not looked at: it says what nobody wants to see.
    """

    def __init__(self, *, words: WordAction = "off", entries: Iterable[Entry] = ()) -> None:
        """Prepare the lists."""
        self._action = words
        self._filter = WordFilter(entries)

    @classmethod
    def read(cls, settings: Settings) -> Self:
        """Return the policy that the settings describe; the operator's own list counts, too.

        Raises:
            SettingsError: The list of words cannot be read.

        """
        if settings.words == "off":
            if settings.words_file is not None:
                logger.warning("WORDS_FILE is not read: set WORDS=refuse or WORDS=spoiler")
            return cls()
        return cls(words=settings.words, entries=(*built_in(), *_own_list(settings)))

    async def check_requests(self, requests: Sequence[ImageRequest]) -> bool:
        """Return whether the images have to be hidden until they are clicked.

        Raises:
            UnwantedWordError: One of them is not drawn here at all.

        """
        found = await self._found_in(requests)
        if found and self._action == "refuse":
            raise UnwantedWordError(PROMPT_NOUN, next(iter(found.values())))
        return bool(found)

    async def refusals(self, requests: Sequence[ImageRequest]) -> dict[int, str]:
        """Return a sentence for each image, by its position, that would be refused by now."""
        if self._action != "refuse":
            return {}
        found = await self._found_in(requests)
        return {i: UnwantedWordError(PROMPT_NOUN, each).message for i, each in found.items()}

    async def _found_in(self, requests: Sequence[ImageRequest]) -> dict[int, FoundWord]:
        """Return the first unwanted word of each request that has one, by its position."""
        if self._action == "off":
            return {}
        prompts = dict.fromkeys(each.prompt for each in requests)
        found = await asyncio.to_thread(lambda: {each: self._filter.find(each) for each in prompts})
        return {
            i: word for i, each in enumerate(requests) if (word := found[each.prompt]) is not None
        }

    async def check_texts(self, texts: Mapping[str, object]) -> None:
        """Refuse names, captions and comments with unwanted words; others read them unasked.

        Args:
            texts: What each of them is called -> the text, or several; what is empty is skipped.

        Raises:
            UnwantedWordError: One of them has one.

        """
        if self._action == "off":
            return
        for noun, given in texts.items():
            for text in [given] if isinstance(given, str) else _several(given):
                found = await asyncio.to_thread(self._filter.find, text)
                if found is not None:
                    raise UnwantedWordError(noun, found)


def _several(given: object) -> list[str]:
    return list(map(str, given)) if isinstance(given, Sequence) else []


def _own_list(settings: Settings) -> tuple[Entry, ...]:
    if settings.words_file is None:
        return ()
    path = settings.words_file
    try:
        return parse_list(decode(path.read_bytes()))
    except WordListError as error:
        raise SettingsError(f"WORDS_FILE '{path}' does not work: {error.message}") from None
    except (OSError, NotTextError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"WORDS_FILE '{path}' cannot be read: {reason}.") from None
