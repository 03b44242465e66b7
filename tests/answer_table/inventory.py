"""Everything that people can send to the bot, by short names: nothing of it may lack a row.

`/board vote` is a command, `menu Recipe` a message's menu, `button same` what has the `custom_id`
`zib:same:…`, `button b:vote` and `select s:look` are of boards, `button set:undo` and `select
pick:layer` of the page of rules, `form edit` is a form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.discord_ui import buttons
from bot.discord_ui.components import IMAGE_ACTIONS
from bot.discord_ui.items import AnswerableItem
from cogs import explore, extensions, regions, sources, styles, upscaling
from cogs.boards import group
from cogs.settings import pages
from tests.support.discord_server.bot_process import BotProcess
from tests.support.discord_server.launch import FORM_LINE, ITEM_LINE
from tests.support.discord_server.server import DiscordServer
from tests.support.menus import MENU as MENU_UNDER_IMAGES

SUBCOMMANDS: Final = {1, 2}  # kinds of options that are subcommands or groups of them
MENU: Final = 3  # a command of a message's menu
APPLICATION_COMMAND, COMPONENT, FORM = 2, 3, 5  # kinds of interactions

# What stands between `zib:` and the action, where one class has several.
_OF_ONE_CLASS: Final = {
    "b": "button",
    "s": "select",
    "set": "button",
    "pick": "select",
    "style": "button",
}
# What the `action` in a pattern may be, by the class of the button or select.
_ACTIONS: Final[Mapping[str, Mapping[str, object]]] = {
    "ImageButton": buttons._ACTIONS
    | sources.ACTIONS
    | explore.ACTIONS
    | regions.ACTIONS
    | extensions.ACTIONS
    | upscaling.ACTIONS,
    "BoardButton": group._BUTTONS,
    "BoardSelect": group._SELECTS,
    "RulesButton": pages.BUTTONS,
    "StyleButton": styles.BUTTONS,
    "RulesSelect": dict.fromkeys(pages.SELECTS),
}


def understood(server: DiscordServer, bot: BotProcess) -> set[str]:
    """Return what a running bot has registered, and told of itself."""
    found = {f"form {kind}" for kind in bot.told(FORM_LINE)}
    for command in server.backend.commands[None].values():
        if command.get("type", 1) == MENU:
            found.add(f"menu {command['name']}")
        else:
            found |= {f"/{path}" for path in _paths(command)}
    for pattern in bot.told(ITEM_LINE):
        found |= _items(pattern)
    return found


def _paths(command: Mapping[str, Any]) -> Iterator[str]:
    inner = [each for each in command.get("options") or () if each["type"] in SUBCOMMANDS]
    if not inner:
        yield command["name"]
    for each in inner:
        yield from (f"{command['name']} {path}" for path in _paths(each))


def _items(pattern: str) -> set[str]:
    """Return what a pattern of `custom_id`s stands for: one thing, or all actions of its class."""
    start = pattern.partition("(?P<")[0]
    if start == MENU_UNDER_IMAGES:
        return {f"button {each.name}" for each in IMAGE_ACTIONS}
    if not pattern.startswith(f"{start}(?P<action>"):
        return {_named(start)}
    [cls] = [each for each in AnswerableItem.__subclasses__() if _pattern(each) == pattern]
    return {_named(f"{start}{action}:") for action in _ACTIONS[cls.__name__]}


def _pattern(cls: Any) -> str:
    found: str = cls.__discord_ui_compiled_template__.pattern
    return found


def _named(custom_id: str) -> str:
    _, kind, action = custom_id.split(":", 2)
    if kind in _OF_ONE_CLASS:
        return f"{_OF_ONE_CLASS[kind]} {kind}:{action.partition(':')[0]}"
    return f"{'select' if kind == 'choose' else 'button'} {kind}"


def name_of(payload: Mapping[str, Any]) -> str:
    """Return what an interaction was; of a form only its id is known."""
    data: Any = payload["data"]
    if str(data.get("custom_id")).startswith(MENU_UNDER_IMAGES):
        return f"button {data['values'][0]}"
    if payload["type"] != APPLICATION_COMMAND:
        custom_id: str = data["custom_id"]
        return _named(custom_id) if payload["type"] == COMPONENT else f"form {custom_id}"
    if data.get("type", 1) == MENU:
        return f"menu {data['name']}"
    words = [data["name"]]
    while data.get("options") and data["options"][0]["type"] in SUBCOMMANDS:
        data = data["options"][0]
        words.append(data["name"])
    return "/" + " ".join(words)
