"""Between the rows of boards and their values."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiosqlite

from bot.domain.boards import (
    Access,
    Board,
    BoardState,
    Comment,
    Grant,
    Item,
    ItemLabel,
    ItemSource,
    ItemStatus,
    LogEntry,
    SheetOrder,
    Swatch,
    Theme,
)
from bot.domain.plain_text import name_key
from bot.domain.styles import Style

ITEM_COLUMNS: Final = (
    "id", "board_id", "number", "place", "source", "file", "width", "height", "pixel_sha256",
    "likeness", "generation_id", "prompt", "seed", "recipe", "caption", "credit", "author_id",
    "link", "channel_id", "is_spoiler", "status", "tags", "palette", "added_by",
    "added_by_name", "added_at",
)  # fmt: skip
BOARD_COLUMNS: Final = (
    "id", "guild_id", "name", "name_key", "brief", "channel_id", "message_id", "owner_id",
    "owner_name", "state", "style", "size", "theme", "sorting", "everyone", "self_vote",
    "threshold", "created_at", "changed_at", "other_defaults",
)  # fmt: skip


def copy_path(folder: Path, file: str) -> Path:
    """Return where our copy of that name is, or would be."""
    return folder / file[:2] / file


def palette_text(palette: Iterable[Swatch]) -> str:
    """Return colours as a column holds them."""
    return json.dumps([[*swatch.rgb, swatch.share] for swatch in palette])


def palette_of_text(text: str) -> tuple[Swatch, ...]:
    """Return the colours of a column."""
    return tuple(
        Swatch(rgb=(red, green, blue), share=share) for red, green, blue, share in json.loads(text)
    )


def tags_text(tags: Sequence[str]) -> str:
    """Return tags as a column holds them."""
    return json.dumps(list(tags), ensure_ascii=False)


def board_values(board: Board) -> tuple[Any, ...]:
    """Return the row of a new board."""
    at, usual = board.created_at.isoformat(), default_columns(board.defaults)
    return (
        board.id, board.guild_id, board.name, name_key(board.name), board.brief, board.channel_id,
        board.message_id, board.owner_id, board.owner_name, board.state, usual["style"],
        usual["size"], board.theme, board.order, int(board.everyone), int(board.self_vote),
        board.threshold, at, at, usual["other_defaults"],
    )  # fmt: skip


def item_values(item: Item, place: int) -> tuple[Any, ...]:
    """Return the row of a new picture."""
    return (
        item.id, item.board_id, item.number, place, item.source, item.path.name, item.width,
        item.height, item.pixel_sha256, item.likeness, item.generation_id, item.prompt, item.seed,
        item.recipe_text, item.caption, item.credit, item.author_id, item.link, item.channel_id,
        int(item.is_spoiler), item.status, tags_text(item.tags), palette_text(item.palette),
        item.added_by, item.added_by_name, item.added_at.isoformat(),
    )  # fmt: skip


def default_columns(style: Style) -> dict[str, str | None]:
    """Return the columns that hold what a board gives to prompts."""
    others = {"name": style.name, "before": style.before}
    others |= {key: value for key, value in style.values if key != "size"}
    return {
        "style": style.after,
        "size": style.value("size"),
        "other_defaults": json.dumps(
            {key: value for key, value in others.items() if value}, ensure_ascii=False
        ),
    }


def defaults_of(row: aiosqlite.Row) -> Style:
    """Return what a board gives to prompts."""
    return Style.of(after=row["style"], size=row["size"], **json.loads(row["other_defaults"]))


def board_of(
    row: aiosqlite.Row, *, grants: Sequence[aiosqlite.Row], items: Sequence[Item] = ()
) -> Board:
    """Return a board."""
    deleted_at = moment(row["deleted_at"])
    return Board(
        id=row["id"],
        guild_id=row["guild_id"],
        name=row["name"],
        brief=row["brief"],
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        owner_id=row["owner_id"],
        owner_name=row["owner_name"],
        state=BoardState(row["state"]) if deleted_at is None else BoardState.DELETED,
        defaults=defaults_of(row),
        theme=Theme(row["theme"]),
        order=SheetOrder(row["sorting"]),
        everyone=Access(row["everyone"]),
        grants=tuple(map(grant_of, grants)),
        self_vote=bool(row["self_vote"]),
        threshold=row["threshold"],
        items=tuple(items),
        palette=palette_of_text(row["palette"]),
        revision=row["revision"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
        deleted_at=deleted_at,
    )


def grant_of(row: aiosqlite.Row) -> Grant:
    """Return what a member or a role may do."""
    return Grant(kind=row["kind"], subject_id=row["subject_id"], access=Access(row["access"]))


def items_of(
    rows: Iterable[aiosqlite.Row],
    *,
    votes: Iterable[aiosqlite.Row],
    comments: Iterable[aiosqlite.Row],
    folder: Path,
) -> list[Item]:
    """Return pictures with what was said of them, in the order of their rows."""
    voters: dict[str, set[int]] = defaultdict(set)
    for vote in votes:
        voters[vote["item_id"]].add(vote["user_id"])
    said: dict[str, list[Comment]] = defaultdict(list)
    for comment in comments:
        said[comment["item_id"]].append(comment_of(comment))
    return [_item(row, voters=voters, said=said, folder=folder) for row in rows]


def _item(
    row: aiosqlite.Row,
    *,
    voters: Mapping[str, set[int]],
    said: Mapping[str, list[Comment]],
    folder: Path,
) -> Item:
    return Item(
        id=row["id"],
        board_id=row["board_id"],
        number=row["number"],
        source=ItemSource(row["source"]),
        path=copy_path(folder, row["file"]),
        width=row["width"],
        height=row["height"],
        pixel_sha256=row["pixel_sha256"],
        likeness=row["likeness"],
        generation_id=row["generation_id"],
        prompt=row["prompt"],
        seed=row["seed"],
        recipe_text=row["recipe"],
        caption=row["caption"],
        credit=row["credit"],
        author_id=row["author_id"],
        link=row["link"],
        channel_id=row["channel_id"],
        is_spoiler=bool(row["is_spoiler"]),
        status=ItemStatus(row["status"]),
        tags=tuple(json.loads(row["tags"])),
        voter_ids=frozenset(voters.get(row["id"], ())),
        comments=tuple(said.get(row["id"], ())),
        palette=palette_of_text(row["palette"]),
        added_by=row["added_by"],
        added_by_name=row["added_by_name"],
        added_at=dt.datetime.fromisoformat(row["added_at"]),
    )


def label_of(row: aiosqlite.Row) -> ItemLabel:
    """Return what a picture is found by."""
    return ItemLabel(**{**dict(row), "tags": tuple(json.loads(row["tags"]))})


def comment_of(row: aiosqlite.Row) -> Comment:
    """Return what somebody said."""
    return Comment(
        id=row["id"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        text=row["text"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
    )


def activity_of(row: aiosqlite.Row) -> LogEntry:
    """Return an entry of a log."""
    return LogEntry(
        user_id=row["user_id"],
        user_name=row["user_name"],
        verb=row["verb"],
        number=row["number"],
        channel_id=row["channel_id"],
        detail=row["detail"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
    )


def moment(text: str | None) -> dt.datetime | None:
    """Return the time of a column."""
    return None if text is None else dt.datetime.fromisoformat(text)
