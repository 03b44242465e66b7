"""How a request lies in a row of `requests` or `generations`.

What people search for, sort by or look up with `sqlite3` has a column of its own. All else of its
document is one column of JSON, so that a new field needs neither a migration nor another query.
"""

from __future__ import annotations

import json
from typing import Any, Final

import aiosqlite

from bot.domain.requests import ImageRequest

_OWN_COLUMNS: Final = (
    "prompt", "seed", "width", "height", "quality", "guidance_scale", "variety", "variety_scale",
)  # fmt: skip
_REST: Final = "other_fields"
REQUEST_COLUMNS: Final = (*_OWN_COLUMNS, _REST)


def request_values(request: ImageRequest) -> tuple[Any, ...]:
    """Return what `REQUEST_COLUMNS` hold of a request."""
    document = request.to_json()
    own = [document.pop(name) for name in _OWN_COLUMNS]
    return (*own, json.dumps(document, ensure_ascii=False))


def request_of(row: aiosqlite.Row) -> ImageRequest:
    """Return the request that a row of `requests` or `generations` holds."""
    own = {name: row[name] for name in _OWN_COLUMNS}
    return ImageRequest.from_json({**json.loads(row[_REST]), **own})
