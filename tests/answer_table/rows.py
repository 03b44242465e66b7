"""The rows of the table: everything that people can send to the bot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tests.answer_table.acts import button, by_guest, command, form, menu, select
from tests.answer_table.needs import (
    appealable,
    attic_archived,
    attic_open,
    attic_without_first,
    audited,
    banned,
    case,
    draft,
    foreign,
    fresh,
    fresh_id,
    fresh_on_the_wall,
    heap,
    image,
    image_id,
    large_sheet,
    new_name,
    new_rules,
    new_words,
    paused,
    pinned,
    prompts,
    reportable,
    reportable_id,
    said,
    second_of_several,
    seed,
    several,
    sheet,
    shown,
    styled,
    turning,
    turning_loras,
    upload,
    waiting,
    waiting_id,
    waits,
    warned,
)
from tests.answer_table.scene import Act, Scene
from tests.support.discord_env import SMALL
from tests.support.discord_server.world import Seen

SMALL_IMAGE: Final = {"prompt": "a red apple", "size": SMALL}
EDITED: Final = {"prompt": "a blue apple", "size": SMALL, "seed": "7", "variety": "0"}
MADE_OF_IT: Final = {
    "prompt": "a green apple", "strength": ["subtle"], "size": SMALL, "seed": "7",
}  # fmt: skip
IN_CELLS: Final = {"cells": ["1", "4"], "prompt": "a red apple", "strength": ["touch"]}
WIDER: Final = {"how": ["left"], "prompt": "a red apple", "strength": ["touch"]}
PAINTED: Final = {"prompt": "a bowl", "colours": "blue", "size": SMALL, "seed": "3"}
SPRING: Final = {"number": 1, "board": "Spring"}
ATTIC: Final = {"number": 1, "board": "Attic"}


def _member(scene: Scene) -> object:
    return scene.place.ada


ADA: Final[dict[str, Any]] = {"who": _member, "board": "Spring"}
CANDIDATE: Final = said("board status", **SPRING, status="candidate")
UNTAGGED: Final = said("board tag", **SPRING, tags="red", remove=True)
FIRST: Final = said("board order", **SPRING, place="first")
LAST: Final = said("board order", **SPRING, place="last")

FIVE: Final = {"prompt": "a {red, green, blue, black, white} apple", "size": SMALL}
REFUSED: Final = command("imagine", prompt="a red apple", size="0x0")
GRID: Final = shown(button("region", image))
PICTURE: Final = shown(command("board show", **SPRING))
BOARD: Final = shown(command("board show", board="Spring"))
OFF: Final = shown(command("board remove", **ATTIC, first=attic_open))
PALETTE: Final = shown(command("board palette", board="Spring"))
SURE: Final = shown(command("board delete", board="Attic", first=attic_open))
COMMENTED: Final = shown(command("board comment", **SPRING, words="Good"))


def _answered(answer: str, *, draws: bool = False) -> Act:
    """Return the act of answering whether to draw all combinations."""
    question = shown(command("imagine", **FIVE))
    return replace(button(f"batch:{answer}", question, draws=draws), of="button batch")


COMMANDS: Final[dict[str, Act]] = {
    "`/imagine`": command("imagine", **SMALL_IMAGE, seed=seed, draws=True),
    "`/imagine`, refused": REFUSED,
    "`/imagine`, five combinations": command("imagine", **FIVE),
    "`/imagine`, a file": command("imagine", prompt="-", size=SMALL, prompts=prompts, draws=True),
    "`/imagine`, a file, refused": command("imagine", prompt="-", prompts=upload),
    "`/compare`": command("compare", **SMALL_IMAGE, vary="seeds", values="1,2", draws=True),
    "`/explore`": command("explore", prompt="a red apple", seed=seed, draws=True),
    "`/upscale`": command("upscale", picture=upload, prompt="a red apple", draws=True),
    "`/reproduce`": command("reproduce", id=image_id, draws=True),
    "`/show`": command("show", id=image_id),
    "`/history`": command("history"),
    "`/lora list`": command("lora list"),
    "`/recipe`": command("recipe", id=image_id),
    "`/inspect`": command("inspect", image=upload),
    "`/lineage`": command("lineage", id=image_id),
    "`/queue`": command("queue"),
    "`/cancel`": command("cancel", job=waiting_id),
    "`/cancel`, nothing there": command("cancel", job="abcdef"),
    "`/privacy`": command("privacy"),
    "`/help`": command("help"),
    "`/jobs move`": command("jobs move", job=waiting_id),
    "`/jobs pause`": command("jobs pause"),
    "`/jobs resume`": command("jobs resume", first=paused),
    "`/jobs clear`": command("jobs clear", first=waits),
    "`/jobs clear`, refused": command("jobs clear"),
    "`/stats`": command("stats"),
}

DUSK: Final[dict[str, Any]] = {"name": "dusk", "first": styled}
STYLE: Final = shown(command("style show", **DUSK))
MADE: Final = {"name": new_name, "before": "", "after": "at dusk", "size": "", "values": ""}
STYLES: Final[dict[str, Act]] = {
    "`/style list`": command("style list"),
    "`/style show`": command("style show", name="ink"),
    "`/style create`": command("style create"),
    "`/style edit`": command("style edit", **DUSK),
    "`/style remove`": command("style remove", **DUSK),
    "**Try it** (style)": button("style:try", STYLE),
    "**Edit** (style)": button("style:edit", STYLE),
    "**Remove** (style)": button("style:remove", STYLE),
    "form *Style*": form("style", command("style create"), **MADE),
}

RULES: Final = shown(command("settings show", first=said("settings import", file=new_rules)))
ALLOWED: Final = {f"use.{each}": "allow" for each in ("history", "lineage", "queue", "board")}
SERVER_RULES: Final[dict[str, Act]] = {
    "`/settings show`": command("settings show"),
    "`/settings explain`": command("settings explain"),
    "`/settings log`": command("settings log"),
    "`/settings undo`": command("settings undo", first=said("settings import", file=new_rules)),
    "`/settings export`": command("settings export"),
    "`/settings import`": command("settings import", file=new_rules),
    "`/quota show`": command("quota show"),
    "`/quota grant`": command("quota grant", member=_member, images=1),
    "**Change** (rules)": button("set:change", RULES),
    "**Undo** (rules)": button("set:undo", RULES),
    "**Log** (rules)": button("set:log", RULES),
    "**Export** (rules)": button("set:export", RULES),
    "*Section* (rules)": select("pick:section", RULES, "quotas"),
    "*For whom* (rules)": select("pick:layer", RULES, "kind.spoiler"),
    "*Which member* (rules)": select(
        "pick:subject", shown(select("pick:layer", RULES, "member")), _member
    ),
    "form *Rules*": form("rules", button("set:change", RULES), **ALLOWED),
}

BOARDS: Final[dict[str, Act]] = {
    "`/board create`": command("board create", name=new_name),
    "`/board edit`": command(
        "board edit",
        board="Spring",
        order="newest",
        first=said("board edit", board="Spring", order="chosen"),
    ),
    "`/board edit`, a form": command("board edit", board="Spring"),
    "`/board archive`": command("board archive", board="Attic", first=attic_open),
    "`/board delete`": command("board delete", board="Attic", first=attic_open),
    "`/board restore`": command("board restore", board="Attic", first=attic_archived),
    "`/board restore`, a picture": command("board restore", **ATTIC, first=attic_without_first),
    "`/board list`": command("board list"),
    "`/board show`": command("board show", board="Spring"),
    "`/board show`, a picture": command("board show", **SPRING),
    "`/board log`": command("board log", board="Spring"),
    "`/board add`": command("board add", id=fresh_id, board="Heap"),
    "`/board add`, a file": command("board add", image=upload, board="Heap"),
    "`/board members`": command("board members", board="Spring"),
    "`/board allow`": command(
        "board allow",
        **ADA,
        access="curate",
        first=said("board allow", **ADA, access="nothing"),
    ),
    "`/board star`": command(
        "board star", enabled=True, board="Spring", first=said("board star", enabled=False)
    ),
    "`/board vote`": command("board vote", **SPRING),
    "`/board vote`, refused": command("board vote", number=99, board="Spring"),
    "`/board status`": command("board status", **SPRING, status="approved", first=CANDIDATE),
    "`/board caption`": command("board caption", **SPRING, words=new_words),
    "`/board tag`": command("board tag", **SPRING, tags="red", first=UNTAGGED),
    "`/board order`": command("board order", **SPRING, place="last", first=FIRST),
    "`/board comment`": command("board comment", **SPRING, words="Good"),
    "`/board remove`": command("board remove", **ATTIC, first=attic_open),
    "`/board export`, zip": command("board export", form="zip", board="Attic"),
    "`/board export`, sheet": command("board export", form="png", board="Attic"),
    "`/board palette`": command("board palette", board="Spring"),
    "`/board compare`": command("board compare", a=1, b=2, board="Spring"),
    "`/board compare`, for all": command("board compare", a=1, b=2, board="Spring", share=True),
}


async def _hanging(scene: Scene) -> Seen:
    """Return what is said where a deleted image still hangs on a board."""
    drawn = await scene.drawn()
    await scene.answer("board add", id=drawn.images[0], board="Heap")
    return await _deletion_of(scene, drawn)


async def _deleted(scene: Scene) -> Seen:
    """Return what is said where a deleted image can be brought back."""
    return await _deletion_of(scene, await scene.drawn())


async def _deletion_of(scene: Scene, drawn: Seen) -> Seen:
    pressed = await scene.people.press(scene.place.moderator, drawn, "Delete")
    [told] = await scene.server.changes.until(lambda: scene.people.followups(pressed))
    found: Seen = told
    return found


BUTTONS: Final[dict[str, Act]] = {
    "**Same seed**": button("same", image, draws=True),
    "**New seed**": button("new", image, draws=True),
    "**Edit**": button("edit", image),
    "**Vary subtly**": button("subtle", image, draws=True),
    "**Vary**": button("strong", image, draws=True),
    "**Use as source**": button("use", image),
    "**Edit region**": button("region", image),
    "**4 × 4** (grid)": button("grid", GRID),
    "**Choose cells** (grid)": button("cells", GRID),
    "**Extend**": button("extend", image),
    "**Draw large**": button("large", draft, draws=True),
    "**More around it**": button("around", draft, draws=True),
    "**Upscale**": button("upscale", image),
    "**Recipe**": button("recipe", image),
    "**Delete**": button("delete", fresh, goes=True),
    "**Add to board**": button("board", image),
    "**Add to board**, in a board's channel": button("board", fresh_on_the_wall),
    "**Take it off** (deleted image)": button("unhang", _hanging),
    "**Bring back** (deleted image)": replace(button("back", _deleted), reposts=True),
    "**Same seed** (comparison)": button("same", sheet, draws=True),
    "**U1** (comparison)": button("one", sheet),
    "**Choose an image…** (large sheet)": select("choose", large_sheet),
    "**Cancel**": button("cancel", waiting),
    "**Edit again**": button("again", shown(REFUSED)),
    "**Draw them**": _answered("draw", draws=True),
    "**Cancel** (combinations)": _answered("drop"),
    "**Draw this here**": button("takeover", shown(command("inspect", image=foreign)), draws=True),
    "**Older** (history)": button("page", shown(command("history"))),
    "**Next →** (LoRAs)": button("loras", turning_loras),
    "**Send it to me**": button("mydata", shown(command("privacy"))),
    "**Forget me…**": button("forgetme", shown(command("privacy"))),
    "**Forget me**": by_guest(
        button("forgetnow", shown(button("forgetme", shown(command("privacy")))))
    ),
    "menu *Recipe*": menu("Recipe"),
    "menu *Same seed*": menu("Same seed", draws=True),
    "menu *Use as source*": menu("Use as source"),
    "menu *Inspect*": menu("Inspect"),
    "menu *Add to board*": menu("Add to board"),
}

MODERATION: Final[dict[str, Act]] = {
    "`/mod history`": command("mod history", member=_member),
    "`/mod log`": command("mod log"),
    "`/mod ban`": command(
        "mod ban", member=_member, **{"for": "1h"}, why="x",
        first=said("mod unban", member=_member),
    ),
    "`/mod unban`": command("mod unban", member=_member, first=banned),
    "`/mod warn`": command("mod warn", member=_member, why="x"),
    "`/mod delete`": command("mod delete", member=_member, since="1h"),
    "`/mod hide`": command("mod hide", id=fresh_id),
    "`/report`": command("report", id=reportable_id, why="x"),
    "`/appeal`": command("appeal", text="x", first=warned),
    "menu *Report*": menu("Report"),
    "**Refuse** (log)": button("case", case("refused")),
    "**Warn** (log)": button("case", case("warned")),
    "**Show** (log)": button("case", case("show")),
    "**Appeal**": button("appeal", appealable),
    "**Older** (`/mod log`)": button("audit", audited),
    "form *Warn*": form("warned", button("case", case("warned")), why="x"),
    "form *Ban*": form("banned", button("case", case("banned")), **{"for": ["1h"]}, why="x"),
    "form *Appeal*": form("appeal", button("appeal", appealable), why="x"),
    "form *Report*": form("report", menu("Report", under=reportable), why="x"),
}  # fmt: skip

BOARD_BUTTONS: Final[dict[str, Act]] = {
    "**Vote** (board)": button("b:vote", BOARD),
    "**Export** (board)": button("b:export", BOARD),
    "**Palette** (board)": button("b:palette", BOARD),
    "**Log** (board)": button("b:log", BOARD),
    "**Log** (pinned board)": button("b:log", pinned),
    "**→** (board)": button("b:page", turning),
    "*Look at a picture*": select("s:look", BOARD, "1"),
    "*Look at a picture*, gone": select(
        "s:look",
        shown(command("board show", board="Attic", first=attic_open)),
        "1",
        after=attic_without_first,
    ),
    "*Sort by*": select("s:sort", BOARD, "newest"),
    "*Files* (export)": select("s:export", shown(button("b:export", BOARD)), "zip"),
    "*Open a board*": select("s:open", shown(command("board list"))),
    "**❤️**": button("b:heart", PICTURE),
    "**Comment**": button("b:comment", PICTURE),
    "**Words**": button("b:words", PICTURE),
    "**Move**": button("b:move", PICTURE),
    "**Take off**": button("b:off", shown(command("board show", **ATTIC, first=attic_open))),
    "**Bring back**": button("b:back", OFF),
    "*Status*": select("s:status", PICTURE, "shortlist", after=CANDIDATE),
    "**Same seed** (board)": button("b:same", PICTURE, draws=True),
    "**More like this**": button("b:more", PICTURE),
    "**Use these colours**": button("b:paint", PICTURE),
    "**Recipe** (board)": button("b:recipe", PICTURE),
    "**→** (picture)": button("b:look", PICTURE),
    "**Sheet**": button("b:sheet", PICTURE),
    "**Comments**": button("b:comments", COMMENTED),
    "*Delete a comment*": select("s:uncomment", shown(button("b:comments", COMMENTED))),
    "**Delete** (board)": button("b:delete", SURE),
    "**Undo** (deleted board)": button("b:restore", shown(button("b:delete", SURE))),
}

FORMS: Final[dict[str, Act]] = {
    "form *Edit*": form("edit", button("edit", image), **EDITED, draws=True),
    "form *Use as source*": form("source", button("use", image), **MADE_OF_IT, draws=True),
    "form *Which image* (region)": form("grid", button("region", several), which=second_of_several),
    "form *Edit region*": form("region", button("cells", GRID), **IN_CELLS, draws=True),
    "form *Extend*": form("extend", button("extend", image), **WIDER, draws=True),
    "form *Upscale*": form(
        "upscale", button("upscale", image), factor="2", way="plain", draws=True
    ),
    "form *Vary*": form(
        "vary", button("subtle", several), which=second_of_several, draws=True
    ),
    "form *Edit*, refused": form("edit", button("edit", image), **{**EDITED, "size": "0x0"}),
    "form *Edit again*": form(
        "imagine", button("again", shown(REFUSED)), **EDITED, draws=True
    ),
    "form *Add to board*": form(
        "add", button("board", fresh), board=heap, caption="An apple", tags="red"
    ),
    "form *Comment*": form("comment", button("b:comment", PICTURE), comment="Good"),
    "form *Words*": form(
        "words", button("b:words", PICTURE), caption=new_words, credit=new_words, tags="red",
        first=UNTAGGED,
    ),
    "form *Move*": form("move", button("b:move", PICTURE), before="2", first=LAST),
    "form *Vote*": form("votes", button("b:vote", BOARD), numbers="1, 2"),
    "form *Board*": form(
        "setup", command("board edit", board="Spring"),
        name="Spring", brief=new_words, style="", size="",
    ),
    "form *More like this*": form(
        "more", button("b:more", PICTURE), count="1", strength=["strong"], draws=True
    ),
    "form *Use these colours*": form(
        "paint", button("b:paint", PICTURE), **PAINTED, draws=True
    ),
}  # fmt: skip

ACTS: Final[dict[str, Act]] = {
    **COMMANDS, **STYLES, **SERVER_RULES, **MODERATION, **BOARDS, **BUTTONS, **BOARD_BUTTONS,
    **FORMS,
}  # fmt: skip
