"""The styles that can be named in a place, and what is usual there: the one way to apply them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.domain.plain_text import name_key, quoted
from bot.domain.requests import STYLE, StyleOrigin
from bot.domain.styles.built_in import BUILT_IN, built_in_named
from bot.domain.styles.style import NO_STYLE, Style
from bot.errors import InvalidRequestError

_NONE: Final = {NO_STYLE, "无"}
_NAMED: Final = 20  # styles of a server in a sentence


@dataclass(frozen=True, kw_only=True)
class StyleBook:
    """What styles do to what is typed in a place.

    What was typed goes before a style's values, and a style that was chosen before the one that the
    place's board has, whose words it replaces. What is usual in the server comes to both.

    Attributes:
        own: The styles of the server.
        board: What the board of the channel gives.
        server: What is usual in the server.

    """

    own: tuple[Style, ...] = ()
    board: Style = field(default_factory=Style)
    server: Style = field(default_factory=Style)

    def find(self, name: str, prompt: str = "") -> Style:
        """Return the style that is called so, built-in ones in the language of a prompt.

        Raises:
            InvalidRequestError: There is none.

        """
        if (found := self.named(name, prompt)) is None:
            raise InvalidRequestError(
                f"There is no style {quoted(name)} here: use {', '.join(self.names()[:_NAMED])}."
            )
        return found

    def named(self, name: str, prompt: str = "") -> Style | None:
        """Return the style that is called so, or None."""
        for style in self.own:
            if name_key(style.name) == name_key(name):
                return style
        found = built_in_named(name)
        if found is None:
            return None
        # Nothing was typed that tells a language but the name itself.
        return found.for_prompt(prompt or name)

    def names(self, *, is_chinese: bool = False) -> list[str]:
        """Return the names of all styles, those of the server first."""
        own = [each.name for each in self.own]
        taken = set(map(name_key, own))
        built_in = [each.in_language(is_chinese=is_chinese).name for each in BUILT_IN]
        return [*own, *(each for each in built_in if name_key(each) not in taken)]

    def applied(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was typed, by the names of options, with what styles add to it.

        Raises:
            InvalidRequestError: There is no style that is called like the one it names.

        """
        typed = {key: value for key, value in given.items() if key != STYLE.option}
        for origin, style in self._styles(given.get(STYLE.option), given["prompt"]):
            typed = style.applied(typed, origin)
        return typed

    def _styles(self, name: str | None, prompt: str) -> list[tuple[StyleOrigin, Style]]:
        board, found = self.current(self.board, prompt), []
        if name is not None:
            board = board.only(*dict(board.values))
            if name_key(name) not in _NONE:
                found = [(StyleOrigin.REQUESTER, self.find(name, prompt))]
        return [*found, (StyleOrigin.BOARD, board), (StyleOrigin.SERVER, self.server)]

    def current(self, board: Style, prompt: str = "") -> Style:
        """Return what a board gives: a style that it names is looked up, if it is there."""
        named = self.named(board.name, prompt) if board.name else None
        return replace(board, name="") if named is None else board.over(named)
