"""How things are done: commands, menus, buttons, selects and forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.answer_table.scene import Act, Done, Scene
from tests.support.discord_env import walk
from tests.support.discord_server.world import Seen
from tests.support.menus import custom_ids_of

Do = Callable[[], Awaitable[Done]]
Source = Callable[[Scene], Awaitable[Seen]]
Prepare = Callable[[Scene], Awaitable[None]]


async def nothing(_: Scene) -> None:
    """Prepare nothing."""


async def made(scene: Scene, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options, those that are functions made from the scene."""
    found = {}
    for key, value in options.items():
        one = value(scene) if callable(value) else value
        found[key] = await one if isinstance(one, Awaitable) else one
    return found


def command(name: str, /, *, draws: bool = False, first: Prepare = nothing, **options: Any) -> Act:
    """Return the act of running a command, and of what has to be so first.

    Options may be made from the scene.
    """

    async def prepare(scene: Scene) -> Do:
        await first(scene)
        given = await made(scene, options)

        async def do() -> Done:
            return Done(asked=await scene.slash(name, **given))

        return do

    return Act(of=f"/{name}", prepare=prepare, draws=draws)


def by_guest(act: Act) -> Act:
    """Return an act that is done by somebody new, who drew one image."""

    async def prepare(scene: Scene) -> Do:
        await scene.welcome_guest()
        return await act.prepare(scene)

    return Act(of=act.of, prepare=prepare, draws=act.draws)


def menu(name: str, *, draws: bool = False, under: Source | None = None) -> Act:
    """Return the act of running a command of an image's menu."""

    async def prepare(scene: Scene) -> Do:
        message = scene.image if under is None else await under(scene)

        async def do() -> Done:
            who, channel = scene.place.moderator, scene.place.channel
            return Done(asked=await scene.people.menu(who, channel, name, message))

        return do

    return Act(of=f"menu {name}", prepare=prepare, draws=draws)


def button(
    action: str, under: Source, *, draws: bool = False, goes: bool = False, after: Prepare = nothing
) -> Act:
    """Return the act of pressing a button under a message, which goes away where `goes`.

    Args:
        action: As in its `custom_id`.
        under: Shows the message.
        draws: Whether an image is drawn.
        goes: Whether the message is to be deleted.
        after: What happens between that it is shown and that it is pressed.

    """

    async def prepare(scene: Scene) -> Do:
        message = await under(scene)
        await after(scene)
        message, custom_id = await _found(scene, message, f"zib:{action}:")

        async def do() -> Done:
            who = scene.place.moderator
            asked = await scene.people.press(who, message, custom_id=custom_id)
            pressed = message if message.ephemeral else None
            return Done(asked=asked, pressed=pressed, goes=message if goes else None)

        return do

    return Act(of=f"button {action}", prepare=prepare, draws=draws)


def select(action: str, under: Source, value: Any = None, *, after: Prepare = nothing) -> Act:
    """Return the act of choosing from a select, its first option unless one is named.

    A member, role or channel is made from the scene.
    """

    async def prepare(scene: Scene) -> Do:
        message = await under(scene)
        await after(scene)
        message, custom_id = await _found(scene, message, f"zib:{action}:")
        [found] = [each for each in walk(message) if each.get("custom_id") == custom_id]
        first = value or found["options"][0]["value"]
        chosen = [first(scene) if callable(first) else first]

        async def do() -> Done:
            who = scene.place.moderator
            asked = await scene.people.choose(who, message, custom_id, chosen)
            return Done(asked=asked, pressed=message if message.ephemeral else None)

        return do

    return Act(of=f"select {action}", prepare=prepare)


def form(
    kind: str, opens: Act, *, draws: bool = False, first: Prepare = nothing, **values: Any
) -> Act:
    """Return the act of sending a form that something opened; its values are as of `command`."""

    async def prepare(scene: Scene) -> Do:
        await first(scene)
        typed = await made(scene, values)
        done = await (await opens.prepare(scene))()
        shown = await scene.opened(done.asked)

        async def do() -> Done:
            asked = await scene.people.fill_in(scene.place.moderator, shown, typed)
            return Done(asked=asked, pressed=done.pressed)

        return do

    return Act(of=f"form {kind}", prepare=prepare, draws=draws)


async def _found(scene: Scene, message: Seen, start: str) -> tuple[Seen, str]:
    """Wait until a message has something to press, or choose from, and return both as they are."""

    def look() -> tuple[Seen, str] | None:
        now = scene.now(message)
        found = [
            each["custom_id"]
            for each in walk(now)
            if str(each.get("custom_id")).startswith(start) and not each.get("disabled")
        ]
        found = found or [each for each in custom_ids_of(now.components) if each.startswith(start)]
        return (now, found[-1]) if found else None

    seen: tuple[Seen, str] = await scene.server.changes.until(look, what=start)
    return seen
