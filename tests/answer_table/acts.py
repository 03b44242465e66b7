"""What is done: commands, buttons, menus and forms, each after what it needs has been prepared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.answer_table.scene import Act, Done, Scene
from tests.town import SMALL

Do = Callable[[], Awaitable[Done]]


def command(name: str, /, *, wants_image: bool = False, **options: Any) -> Act:
    """Return the act of running a command; options may be made from the scene."""

    async def act(scene: Scene) -> Do:
        made = {key: value(scene) if callable(value) else value for key, value in options.items()}

        async def do() -> Done:
            return Done(asked=await scene.slash(name, **made), wants_image=wants_image)

        return do

    return act


def button(
    label: str, *, wants_image: bool = False, fresh: bool = False, of: Act | None = None
) -> Act:
    """Return the act of pressing a button under an image, or under what another act showed."""

    async def act(scene: Scene) -> Do:
        message = await scene.drawn() if fresh else scene.image
        if of is not None:
            shown = await (await of(scene))()
            await scene.answered(shown.asked)
            message = scene.people.response(shown.asked)

        async def do() -> Done:
            asked = await scene.people.press(scene.place.moderator, message, label)
            pressed = None if of is None else message
            goes = message if fresh else None
            return Done(asked=asked, wants_image=wants_image, pressed=pressed, goes=goes)

        return do

    return act


def menu(name: str, *, wants_image: bool = False) -> Act:
    """Return the act of running a command of a message's menu."""

    async def act(scene: Scene) -> Do:
        async def do() -> Done:
            who, channel = scene.place.moderator, scene.place.channel
            asked = await scene.people.menu(who, channel, name, scene.image)
            return Done(asked=asked, wants_image=wants_image)

        return do

    return act


def form(label: str, values: dict[str, str], *, wants_image: bool = False, opens: Act) -> Act:
    """Return the act of sending a form that something opened."""
    del label

    async def act(scene: Scene) -> Do:
        shown = (await (await opens(scene))()).asked
        await scene._still(lambda: shown.modal is not None)

        async def do() -> Done:
            asked = await scene.people.fill_in(scene.place.moderator, shown, values)
            return Done(asked=asked, wants_image=wants_image)

        return do

    return act


def image_id(scene: Scene) -> str:
    found: str = scene.image.images[0]
    return found


def seed(scene: Scene) -> int:
    number: int = next(scene.seeds)
    return number


def new_name(scene: Scene) -> str:
    return f"Board {next(scene.seeds)}"


EDITED: Final = {"prompt": "a blue apple", "size": SMALL, "seed": "7", "variety": "0"}
SMALL_IMAGE: Final = {"prompt": "a red apple", "size": SMALL}

ACTS: Final[dict[str, Act]] = {
    "`/imagine`": command("imagine", **SMALL_IMAGE, seed=seed, wants_image=True),
    "`/imagine`, refused": command("imagine", prompt="a red apple", size="0x0"),
    "`/compare`": command("compare", **SMALL_IMAGE, vary="seeds", values="1,2", wants_image=True),
    "`/reproduce`": command("reproduce", id=image_id, wants_image=True),
    "`/show`": command("show", id=image_id),
    "`/history`": command("history"),
    "`/recipe`": command("recipe", id=image_id),
    "`/lineage`": command("lineage", id=image_id),
    "`/queue`": command("queue"),
    "`/cancel`": command("cancel", job="abcdef"),
    "`/help`": command("help"),
    "`/jobs clear`, refused": command("jobs clear"),
    "`/board create`": command("board create", name=new_name),
    "`/board list`": command("board list"),
    "`/board show`": command("board show", board="Spring"),
    "`/board add`": command("board add", id=image_id, board="Spring"),
    "`/board vote`": command("board vote", number=1, board="Spring"),
    "`/board caption`": command("board caption", number=1, words="An apple", board="Spring"),
    "`/board comment`": command("board comment", number=1, words="Good", board="Spring"),
    "`/board members`": command("board members", board="Spring"),
    "`/board palette`": command("board palette", board="Spring"),
    "`/board export`": command("board export", form="png", board="Spring"),
    "**Same seed**": button("Same seed", wants_image=True),
    "**Edit**": button("Edit"),
    "**Recipe**": button("Recipe"),
    "**Delete**": button("Delete", fresh=True),
    "**Older** (history)": button("Older →", of=command("history")),
    "menu *Recipe*": menu("Recipe"),
    "menu *Same seed*": menu("Same seed", wants_image=True),
    "menu *Inspect*": menu("Inspect"),
    "menu *Add to board*": menu("Add to board"),
    "form *Edit*": form("Edit", EDITED, wants_image=True, opens=button("Edit")),
    "form *Edit*, refused": form("Edit", {**EDITED, "size": "0x0"}, opens=button("Edit")),
}
