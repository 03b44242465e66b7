"""How prompts are indexed and looked for: words in any script, and facets beside them.

SQLite's full-text index knows words between spaces. Chinese has none, and an emoji is a word of its
own, so every such character is set apart before it is indexed; what is looked for is then a row of
characters. Facets are words too, in a column of their own: `g1` is a guild, `c2` a channel of it,
`s42` a seed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from bot.domain.image_kinds import KINDS, marks_of
from bot.domain.jobs import Generation
from bot.domain.search import Search
from bot.domain.viewers import Viewer

# Han, kana and hangul: scripts whose words touch. The rest of the world writes spaces.
_TOUCHING = re.compile(
    "[\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


CHANNELS_NAMED: Final = 200  # in a query; each makes it a little slower


def index_words(prompt: str) -> str:
    """Return a prompt with each character that is a word of its own set apart."""
    return "".join(f" {char} " if _stands_alone(char) else char for char in prompt)


def index_facets(generation: Generation) -> str:
    """Return what an image can be looked for by, beside its prompt."""
    request, day = generation.request, generation.created_at.strftime("%Y%m%d")
    place = _place(generation.guild_id, generation.user_id)
    if generation.guild_id is not None:
        place += f" c{generation.channel_id}"
    return (
        f"{place} u{generation.user_id} s{request.seed} z{request.size}"
        f" d{day[:4]} d{day[:6]} d{day} "
        + " ".join(
            marks_of(
                generation.relation,
                request.operation.kind,
                has_lora=bool(request.adapters),
                is_steered=request.control is not None,
            )
        )
    )


def match_expression(search: Search, viewer: Viewer) -> str:
    """Return the full-text query for a search by somebody.

    It names the channels that are hidden from them, or those that are not, so that the index skips
    what they may not see; all of `Viewer.sees` is asked of each row that is found.
    """
    facets = [_place(viewer.guild_id, viewer.user_id)]
    if search.user_id is not None:
        facets.append(f"u{search.user_id}")
    if search.seed is not None:
        facets.append(f"s{search.seed}")
    if search.size is not None:
        facets.append(f"z{search.size}")
    if search.date is not None:
        facets.append("d" + search.date.replace("-", ""))
    terms = [f'facets : "{facet}"' for facet in facets]
    if search.kind is not None:
        marks = " OR ".join(f'"{each}"' for each in KINDS[search.kind])
        terms.append(f"facets : ({marks})")
    terms += [f"words : {phrase}" for piece in search.words.split() for phrase in _phrases(piece)]
    found = " AND ".join(terms)
    if sees_little(viewer):
        return f"{found} AND {_in_channels(viewer.channels | viewer.gone)}"
    if 0 < len(viewer.hidden) <= CHANNELS_NAMED:
        return f"({found}) NOT {_in_channels(viewer.hidden)}"
    return found


def sees_little(viewer: Viewer) -> bool:
    """Tell whether it is quicker to look through what somebody may see than to leave out the rest.

    That is so where more channels are hidden from them than not.
    """
    num_seen = len(viewer.channels | viewer.gone)
    return num_seen < len(viewer.hidden) and num_seen <= CHANNELS_NAMED


def _in_channels(ids: Collection[int]) -> str:
    return "facets : (" + " OR ".join(f'"c{each}"' for each in sorted(ids) or (0,)) + ")"


def unindexed_pieces(search: Search) -> list[str]:
    """Return the words that no index knows, such as `%`: they must be looked for in the prompts."""
    return [piece for piece in search.words.split() if not _phrases(piece)]


def _phrases(piece: str) -> list[str]:
    """Return the phrases that a word without spaces stands for; the last may go on."""
    words = [word for word in index_words(piece).split() if any(map(_is_indexed, word))]
    phrases, row = [], ""
    for word in words:
        if _stands_alone(word[0]):
            row += f" {word}"
            continue
        phrases += [f'"{row.strip()}"'] if row else []
        row = ""
        phrases.append('"' + word.replace('"', '""') + '"*')
    return [*phrases, *([f'"{row.strip()}"'] if row else [])]


def _stands_alone(char: str) -> bool:
    return _TOUCHING.match(char) is not None or unicodedata.category(char) == "So"


def _is_indexed(char: str) -> bool:
    """Tell whether the index takes a character; the categories are those of the migration."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category in {"Co", "So"}


def _place(guild_id: int | None, user_id: int) -> str:
    """Return the facet of whose an image is: a guild's, or a user's own."""
    return f"g{guild_id}" if guild_id is not None else f"p{user_id}"
