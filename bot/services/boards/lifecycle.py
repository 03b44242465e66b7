"""Boards as a whole: made, found, set up, archived, deleted and brought back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final, Unpack

from bot.domain.boards import (
    Access,
    Actor,
    Board,
    BoardState,
    BoardSummary,
    ChannelDefaults,
    Count,
    Grant,
    SheetOrder,
    Theme,
    access_of,
    rules,
)
from bot.domain.boards.values import DEFAULT_THRESHOLD
from bot.domain.jobs import new_id, typed_id
from bot.errors import BotError, InvalidRequestError
from bot.services.boards.changes import UNDO_FOR, BoardChanges, BoardUpdate, allowed, no_board
from bot.services.boards.discussion import shortlist
from bot.services.boards.options import BoardEdits, BoardOptions, checked
from bot.storage.boards import BoardChange

_CURATED: Final = {"theme", "order"}  # who curates may change these, too
_COLUMNS: Final = {"order": "sorting"}


class Lifecycle(BoardChanges):
    """Boards as a whole."""

    # What is there

    async def boards(
        self, actor: Actor, *, with_archived: bool = False, with_deleted: bool = False
    ) -> list[BoardSummary]:
        """Return the boards of the actor's guild that they may see, by name.

        Args:
            actor: Who asks.
            with_archived: Also those that are archived.
            with_deleted: Also those that the actor can still bring back.

        """
        wanted = {BoardState.OPEN}
        wanted |= {BoardState.ARCHIVED} if with_archived else set()
        found = []
        for summary, board in await self._table.summaries(actor.guild_id):
            access = access_of(board, actor)
            is_wanted = summary.state in wanted and access >= Access.LOOK
            if is_wanted or (with_deleted and access is Access.OWN and self._can_restore(board)):
                found.append(replace(summary, access=access))
        return found

    async def counts(self, actor: Actor) -> list[Count]:
        """Return how many pictures the boards of the actor's guild have from which channels."""
        return await self._table.counts(actor.guild_id)

    async def find(self, actor: Actor, name_or_id: str) -> Board:
        """Return a board that the actor may see, by its id or by its name.

        Raises:
            InvalidRequestError: There is none.

        """
        board = await self._table.find(typed_id(name_or_id))
        if board is None or board.guild_id != actor.guild_id:
            board_id = await self._table.find_named(actor.guild_id, name_or_id)
            board = None if board_id is None else await self._table.find(board_id)
        return allowed(board, actor, Access.LOOK, typed=name_or_id)

    async def board(self, board_id: str) -> Board | None:
        """Return a board, whoever wants to see it, unless it is deleted: for the bot's own work."""
        board = await self._table.find(board_id)
        return None if board is None or board.state is BoardState.DELETED else board

    async def of_channel(self, guild_id: int, channel_id: int) -> Board | None:
        """Return the open board that a channel is, whoever wants to see it."""
        return await self._table.of_channel(guild_id, channel_id)

    async def of_message(self, message_id: int) -> Board | None:
        """Return the board that a message shows, whoever wants to see it."""
        return await self._table.of_message(message_id)

    async def channel_boards(self, guild_id: int | None = None) -> list[str]:
        """Return the ids of the boards whose message is kept current, of a guild or of all."""
        return await self._table.with_channel(guild_id)

    async def left_messages(self) -> list[tuple[str, int, int]]:
        """Return board, channel and message where one still shows a board that is deleted."""
        return await self._table.left_messages()

    async def defaults_for(self, guild_id: int, channel_id: int) -> ChannelDefaults:
        """Return what the board of a channel gives to prompts there; nothing where none is."""
        return await self._table.defaults(guild_id, channel_id)

    # What can be done

    async def create(self, actor: Actor, *, name: str, **options: Unpack[BoardOptions]) -> Board:
        """Make a board that the actor owns.

        Raises:
            BotError: The name does not work or is taken, the channel is a board already, or there
                are too many.

        """
        fields = checked({"name": name, **options}, self._sizes)
        board = replace(_blank(actor, self.now()), **fields)
        async with self._table.change() as change:
            await _check_room(change, board)
            await change.insert(board)
            await change.note(board.id, actor, "created", at=board.created_at, detail=board.name)
        await self._tell(board.id)
        return await self._whole(board.id)

    async def edit(self, actor: Actor, board_id: str, **edits: Unpack[BoardEdits]) -> Board:
        """Change how a board is set up; its name and rules are its owners', its looks curators'.

        A board that becomes another channel has no message yet.

        Raises:
            BotError: A value does not work or is taken, or the actor may not do this.

        """
        fields = checked(edits, self._sizes)
        needs = Access.CURATE if fields.keys() <= _CURATED else Access.OWN
        async with self._working(actor, board_id, needs) as work:
            news = {key: new for key, new in fields.items() if getattr(work.board, key) != new}
            if news:
                if "channel_id" in news:
                    await _check_channel(work.change, work.board, news["channel_id"])
                    news["message_id"] = None
                if "name" in news:
                    await _check_name(work.change, work.board, news["name"])
                await work.change.set_board(board_id, **_columns(news))
                await work.note("edited", detail=", ".join(sorted(news.keys() - {"message_id"})))
                await _shortlist_enough(work, news.get("threshold"))
        return await self._whole(board_id)

    async def archive(self, actor: Actor, board_id: str) -> Board:
        """Put a board away: it can be looked at, and nothing on it changes."""
        async with self._working(actor, board_id, Access.OWN, is_archive_fine=True) as work:
            if work.board.state is BoardState.OPEN:
                await work.change.set_board(board_id, state=BoardState.ARCHIVED)
                await work.note("archived")
        return await self._whole(board_id)

    async def unarchive(self, actor: Actor, board_id: str) -> Board:
        """Use a board again that was put away.

        Raises:
            BotError: Its channel is another board by now.

        """
        async with self._working(actor, board_id, Access.OWN, is_archive_fine=True) as work:
            if work.board.state is BoardState.ARCHIVED:
                await _check_channel(work.change, work.board, work.board.channel_id)
                await work.change.set_board(board_id, state=BoardState.OPEN)
                await work.note("unarchived")
        return await self._whole(board_id)

    async def delete(self, actor: Actor, board_id: str) -> Board:
        """Delete a board; for a day it can be brought back, then nothing of it is left."""
        async with self._working(actor, board_id, Access.OWN, is_archive_fine=True) as work:
            await work.change.set_board(board_id, deleted_at=work.at.isoformat())
            await work.note("deleted")
        return await self._whole(board_id)

    async def restore(self, actor: Actor, board_id: str) -> Board:
        """Bring back a board that was deleted less than a day ago, as it was.

        Raises:
            BotError: It is too late, its name or channel is taken, or the actor may not do this.

        """
        async with self._table.change() as change:
            board = await change.head(board_id)
            if board is None or access_of(board, actor) < Access.OWN:
                raise no_board(board_id)
            if board.state is not BoardState.DELETED:
                raise BotError(f"The board {board.name!r} is not deleted: it is there.")
            await self._restore(change, actor, board)
        await self._tell(board_id)
        return await self._whole(board_id)

    async def grant(self, actor: Actor, board_id: str, grant: Grant) -> Board:
        """Let a member or a role do something, whatever they were allowed before."""
        async with self._working(actor, board_id, Access.OWN) as work:
            others = [each for each in work.board.grants if not _is_same(each, grant)]
            if len(others) >= rules.MAX_GRANTS:
                raise BotError(
                    f"The board names {len(others)} members and roles already: "
                    f"{rules.MAX_GRANTS} are the limit."
                )
            if grant not in work.board.grants:
                await work.change.set_grant(board_id, grant)
                await work.note("granted", detail=_told(grant))
        return await self._whole(board_id)

    async def revoke(self, actor: Actor, board_id: str, *, kind: str, subject_id: int) -> Board:
        """Take back what a member or a role was given."""
        async with self._working(actor, board_id, Access.OWN) as work:
            if await work.change.drop_grant(board_id, kind, subject_id) is not None:
                await work.note("revoked", detail=f"{kind} {subject_id}")
        return await self._whole(board_id)

    # What Discord tells; nothing of it is a change of the board

    async def set_message(self, board_id: str, channel_id: int, message_id: int) -> bool:
        """Record which message shows a board; tell whether that channel still is the board."""
        async with self._table.change() as change:
            return await change.set_message(board_id, channel_id, message_id)

    async def forget_message(self, message_id: int) -> str | None:
        """Forget a message that is gone; return the id of the board that it showed."""
        async with self._table.change() as change:
            found = await change.forget_message(message_id)
        return found[0] if found else None

    async def forget_channel(
        self, actor: Actor, channel_id: int, *, was_open: bool = False
    ) -> list[str]:
        """Forget a channel that is gone; its boards stay, without one.

        Nobody can tell any more who could view it. So unless it hid from nobody, its boards are
        from now on for who owns them, is named on them, or moderates, and its pictures on any
        board for who made or added them and for who owns that board.

        Args:
            actor: The bot itself, which the log names.
            channel_id: Of a channel, a thread or a forum post.
            was_open: Whether it is known that every member could view it.

        Returns:
            The ids of the boards that it was.

        """
        everyone = None if was_open else int(Access.NONE)
        async with self._table.change() as change:
            if was_open:
                await change.release(channel_id)
            gone = await change.forget_channel(channel_id, everyone=everyone)
            for board_id in gone:
                detail = "" if was_open else "closed"
                await change.note(board_id, actor, "channel_gone", at=self.now(), detail=detail)
        for board_id in gone:
            await self._tell(board_id)
        return gone

    def _can_restore(self, board: Board) -> bool:
        return board.deleted_at is not None and self.now() - board.deleted_at <= UNDO_FOR

    async def _restore(self, change: BoardChange, actor: Actor, board: Board) -> None:
        if not self._can_restore(board):
            raise BotError(
                f"The board {board.name!r} was deleted more than a day ago: it cannot be brought "
                "back."
            )
        state = await change.state_below(board.id)
        await _check_room(change, replace(board, state=state))
        await change.set_board(board.id, deleted_at=None)
        await change.note(board.id, actor, "restored", at=self.now())


async def _shortlist_enough(work: BoardUpdate, threshold: int | None) -> None:
    """Put candidates on the shortlist whose votes are enough after the threshold was lowered."""
    if threshold is None or threshold > work.board.threshold:
        return
    for item in await work.change.candidates_with(work.board.id, threshold):
        await shortlist(work, item, votes=item.votes)


def _blank(actor: Actor, at: dt.datetime) -> Board:
    """Return a board as it is where nothing else is said; it still needs a name."""
    return Board(
        id=new_id(),
        guild_id=actor.guild_id,
        name="",
        brief="",
        channel_id=None,
        message_id=None,
        owner_id=actor.user_id,
        owner_name=rules.user_name(actor.user_name),
        state=BoardState.OPEN,
        style="",
        size=None,
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


def _columns(news: dict[str, Any]) -> dict[str, object]:
    """Return fields of a board as the columns that hold them."""
    return {
        _COLUMNS.get(key, key): int(value) if isinstance(value, bool | Access) else value
        for key, value in news.items()
    }


async def _check_room(change: BoardChange, board: Board) -> None:
    """Refuse a board that would be one too many, or whose name or channel is taken."""
    count = await change.num_boards(board.guild_id)
    if count >= rules.MAX_BOARDS:
        raise BotError(
            f"There are {count} boards here, and {rules.MAX_BOARDS} are the limit: delete one that "
            "nobody needs."
        )
    await _check_name(change, board, board.name)
    if board.state is BoardState.OPEN:
        await _check_channel(change, board, board.channel_id)


async def _check_name(change: BoardChange, board: Board, name: str) -> None:
    other = await change.named(board.guild_id, name)
    if other is not None and other.id != board.id:
        raise InvalidRequestError(f"There is a board {name!r} here already: choose another name.")


async def _check_channel(change: BoardChange, board: Board, channel_id: int | None) -> None:
    if channel_id is None:
        return
    other = await change.of_channel(channel_id)
    if other is not None and other.id != board.id:
        name = repr(other.name) if other.everyone >= Access.LOOK else "that not everybody sees"
        raise BotError(
            f"The channel is a board already, {name}: archive that one first, or use another "
            "channel."
        )


def _is_same(one: Grant, other: Grant) -> bool:
    return (one.kind, one.subject_id) == (other.kind, other.subject_id)


def _told(grant: Grant) -> str:
    return f"{grant.kind} {grant.subject_id} {grant.access.name.lower()}"
