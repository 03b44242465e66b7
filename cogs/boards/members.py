"""Who may do what on a board: `/board members` and `/board allow`; and what a star does."""

from __future__ import annotations

from typing import Final, Literal

import discord
from discord import app_commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.choice import BoardCommand, boards_of, head_of, suggest_boards
from bot.discord_ui.boards.formatting import access_name, board_name
from bot.discord_ui.boards.people import member_viewer_of
from bot.discord_ui.content import Content, sentence
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import user_mention
from bot.discord_ui.refusals import RefusalError
from bot.domain.boards import Access, Board, Grant, StarRule
from bot.locales import text

AccessName = Literal["nothing", "look", "add", "curate", "own"]
_ACCESS: Final = {
    "nothing": Access.NONE,
    "look": Access.LOOK,
    "add": Access.ADD,
    "curate": Access.CURATE,
    "own": Access.OWN,
}


@app_commands.command(name="members", description="Who may do what on a board")
@app_commands.describe(board="Which board")
@app_commands.autocomplete(board=suggest_boards)
async def members(interaction: discord.Interaction, board: str | None = None) -> None:
    """List them, in private."""
    found = await head_of(interaction, board)
    await _present(interaction, found)


@app_commands.command(name="allow", description="Say what a member, a role or everyone may do")
@app_commands.describe(
    who="A member or a role; @everyone for all members",
    access="nothing takes back what was given; everyone may do at least what @everyone may",
    board="Which board",
)
@app_commands.autocomplete(board=suggest_boards)
async def allow(
    interaction: discord.Interaction,
    who: discord.Member | discord.Role,
    access: AccessName,
    board: str | None = None,
) -> None:
    """Give or take back what somebody may do."""
    found, boards = await head_of(interaction, board), boards_of(interaction)
    viewer = await member_viewer_of(interaction)
    await defer(interaction)
    level = _ACCESS[access]
    kind: Literal["member", "role"] = "role" if isinstance(who, discord.Role) else "member"
    if isinstance(who, discord.Role) and who.is_default():
        if level is Access.OWN:
            raise RefusalError("board_not_everyones")
        found = await boards.edit(found.id, viewer=viewer, everyone=level)
    elif level is Access.NONE:
        found = await boards.revoke(found.id, viewer=viewer, kind=kind, subject_id=who.id)
    else:
        grant = Grant(kind=kind, subject_id=who.id, access=level)
        found = await boards.grant(found.id, grant, viewer=viewer)
    await _present(interaction, found)


async def _present(interaction: discord.Interaction, board: Board) -> None:
    locale = str(interaction.locale)
    lines = [
        text("board_members_title", locale, name=board_name(board.name)),
        f"{user_mention(board.owner_id)} · {access_name(Access.OWN, locale)}",
        *(f"{_subject(grant)} · {access_name(grant.access, locale)}" for grant in board.grants),
        text("board_members_everyone", locale, access=access_name(board.everyone, locale)),
        "-# " + text("board_members_moderators", locale),
    ]
    if board.channel_id is not None and board.everyone is Access.NONE:
        lines.append("-# " + text("board_members_pinned", locale, channel=f"<#{board.channel_id}>"))
    await Answer.to(interaction).give(Content(view=views.notice("\n".join(lines))))


def _subject(grant: Grant) -> str:
    return user_mention(grant.subject_id) if grant.kind == "member" else f"<@&{grant.subject_id}>"


@app_commands.command(name="star", description="Let a ⭐ under a picture hang it on a board")
@app_commands.describe(
    enabled="Whether stars do that in this server",
    board="The board for stars in channels that are no board",
)
@app_commands.autocomplete(board=suggest_boards)
async def star(interaction: discord.Interaction, enabled: bool, board: str | None = None) -> None:  # noqa: FBT001 - a command's option
    """Turn stars on or off for this server."""
    locale, viewer = str(interaction.locale), await member_viewer_of(interaction)
    found = await head_of(interaction, board) if enabled and board else None
    await defer(interaction)
    stars = StarRule(board_id=None if found is None else found.id) if enabled else None
    await boards_of(interaction).set_stars(stars, viewer=viewer)
    key = "board_star_off" if stars is None else "board_star_on"
    if found is not None:
        key = "board_star_to"
    name = "" if found is None else board_name(found.name)
    await Answer.to(interaction).give(sentence(text(key, locale, name=name)))


COMMANDS: Final[tuple[BoardCommand, ...]] = (members, allow, star)
