"""What has to be there before things are done: messages, values and states."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Sequence
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cogs.loras import PAGE_SIZE
from tests.answer_table.acts import Prepare, Source, made
from tests.answer_table.scene import HELD, Act, Scene
from tests.support.discord_env import SMALL, walk
from tests.support.discord_server.world import Seen
from tests.support.loras import write_lora

PARAMETERS: Final = "a red apple\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 128x128"

# Messages


async def image(scene: Scene) -> Seen:
    found: Seen = scene.image
    return found


async def sheet(scene: Scene) -> Seen:
    found: Seen = scene.sheet
    return found


async def large_sheet(scene: Scene) -> Seen:
    return await scene.drawn(count=5)


async def draft(scene: Scene) -> Seen:
    """Return a draft, as its reader alone sees it once it is chosen from a sheet."""
    drawn = await scene.drawn(quality="draft")
    [id_] = drawn.images
    return await scene.posted(f"zib:large:{id_}", f"zib:around:{id_}")


async def styled(scene: Scene) -> None:
    """Let there be a style."""
    if scene.rows("SELECT 1 FROM styles WHERE name_key = 'dusk'"):
        return
    form = await scene.opened(await scene.slash("style create"))
    typed = {"name": "dusk", "before": "", "after": "at dusk", "size": SMALL, "values": ""}
    await scene.answered(await scene.people.fill_in(scene.place.moderator, form, typed))


async def fresh(scene: Scene) -> Seen:
    return await scene.drawn()


async def several(scene: Scene) -> Seen:
    scene.pair = scene.pair or await scene.drawn(count=2)
    found: Seen = scene.pair
    return found


async def second_of_several(scene: Scene) -> list[str]:
    return [(await several(scene)).images[1]]


async def fresh_on_the_wall(scene: Scene) -> Seen:
    return await scene.drawn(scene.wall)


async def pinned(scene: Scene) -> Seen:
    """Return the message of the board that a channel is."""
    found: list[Seen] = scene.people.messages(scene.wall)
    return next(each for each in found if any("zib:b:" in one for one in _ids(each)))


def _ids(message: Seen) -> Sequence[str]:
    return [str(each.get("custom_id")) for each in walk(message)]


def shown(act: Act) -> Source:
    """Return what shows the answer of an act."""

    async def source(scene: Scene) -> Seen:
        done = await (await act.prepare(scene))()
        return await scene.answered(done.asked)

    return source


async def waiting(scene: Scene) -> Seen:
    """Return the message of a job that waits."""
    await paused(scene)
    options = {"prompt": "a red apple", "size": SMALL, "seed": next(scene.seeds)}
    return await scene.answered(await scene.slash("imagine", **options))


def turning(scene: Scene) -> Awaitable[Seen]:
    """Return a message with the buttons that boards of several pages have."""
    return scene.posted(f"zib:b:page:{board_id(scene)}:1.chosen")


async def turning_loras(scene: Scene) -> Seen:
    """Return a list of LoRAs of several pages."""
    for i in range(PAGE_SIZE + 1):
        write_lora(scene.bot.data_dir / "loras", f"look-{i}", seed=i)
    return await scene.answer("lora list")


def case(choice: str) -> Source:
    """Return what shows a button of the log channel under a held job of Ada's."""

    async def source(scene: Scene) -> Seen:
        await scene.answer("mod unban", member=scene.place.ada)
        while scene.rows(f"SELECT 1 FROM jobs WHERE {HELD}"):
            cancelled = await scene.people.slash(scene.place.ada, scene.place.channel, "cancel")
            await scene.answered(cancelled)
        options = {"prompt": "gore", "size": SMALL, "seed": next(scene.seeds)}
        who, where = scene.place.ada, scene.place.channel
        await scene.answered(await scene.people.slash(who, where, "imagine", **options))
        [*_, (number,)] = scene.rows("SELECT id FROM audit WHERE act = 'held' ORDER BY id")
        return await scene.posted(f"zib:case:{choice}:{number}")

    return source


async def appealable(scene: Scene) -> Seen:
    """Return the button of a warning."""
    await warned(scene)
    [*_, (number,)] = scene.rows("SELECT id FROM audit WHERE act = 'warned' ORDER BY id")
    return await scene.posted(f"zib:appeal:{number}")


async def audited(scene: Scene) -> Seen:
    """Return an audit table of several pages."""
    scene.rows(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11)"
        " INSERT INTO audit (guild_id, act, created_at, shown_as)"
        " SELECT ?, 'paused', '2026-01-01T00:00:00+00:00', '' FROM n",
        scene.place.guild.id,
    )
    assert scene.database is not None
    scene.database.commit()
    return await scene.answer("mod log")


async def reportable(scene: Scene) -> Seen:
    """Return an image that nobody has reported, after hours without reports."""
    scene.rows("UPDATE audit SET created_at = '2026-01-01T00:00:00+00:00' WHERE act = 'report'")
    assert scene.database is not None
    scene.database.commit()
    return await scene.drawn()


# Values and states


async def reportable_id(scene: Scene) -> str:
    found: str = (await reportable(scene)).images[0]
    return found


async def warned(scene: Scene) -> None:
    """Let there be something to appeal against."""
    await scene.answer("mod warn", member=scene.place.moderator, why="x")
    await scene.settled()


async def banned(scene: Scene) -> None:
    await scene.answer("mod ban", member=scene.place.ada, **{"for": "1h"}, why="x")


def image_id(scene: Scene) -> str:
    found: str = scene.image.images[0]
    return found


async def fresh_id(scene: Scene) -> str:
    found: str = (await scene.drawn()).images[0]
    return found


def seed(scene: Scene) -> int:
    number: int = next(scene.seeds)
    return number


def new_name(scene: Scene) -> str:
    return f"Board {next(scene.seeds)}"


def upload(scene: Scene) -> tuple[str, bytes]:
    return scene.upload()


def prompts(scene: Scene) -> tuple[str, bytes]:
    """Return a file that asks for two images."""
    return (
        "list.csv",
        f"prompt,seed\na red apple,{seed(scene)}\na green apple,{seed(scene)}\n".encode(),
    )


def foreign(scene: Scene) -> tuple[str, bytes]:
    """Return a picture of another program, whose prompt can be drawn."""
    del scene
    about, buffer = PngInfo(), io.BytesIO()
    about.add_text("parameters", PARAMETERS)
    Image.new("RGB", (128, 128), "red").save(buffer, "PNG", pnginfo=about)
    return "a.png", buffer.getvalue()


def board_id(scene: Scene, name: str = "Heap") -> str:
    [(found,)] = scene.rows("SELECT id FROM boards WHERE name = ?", name)
    return str(found)


def new_rules(scene: Scene) -> tuple[str, bytes]:
    """Return a file of rules that differs from the last one and changes nothing for anybody."""
    return "rules.toml", f"[server]\nquota_month = {100_000 + next(scene.seeds)}".encode()


def heap(scene: Scene) -> list[str]:
    return [board_id(scene)]


def new_words(scene: Scene) -> str:
    return f"Apple {next(scene.seeds)}"


def said(name: str, /, **options: Any) -> Prepare:
    """Return what runs a command that undoes what is to be done."""

    async def prepare(scene: Scene) -> None:
        await scene.answer(name, **await made(scene, options))

    return prepare


async def waiting_id(scene: Scene) -> str:
    """Return the id of a job that waits."""
    await waiting(scene)
    [*_, (found,)] = scene.rows("SELECT id FROM jobs WHERE state = 'queued' ORDER BY created_at")
    return str(found)


async def waits(scene: Scene) -> None:
    """Let a job wait."""
    await waiting(scene)


async def paused(scene: Scene) -> None:
    """Hold back the server's jobs."""
    await scene.answer("jobs pause")


async def attic_open(scene: Scene) -> None:
    """Let the second board be there, with its first picture."""
    away = "SELECT 1 FROM boards WHERE name = 'Attic' AND (state <> 'open' OR deleted_at NOT NULL)"
    if scene.rows(away):
        await scene.answer("board restore", board="Attic")
    is_off = "SELECT 1 FROM board_items WHERE board_id = ? AND number = 1 AND removed_at NOT NULL"
    if scene.rows(is_off, board_id(scene, "Attic")):
        await scene.answer("board restore", board="Attic", number=1)


async def attic_archived(scene: Scene) -> None:
    await attic_open(scene)
    await scene.answer("board archive", board="Attic")


async def attic_without_first(scene: Scene) -> None:
    await attic_open(scene)
    await scene.answer("board remove", board="Attic", number=1)
