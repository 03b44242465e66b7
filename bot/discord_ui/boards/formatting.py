"""What is said of boards and their pictures in messages: safe to show, whoever typed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.discord_ui.formatting import escaped, isolated, shortened, user_mention
from bot.domain.boards import Access, Item, ItemLabel, ItemStatus, LogEntry, Swatch
from bot.locales import text
from bot.media.palettes import name_of

NAME_SHOWN: Final = 80  # characters
CAPTION_SHOWN: Final = 90
TAGS_SHOWN: Final = 250
DETAIL_SHOWN: Final = 60
_QUOTING: Final = frozenset({
    "captioned", "credited", "tagged", "untagged", "commented", "added", "removed",
})  # fmt: skip
STATUS_SIGNS: Final = {
    ItemStatus.CANDIDATE: "⚪",
    ItemStatus.SHORTLIST: "🔷",
    ItemStatus.APPROVED: "✅",
    ItemStatus.REJECTED: "✖️",
}


def board_name(name: str, *, limit: int = NAME_SHOWN) -> str:
    """Return a board's name so that nothing in it is a mention, a link or a format."""
    return escaped(name, limit=limit)


def item_name(item: Item | ItemLabel) -> str:
    """Return a picture's number and words, as plain text."""
    words = item.caption or item.prompt or item.credit
    return f"{item.number} · {isolated(words)}" if words else str(item.number)


def item_title(item: Item, *, limit: int = CAPTION_SHOWN) -> str:
    """Return a picture's number and words for a message."""
    words = item.caption or item.prompt
    return f"**{item.number}**" + (f" · {escaped(words, limit=limit)}" if words else "")


def status_name(status: ItemStatus, locale: str) -> str:
    """Return a status with its sign."""
    return f"{STATUS_SIGNS[status]} {text(f'exhibit_{status.value}', locale)}"


def access_name(access: Access, locale: str) -> str:
    """Return the name of an access level."""
    return text(f"board_access_{access.name.lower()}", locale)


def log_line(activity: LogEntry, locale: str) -> str:
    """Return an activity on a board as one line."""
    return text(
        f"board_log_{activity.verb}",
        locale,
        user=user_mention(activity.user_id),
        number=activity.number,
        detail=_detail(activity.verb, activity.detail, locale),
    )


def _detail(verb: str, detail: str, locale: str) -> str:
    """Return the details of an activity, to follow its verb."""
    if not detail:
        return ""
    match verb:
        case "status":
            said = text("board_log_to", locale, detail=text(f"exhibit_{detail}", locale))
        case "moved":
            said = text("board_log_before", locale, detail=detail)
        case "granted" | "revoked":
            said = ": " + _granted(detail, locale)
        case "edited":
            names = [text(f"board_field_{each}", locale) for each in detail.split(", ")]
            said = text("board_log_list", locale, detail=text("list_comma", locale).join(names))
        case "channel_gone":
            said = text("board_log_closed", locale)
        case _ if verb in _QUOTING:
            said = text("board_log_quote", locale, detail=escaped(detail, limit=DETAIL_SHOWN))
        case _:
            said = ""
    return said


def _granted(detail: str, locale: str) -> str:
    kind, subject, *access = detail.split(" ")
    who = f"<@{subject}>" if kind == "member" else f"<@&{subject}>"
    level = f" ({text(f'board_access_{access[0]}', locale)})" if access else ""
    return who + level


def swatch_lines(swatches: Sequence[Swatch], locale: str) -> list[str]:
    """Return a palette as lines: hex to copy, name, share."""
    return [
        f"`{swatch.hex}` {name_of(swatch.rgb, locale)} · {swatch.share:.0%}" for swatch in swatches
    ]


def hex_line(swatches: Sequence[Swatch]) -> str:
    """Return a palette's hex values in one line."""
    return " ".join(f"`{swatch.hex}`" for swatch in swatches)


def tags_line(item: Item) -> str:
    """Return a picture's tags."""
    return shortened(" ".join(f"#{escaped(tag, limit=30)}" for tag in item.tags), TAGS_SHOWN)


def option_label(item: Item) -> str:
    """Return a picture as the label of a select's option, which is plain text."""
    return shortened(item_name(item), 100)
