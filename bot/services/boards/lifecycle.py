"""Boards as a whole: made, set up, shared, archived, deleted and brought back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final, Unpack

from bot.domain.boards import (
    Access,
    Board,
    BoardState,
    Grant,
    SheetOrder,
    Theme,
    access_of,
    rules,
)
from bot.domain.boards.values import DEFAULT_THRESHOLD
from bot.domain.jobs import new_id
from bot.domain.styles import Style, StyleBook
from bot.domain.viewers import Viewer
from bot.errors import BotError, InvalidRequestError
from bot.services.boards.discussion import shortlist
from bot.services.boards.inputs import BoardEdits, BoardOptions, checked, texts_of
from bot.services.boards.refusals import NoBoardError, guild_of
from bot.services.boards.updates import BoardChanges, BoardUpdate
from bot.storage.boards import BoardChange
from bot.storage.boards.rows import default_columns

_CURATED: Final = {"theme", "order"}  # who curates may change these, too
_COLUMNS: Final = {"order": "sorting"}


class Lifecycle(BoardChanges):
    """Boards as a whole."""

    async def create(self, *, viewer: Viewer, name: str, **options: Unpack[BoardOptions]) -> Board:
        """Make a board that the viewer owns.

        Raises:
            BotError: The name does not work or is taken, the channel is a board already, or there
                are too many.

        """
        fields = checked({"name": name, **options}, self._context.model_rules)
        await self._context.policy.check_texts(texts_of(fields), viewer.scene)
        _check_seen(fields.get("channel_id"), viewer)
        book = await self._book(viewer)
        board = replace(
            _blank(viewer, self._context.now()), **_with_defaults(fields, Style(), book)
        )
        async with self._table.change() as change:
            await _check_room(change, board, viewer)
            await change.insert(board)
            await change.note(board.id, viewer, "created", at=board.created_at, detail=board.name)
        await self._context.tell(board.id)
        return await self._head(board.id)

    async def edit(self, board_id: str, *, viewer: Viewer, **edits: Unpack[BoardEdits]) -> Board:
        """Change how a board is set up; its name and rules are its owners', its looks curators'.

        A board that becomes another channel has no message yet.

        Raises:
            BotError: A value does not work or is taken, or the viewer may not do this.

        """
        fields = checked(edits, self._context.model_rules)
        await self._context.policy.check_texts(texts_of(fields), viewer.scene)
        _check_seen(fields.get("channel_id"), viewer)
        book = await self._book(viewer)
        needs = Access.CURATE if fields.keys() <= _CURATED else Access.OWN
        async with self._working(viewer, board_id, needs) as work:
            fields = _with_defaults(fields, work.board.defaults, book)
            news = {key: new for key, new in fields.items() if getattr(work.board, key) != new}
            if news:
                if "channel_id" in news:
                    await _check_channel(work.change, work.board, news["channel_id"], viewer)
                    news["message_id"] = None
                if "name" in news:
                    await _check_name(work.change, work.board, news["name"])
                await work.change.set_board(board_id, **_columns(news))
                await work.note("edited", detail=", ".join(_changed_names(news, work.board)))
                await _shortlist_enough(work, news.get("threshold"))
        return await self._head(board_id)

    async def archive(self, board_id: str, *, viewer: Viewer) -> Board:
        """Put a board away: it can be looked at, and nothing on it changes."""
        async with self._working(viewer, board_id, Access.OWN, is_archive_fine=True) as work:
            if work.board.state is BoardState.OPEN:
                await work.change.set_board(board_id, state=BoardState.ARCHIVED)
                await work.note("archived")
        return await self._head(board_id)

    async def unarchive(self, board_id: str, *, viewer: Viewer) -> Board:
        """Use a board again that was put away.

        Raises:
            BotError: Its channel is another board by now.

        """
        async with self._working(viewer, board_id, Access.OWN, is_archive_fine=True) as work:
            if work.board.state is BoardState.ARCHIVED:
                await _check_channel(work.change, work.board, work.board.channel_id, viewer)
                await work.change.set_board(board_id, state=BoardState.OPEN)
                await work.note("unarchived")
        return await self._head(board_id)

    async def delete(self, board_id: str, *, viewer: Viewer) -> Board:
        """Delete a board; for a day it can be brought back, then nothing of it is left."""
        async with self._working(viewer, board_id, Access.OWN, is_archive_fine=True) as work:
            await work.change.set_board(board_id, deleted_at=work.at.isoformat())
            await work.note("deleted")
        return await self._head(board_id)

    async def restore(self, board_id: str, *, viewer: Viewer) -> Board:
        """Bring back a board that was deleted less than a day ago, as it was.

        Raises:
            BotError: It is too late, its name or channel is taken, or the viewer may not do this.

        """
        async with self._table.change() as change:
            board = await change.head(board_id)
            if board is None or access_of(board, viewer) < Access.OWN:
                raise NoBoardError(board_id)
            if board.state is not BoardState.DELETED:
                raise BotError(f"The board {board.name!r} is not deleted: it is there.")
            await self._restore(change, viewer, board)
        await self._context.tell(board_id)
        return await self._head(board_id)

    async def grant(self, board_id: str, grant: Grant, *, viewer: Viewer) -> Board:
        """Let a member or a role do something, whatever they were allowed before."""
        async with self._working(viewer, board_id, Access.OWN) as work:
            others = [each for each in work.board.grants if not _is_same(each, grant)]
            if len(others) >= rules.MAX_GRANTS:
                raise BotError(
                    f"The board names {len(others)} members and roles already: "
                    f"{rules.MAX_GRANTS} are the limit."
                )
            if grant not in work.board.grants:
                await work.change.set_grant(board_id, grant)
                await work.note("granted", detail=_told(grant))
        return await self._head(board_id)

    async def revoke(self, board_id: str, *, viewer: Viewer, kind: str, subject_id: int) -> Board:
        """Take back what a member or a role was given."""
        async with self._working(viewer, board_id, Access.OWN) as work:
            if await work.change.drop_grant(board_id, kind, subject_id) is not None:
                await work.note("revoked", detail=f"{kind} {subject_id}")
        return await self._head(board_id)

    async def _book(self, viewer: Viewer) -> StyleBook:
        """Return the styles that boards can name."""
        own = await self._context.store.styles.of_guild(guild_of(viewer))
        return StyleBook(own=tuple(each.style for each in own))

    async def _restore(self, change: BoardChange, viewer: Viewer, board: Board) -> None:
        if not self._can_restore(board):
            raise BotError(
                f"The board {board.name!r} was deleted more than a day ago: it cannot be brought "
                "back."
            )
        state = await change.state_below(board.id)
        await _check_room(change, replace(board, state=state), viewer)
        await change.set_board(board.id, deleted_at=None)
        await change.note(board.id, viewer, "restored", at=self._context.now())


async def _shortlist_enough(work: BoardUpdate, threshold: int | None) -> None:
    """Put candidates on the shortlist whose votes are enough after the threshold was lowered."""
    if threshold is None or threshold > work.board.threshold:
        return
    for item in await work.change.candidates_with(work.board.id, threshold):
        await shortlist(work, item, votes=item.votes)


def _blank(viewer: Viewer, at: dt.datetime) -> Board:
    """Return a board as it is where nothing else is said; it still needs a name."""
    return Board(
        id=new_id(),
        guild_id=guild_of(viewer),
        name="",
        brief="",
        channel_id=None,
        message_id=None,
        owner_id=viewer.user_id,
        owner_name=rules.user_name(viewer.user_name),
        state=BoardState.OPEN,
        defaults=Style(),
        theme=Theme.DARK,  # as Discord is, unless somebody changed it
        order=SheetOrder.CHOSEN,
        everyone=Access.ADD,
        grants=(),
        self_vote=True,
        threshold=DEFAULT_THRESHOLD,
        items=(),
        palette=(),
        revision=0,
        created_at=at,
    )


def _with_defaults(fields: dict[str, Any], old: Style, book: StyleBook) -> dict[str, Any]:
    """Return fields with what a board gives in place of the words and the size that were typed.

    Words that are the name of a style are that style.
    """
    others = {key: value for key, value in fields.items() if key not in {"style", "size"}}
    if others == fields:
        return fields
    size, new = fields.get("size", old.value("size")), old
    if "style" in fields:
        named = book.named(fields["style"])
        new = Style(after=fields["style"]) if named is None else Style(name=named.name)
    kept = {key: value for key, value in new.values if key != "size"}
    given = ({"size": size} if size else {}) | kept
    return {**others, "defaults": replace(new, values=tuple(given.items()))}


def _changed_names(news: dict[str, Any], board: Board) -> list[str]:
    """Return what was changed of a board, by the names of what is typed."""
    names = news.keys() - {"message_id", "defaults"}
    if new := news.get("defaults"):
        old = board.defaults
        names |= {"size"} if new.value("size") != old.value("size") else set()
        names |= {"style"} if replace(new, values=()) != replace(old, values=()) else set()
    return sorted(names)


def _columns(news: dict[str, Any]) -> dict[str, object]:
    """Return fields of a board as the columns that hold them."""
    defaults = default_columns(news["defaults"]) if "defaults" in news else {}
    others = {
        _COLUMNS.get(key, key): int(value) if isinstance(value, bool | Access) else value
        for key, value in news.items()
        if key != "defaults"
    }
    return {**others, **defaults}


async def _check_room(change: BoardChange, board: Board, viewer: Viewer) -> None:
    """Refuse a board that would be one too many, or whose name or channel is taken."""
    count = await change.num_boards(board.guild_id)
    if count >= rules.MAX_BOARDS:
        raise BotError(
            f"There are {count} boards here, and {rules.MAX_BOARDS} are the limit: delete one that "
            "nobody needs."
        )
    await _check_name(change, board, board.name)
    if board.state is BoardState.OPEN:
        await _check_channel(change, board, board.channel_id, viewer)


def _check_seen(channel_id: int | None, viewer: Viewer) -> None:
    """Refuse to make a channel a board that the viewer may not see."""
    if channel_id is not None and channel_id not in viewer.channels:
        raise InvalidRequestError("There is no such channel here that you may see: choose another.")


async def _check_name(change: BoardChange, board: Board, name: str) -> None:
    other = await change.named(board.guild_id, name)
    if other is not None and other.id != board.id:
        raise InvalidRequestError(f"There is a board {name!r} here already: choose another name.")


async def _check_channel(
    change: BoardChange, board: Board, channel_id: int | None, viewer: Viewer
) -> None:
    """Refuse a channel that is a board; what that is called, is told to who may see it."""
    if channel_id is None:
        return
    other = await change.of_channel(channel_id)
    if other is not None and other.id != board.id:
        is_seen = access_of(other, viewer) >= Access.LOOK
        name = repr(other.name) if is_seen else "that not everybody sees"
        raise BotError(
            f"The channel is a board already, {name}: archive that one first, or use another "
            "channel."
        )


def _is_same(one: Grant, other: Grant) -> bool:
    return (one.kind, one.subject_id) == (other.kind, other.subject_id)


def _told(grant: Grant) -> str:
    return f"{grant.kind} {grant.subject_id} {grant.access.name.lower()}"
