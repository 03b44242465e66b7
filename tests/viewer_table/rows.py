"""What is asked: all commands, suggestions, buttons and menus that take or list an image or job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.support.discord_env import SMALL, DiscordEnv, answer_of, gallery_of, texts_of
from tests.viewer_table.askers import Asker

LISTED, UNLISTED = "listed", "–"
PUBLIC, PRIVATE, DONE = "public", "private", "done"
ABSENT, NOT_THEIRS, NOT_HERE = "is not there", "not theirs", "not here"
NO_BOARD: Final = "no board"
UNREAD: Final = "not read"  # there is no log channel
VEILED: Final = ", hidden"
NO_COMMAND: Final = " "

_SENTENCES: Final = {
    "There is no image": ABSENT,
    "There is no such image": ABSENT,
    "holds no image of mine": ABSENT,
    "There is no waiting or running job": ABSENT,
    "No picture is attached": ABSENT,
    "There is no board": NO_BOARD,
    "No job": ABSENT,
    "Nothing of this server is waiting": ABSENT,
    "Only its requester": NOT_THEIRS,
    "only they and moderators": NOT_THEIRS,
    "Only moderators of this server": NOT_THEIRS,
    "Only a moderator of where": NOT_THEIRS,
    "Nobody would read that": UNREAD,
    "not everyone here may see: draw": NOT_HERE,
    "Something went wrong": "a fault",
}

Row = Callable[[DiscordEnv, Asker], Awaitable[str]]


def outcome(result: Any) -> str:
    """Return what somebody got: a refusal of some kind, or an answer that others see or not."""
    if getattr(result, "modal", None) is not None:
        return PRIVATE
    answer = answer_of(result)
    if answer is None:
        return DONE
    words = texts_of(answer)
    for sentence, name in _SENTENCES.items():
        if sentence in words:
            return name
    found = PRIVATE if answer.ephemeral else PUBLIC
    return found + VEILED * any(each["spoiler"] for each in gallery_of(answer))


def listed(is_so: object) -> str:
    return LISTED if is_so else UNLISTED


def pressing(action: str) -> Row:
    async def row(env: DiscordEnv, asker: Asker) -> str:
        result = await asker.press(f"zib:{action}:{asker.image}")
        await env.idle()
        return outcome(result)

    return row


def slashing(name: str) -> Row:
    async def row(env: DiscordEnv, asker: Asker) -> str:
        result = await asker.slash(name, id=asker.image)
        await env.idle()
        return outcome(result)

    return row


def choosing(name: str) -> Row:
    async def row(env: DiscordEnv, asker: Asker) -> str:
        return outcome(await asker.menu(name))

    return row


def suggesting(name: str) -> Row:
    async def row(env: DiscordEnv, asker: Asker) -> str:
        by_words = await asker.suggested(name, "id", asker.prompt.split()[-1])
        by_id = await asker.suggested(name, "id", asker.image)
        assert (asker.image in by_words) == (asker.image in by_id)
        return listed(by_id)

    return row


async def history(env: DiscordEnv, asker: Asker) -> str:
    pages = [await asker.slash("history", **o) for o in ({}, {"search": asker.prompt.split()[-1]})]
    [shown, found] = [asker.prompt in texts_of(answer_of(page)) for page in pages]
    assert found or not shown
    assert all(answer_of(page).ephemeral for page in pages)
    return listed(found)


async def inspect(env: DiscordEnv, asker: Asker) -> str:
    result = await asker.slash("inspect", image=("picture.png", asker.png))
    return listed(asker.image in texts_of(answer_of(result)))


async def lineage_by_link(env: DiscordEnv, asker: Asker) -> str:
    return outcome(await asker.slash("lineage", id=asker.link))


def filling(action: str, **fields: Any) -> Row:
    """Press a button and send the form that it opens."""

    async def row(env: DiscordEnv, asker: Asker) -> str:
        shown = await asker.press(f"zib:{action}:{asker.image}")
        if shown.modal is None:
            return outcome(shown)
        result = await asker.who.submit_modal(shown, fields)
        await env.idle()
        return outcome(result)

    return row


async def menu_same_seed(env: DiscordEnv, asker: Asker) -> str:
    result = await asker.menu("Same seed")
    await env.idle()
    return outcome(result)


async def report(env: DiscordEnv, asker: Asker) -> str:
    return outcome(await asker.slash("report", id=asker.image, why="x"))


IMAGE_ROWS: Final[dict[str, Row]] = {
    "`/history`, also searched": history,
    "suggestions of `/recipe`": suggesting("recipe"),
    "suggestions of `/reproduce`": suggesting("reproduce"),
    "suggestions of `/lineage`": suggesting("lineage"),
    "suggestions of `/board add`": suggesting("board add"),
    "`/recipe id`": slashing("recipe"),
    "`/inspect` of its file: names it": inspect,
    "`/lineage id`": slashing("lineage"),
    "`/lineage` by link": lineage_by_link,
    "`/show id`": slashing("show"),
    "`/reproduce id`": slashing("reproduce"),
    "**Same seed**": pressing("same"),
    "**New seed**": pressing("new"),
    "**Vary**": pressing("strong"),
    "**Edit**": filling("edit", prompt="a pear", size=SMALL, seed="1", variety="0"),
    "**Use as source**": filling("use", prompt="a pear", strength=["strong"], size="", seed="1"),
    "**Edit region**": pressing("region"),
    "**Extend**": filling("extend", how=["right"], prompt="a pear", strength=["strong"]),
    "**Upscale**": filling("upscale", factor="2", way="plain"),
    "**Recipe**": pressing("recipe"),
    "an image of a sheet": pressing("one"),
    "menu *Recipe*": choosing("Recipe"),
    "menu *Same seed*": menu_same_seed,
    "menu *Use as source*": choosing("Use as source"),
    "**Add to board**": pressing("board"),
    "menu *Add to board*": choosing("Add to board"),
    "`/board add id`": slashing("board add"),
    "menu *Report*": choosing("Report"),
    "`/report id`": report,
    "suggestions of `/mod hide`": suggesting("mod hide"),
    "`/mod hide id`": slashing("mod hide"),
    "**Delete**": pressing("delete"),
}
# Boards are a server's; the simulated Discord has no menus in direct messages.
SERVER_ONLY: Final = frozenset(
    name
    for name in IMAGE_ROWS
    if "oard" in name or name.startswith("menu") or "/mod" in name or "/report" in name
)


def waiting(env: DiscordEnv, prompt: str) -> list[str]:
    """Return the ids of the jobs that wait with a prompt, whoever may know of them."""
    entries = env.service._queue_view.entries()
    return [each.job.id for each in entries if each.job.requests[0].prompt == prompt]


async def queue(env: DiscordEnv, asker: Asker) -> str:
    return listed(asker.prompt in texts_of(answer_of(await asker.slash("queue"))))


async def cancel_suggested(env: DiscordEnv, asker: Asker) -> str:
    return listed(asker.image in await asker.suggested("cancel", "job"))


async def move_suggested(env: DiscordEnv, asker: Asker) -> str:
    return listed(asker.image in await asker.suggested("jobs move", "job"))


async def move(env: DiscordEnv, asker: Asker) -> str:
    return outcome(await asker.slash("jobs move", job=asker.image))


async def clear(env: DiscordEnv, asker: Asker) -> str:
    if not waiting(env, asker.prompt):  # it was cancelled in the rows above
        await asker.maker.slash(asker.made_in, "imagine", prompt=asker.prompt, size=SMALL)
    return outcome(await asker.slash("jobs clear"))


async def pause(env: DiscordEnv, asker: Asker) -> str:
    found = outcome(await asker.slash("jobs pause"))
    if found == PRIVATE:
        await asker.slash("jobs resume")
    return found


async def cancel(env: DiscordEnv, asker: Asker) -> str:
    return outcome(await asker.slash("cancel", job=asker.image))


async def cancel_button(env: DiscordEnv, asker: Asker) -> str:
    return outcome(await asker.press(f"zib:cancel:{asker.image}"))


JOB_ROWS: Final[dict[str, Row]] = {
    "`/queue`: what and whose": queue,
    "suggestions of `/cancel`": cancel_suggested,
    "suggestions of `/jobs move`": move_suggested,
    "`/jobs move`": move,
    "`/jobs pause` and `resume`": pause,
    "**Cancel**": cancel_button,
    "`/cancel job`": cancel,
    "`/jobs clear`": clear,
}
MODERATION: Final = frozenset(name for name in JOB_ROWS if "/jobs" in name)
