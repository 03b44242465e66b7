"""Pressing what is under an image by its words, be it a button or a line of the menu.

Which of them is which is a matter of layout: tests say what a person wants done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from simcord import actors
from simcord.results import InteractionResult

MENU: Final = "zib:more:"
_click = actors._component_click


async def _press(
    actor: Any, message: Any, *, label: str | None, custom_id: str | None
) -> InteractionResult:
    """Press a button; where there is none, choose the line of a menu that does the same."""
    shown = actors._visible_message(actor, message).components
    for line in _lines(shown):
        is_meant = line.label == label if custom_id is None else line.custom_id == custom_id
        if is_meant:
            return await actors._component_select(
                actor, message, [line.value], custom_id=line.select
            )
    return await _click(actor, message, label=label, custom_id=custom_id)


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One line of a menu; `custom_id` is what a button would have that did the same."""

    select: str
    value: str
    label: str

    @property
    def custom_id(self) -> str | None:
        is_menu = self.select.startswith(MENU)
        return f"zib:{self.value}:{self.select.removeprefix(MENU)}" if is_menu else None


def _lines(components: list[dict[str, Any]]) -> list[_Line]:
    found = []
    for each in components:
        found += [
            _Line(select=each["custom_id"], value=one["value"], label=one["label"])
            for one in each.get("options", [])
        ]
        found += _lines(each.get("components", []))
    return found


def custom_ids_of(components: list[dict[str, Any]]) -> list[str]:
    """Return what can be pressed among the lines of menus, as if they were buttons."""
    return [line.custom_id for line in _lines(components) if line.custom_id is not None]


def let_menus_be_pressed() -> None:
    """Let the people of the simulated Discord press a line of a menu like a button."""
    actors._component_click = _press
