"""The styles of servers: asked for by name, made, changed and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.boards import Board
from bot.domain.boards.rules import user_name
from bot.domain.jobs import new_id, now
from bot.domain.moderation import Act, AuditEntry
from bot.domain.plain_text import name_key, quoted
from bot.domain.styles import (
    MAX_STYLES,
    BuiltInStyle,
    ServerStyle,
    Style,
    StyleBook,
    built_in_named,
    check_values,
    parse_values,
    style_name,
    style_words,
)
from bot.domain.viewers import Viewer
from bot.errors import BotError, InvalidRequestError
from bot.services.audit_log import AuditLog
from bot.services.boards import BoardContext
from bot.services.boards.overview import Overview
from bot.services.policy import Policy
from bot.storage import Store


class Styles:
    """Styles by their names: built-in ones, and those of the viewer's server."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        boards: Overview,
        context: BoardContext,
        log: AuditLog,
    ) -> None:
        self._store = store
        self._policy = policy
        self._boards = boards
        self._context = context
        self._log = log

    async def book(self, *, viewer: Viewer, is_plain: bool = False) -> StyleBook:
        """Return the styles that can be named where the viewer asks, and what is usual there.

        `is_plain` leaves out what the channel's board and the server add, but for the quality.
        """
        server = self._policy.defaults(viewer.scene)
        own = tuple(each.style for each in await self.own(viewer=viewer))
        if is_plain:
            return StyleBook(own=own, server=server.only("quality"))
        board = Style()
        if viewer.guild_id is not None and viewer.channel_id is not None:
            board = await self._boards.defaults(viewer.channel_id, viewer=viewer)
        return StyleBook(own=own, board=board, server=server)

    async def own(self, *, viewer: Viewer) -> list[ServerStyle]:
        """Return the styles of the viewer's server, by their names."""
        guild_id = viewer.guild_id
        return [] if guild_id is None else await self._store.styles.of_guild(guild_id)

    def may_make(self, *, viewer: Viewer) -> bool:
        """Tell whether the viewer may make styles for everyone where they ask."""
        return viewer.may_make_styles(is_allowed=self._policy.lets_make_styles(viewer.scene))

    def check_may_make(self, *, viewer: Viewer) -> None:
        """Refuse who may not make styles here.

        Raises:
            BotError: The viewer may not.

        """
        if not self.may_make(viewer=viewer):
            raise _may_not("make", viewer)

    def may_change(self, style: ServerStyle, *, viewer: Viewer) -> bool:
        """Tell whether the viewer may change or remove a style."""
        is_allowed = self._policy.lets_make_styles(viewer.scene)
        is_here = style.guild_id == viewer.guild_id
        return is_here and viewer.may_change_style(style.author_id, is_allowed=is_allowed)

    async def find(self, name_or_id: str, *, viewer: Viewer) -> ServerStyle | BuiltInStyle:
        """Return a style that can be named where the viewer asks; a server's own go first.

        Raises:
            BotError: There is none.

        """
        for each in await self.own(viewer=viewer):
            if name_or_id == each.id or name_key(name_or_id) == name_key(each.style.name):
                return each
        found = built_in_named(name_or_id)
        if found is None:
            (await self.book(viewer=viewer)).find(name_or_id)  # which raises
            raise AssertionError
        return found

    async def to_change(self, name_or_id: str, *, viewer: Viewer) -> ServerStyle:
        """Return a style of the viewer's server that they may change or remove.

        Raises:
            BotError: There is none, or they may not.

        """
        found = await self.find(name_or_id, viewer=viewer)
        if isinstance(found, BuiltInStyle):
            raise InvalidRequestError(
                f"The style {quoted(name_or_id)} is built in: make one of that name, and it goes "
                "before it here."
            )
        if not self.may_change(found, viewer=viewer):
            raise _may_not("change", viewer)
        return found

    async def create(self, *, viewer: Viewer, **typed: str) -> ServerStyle:
        """Make a style of the viewer's server.

        Args:
            viewer: Who makes it.
            **typed: Its `name`, `before`, `after`, `size`, and `values`, one a line.

        Raises:
            BotError: A value does not work, the name is taken, or the viewer may not do this.

        """
        self.check_may_make(viewer=viewer)
        style = await self._checked(typed, viewer)
        assert viewer.guild_id is not None
        at = now()
        made = ServerStyle(
            id=new_id(), guild_id=viewer.guild_id, style=style, author_id=viewer.user_id,
            author_name=user_name(viewer.user_name), created_at=at, changed_at=at,
        )  # fmt: skip
        await self._store.styles.add(made, most=MAX_STYLES)
        await self._note(Act.STYLE_MADE, style.name, viewer)
        return made

    async def edit(
        self, name_or_id: str, *, viewer: Viewer, **typed: str
    ) -> tuple[ServerStyle, list[Board]]:
        """Change a style as a whole; return it and the boards that use it, if they may be seen.

        Raises:
            BotError: A value does not work, the name is taken, or the viewer may not do this.

        """
        old = await self.to_change(name_or_id, viewer=viewer)
        style = await self._checked(typed, viewer)
        at = now()
        boards = await self._store.styles.change(old, style, at=at)
        await self._note(Act.STYLE_CHANGED, style.name, viewer)
        return replace(old, style=style, changed_at=at), await self._told(boards, viewer)

    async def remove(self, name_or_id: str, *, viewer: Viewer) -> tuple[ServerStyle, list[Board]]:
        """Remove a style; return it and the boards that keep what it was, if they may be seen.

        Raises:
            BotError: There is none, or the viewer may not do this.

        """
        old = await self.to_change(name_or_id, viewer=viewer)
        boards = await self._store.styles.remove(old)
        await self._note(Act.STYLE_REMOVED, old.style.name, viewer)
        return old, await self._told(boards, viewer)

    async def _checked(self, typed: Mapping[str, str], viewer: Viewer) -> Style:
        """Return a style as it is kept."""
        rules = self._context.model_rules
        values = {
            "size": typed.get("size", ""),
            **dict(parse_values(typed.get("values", ""), rules)),
        }
        style = Style(
            name=style_name(typed["name"]),
            before=style_words(typed.get("before", ""), is_before=True),
            after=style_words(typed.get("after", "")),
            values=check_values(values, rules),
        )
        if style == Style(name=style.name):
            raise InvalidRequestError("The style does nothing: give it words, a size or a value.")
        texts = {"name": style.name, "style": [style.before, style.after]}
        await self._policy.check_texts(texts, viewer.scene)
        return style

    async def _told(self, board_ids: list[str], viewer: Viewer) -> list[Board]:
        """Let the messages of boards show what became of a style; return those that may be seen."""
        found = []
        for id_ in board_ids:
            await self._context.tell(id_)
            try:
                found.append(await self._boards.head(id_, viewer=viewer))
            except BotError:
                continue
        return found

    async def _note(self, act: Act, name: str, viewer: Viewer) -> None:
        assert viewer.guild_id is not None
        entry = AuditEntry(
            guild_id=viewer.guild_id, act=act, created_at=now(), by_id=viewer.user_id,
            by_name=viewer.user_name, words=name,
        )  # fmt: skip
        await self._log.note(entry)


def _may_not(what: str, viewer: Viewer) -> BotError:
    if viewer.guild_id is None:
        return BotError("Styles belong to a server that has invited me: use this there.")
    whose = "other people's styles" if what == "change" else "styles"
    return BotError(f"You may not {what} {whose} here: ask a moderator of this server to do it.")
