"""Votes and comments: what people say of pictures."""

from __future__ import annotations

from bot.domain.boards import Access, Comment, Item, ItemStatus, Vote, is_theirs, rules
from bot.domain.viewers import Viewer
from bot.errors import BotError, InvalidRequestError
from bot.services.boards.updates import BoardChanges, BoardUpdate


class Discussion(BoardChanges):
    """Votes and comments."""

    async def vote(self, board_id: str, number: int, *, viewer: Viewer) -> Vote:
        """Vote for a picture, or take the vote back.

        The vote that reaches the board's threshold puts a candidate on the shortlist, and taking
        it back takes it off again; what a curator decided stays.

        Raises:
            BotError: It is the viewer's own, and the board does not count such votes.

        """
        async with self._working(viewer, board_id, Access.ADD) as work:
            item = await work.item(number)
            is_given = viewer.user_id not in item.voter_ids
            await (_count if is_given else _take_back)(work, item)
        after = await self._after(work, number)
        is_decisive = after.status is not item.status
        return Vote(item=after, is_given=is_given, is_decisive=is_decisive)

    async def comment(self, board_id: str, number: int, text: str, *, viewer: Viewer) -> Comment:
        """Say something of a picture."""
        text = rules.comment(text)
        await self._context.policy.check_texts({"comment": text}, viewer.scene)
        async with self._working(viewer, board_id, Access.ADD) as work:
            item = await work.item(number)
            if len(item.comments) >= rules.MAX_COMMENTS:
                raise BotError(
                    f"Picture {number} has {len(item.comments)} comments, and "
                    f"{rules.MAX_COMMENTS} are the limit: delete one first."
                )
            comment = await work.change.comment(item.id, viewer, text, at=work.at)
            await work.note("commented", item=item, detail=text)
        return comment

    async def delete_comment(
        self, board_id: str, number: int, comment_id: int, *, viewer: Viewer
    ) -> Item:
        """Forget what somebody said, for who said it and for curators."""
        async with self._working(viewer, board_id, Access.LOOK) as work:
            item = await work.item(number)
            comment = next((each for each in item.comments if each.id == comment_id), None)
            if comment is None:
                raise InvalidRequestError(
                    f"There is no such comment on picture {number}: it may be deleted already."
                )
            if comment.user_id != viewer.user_id:
                work.check(Access.CURATE)
            await work.change.drop_comment(comment_id)
            await work.note("comment_deleted", item=item)
        return await self._after(work, number)


async def _count(work: BoardUpdate, item: Item) -> None:
    """Count a vote; the one that reaches the threshold shortlists a candidate."""
    board = work.board
    if not board.self_vote and is_theirs(item, work.viewer):
        raise BotError(
            f"Picture {item.number} is your own, and the board {board.name!r} counts no votes for "
            "one's own: vote for another one."
        )
    await work.change.vote(item.id, work.viewer.user_id, at=work.at)
    await work.note("voted", item=item)
    if item.votes + 1 == board.threshold and item.status is ItemStatus.CANDIDATE:
        await shortlist(work, item, votes=board.threshold)


async def shortlist(work: BoardUpdate, item: Item, *, votes: int) -> None:
    """Put a picture on the shortlist for its votes."""
    await work.change.set_item(item.id, status=ItemStatus.SHORTLIST)
    await work.note("shortlisted", item=item, detail=str(votes))


async def _take_back(work: BoardUpdate, item: Item) -> None:
    """Take a vote back; below the threshold, what votes alone shortlisted is so no more."""
    await work.change.unvote(item.id, work.viewer.user_id)
    await work.note("unvoted", item=item)
    is_too_few = item.votes - 1 < work.board.threshold
    if item.status is ItemStatus.SHORTLIST and is_too_few and await work.change.is_by_votes(item):
        await work.change.set_item(item.id, status=ItemStatus.CANDIDATE)
        await work.note("unshortlisted", item=item)
