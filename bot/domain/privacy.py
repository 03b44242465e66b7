"""What is known of a person, and their order to erase it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NOBODY = 0  # stands where the id of somebody was who had it erased


@dataclass(frozen=True, kw_only=True)
class ErasureOrder:
    """Somebody's order to erase what is known of them.

    Attributes:
        locale: Their language.
        takes_off: Whether their pictures leave the boards, too; else these keep them unnamed.
        asked_at: What came later is not touched.
        done_at: When all of it was carried out; the order is kept until no copy of the database
            is left that is older, so that a restored one forgets again.

    """

    user_id: int
    locale: str
    takes_off: bool
    asked_at: dt.datetime
    done_at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class OwnPicture:
    """A picture of somebody for their copy of their data.

    Attributes:
        name: In the archive, without a suffix.

    """

    name: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """All that is known of a person.

    Attributes:
        sections: The rows about them, by what they are: `jobs`, `images`, `comments` …
        pictures: The files of their images, the newest first.

    """

    sections: Mapping[str, Sequence[Mapping[str, object]]]
    pictures: Sequence[OwnPicture]


@dataclass(frozen=True, kw_only=True)
class DataOverview:
    """What is known of a person, counted.

    Attributes:
        counts: How many rows there are of each section that has any.
        num_servers: In how many servers.
        ordered_at: Since when it is being erased.

    """

    counts: Mapping[str, int]
    num_servers: int
    ordered_at: dt.datetime | None = None
