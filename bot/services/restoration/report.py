"""What a restoration did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(kw_only=True)
class RestoreReport:
    """What was found and done.

    Attributes:
        source: The database that everything began with; None where there were only files.
        is_current: Whether that is the one in use, which is in order.
        is_alone: Whether the log beside that is not its own, and was left out.
        skipped: Databases that are not good, each with the reason.
        images: How many pictures got a row again.
        unknown: How many of them nobody is known to have asked for.
        given: How many of an earlier restoration were given to somebody.
        deleted: How many rows were marked deleted, as their files were deleted after the copy.
        deletions: How many images were on their way out, which the next start goes on with.
        moved: How many images are in another message than the copy says.
        lost: Ids of images whose files are gone although nobody deleted them.
        unproven: Files that got no row, each with the reason.
        damaged_records: Why records could not be used, whose pictures count as nobody's.
        ended: How many unfinished jobs of the copy were found finished.
        given_up: How many others were given up, and their requesters will be told.
        items: How many pictures hang on boards again.
        boards: How many boards had to be made again for that.
        taken_off: How many pictures were taken off boards, as their copies are gone.
        lost_items: Ids of pictures on boards whose copies are gone although nobody took them off.
        strays: How many copies belong to no board that is known.
        set_aside: Where the earlier database was moved.

    """

    source: Path | None
    is_current: bool = False
    is_alone: bool = False
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    images: int = 0
    unknown: int = 0
    given: int = 0
    deleted: int = 0
    deletions: int = 0
    moved: int = 0
    lost: list[str] = field(default_factory=list)
    unproven: list[tuple[Path, str]] = field(default_factory=list)
    damaged_records: list[str] = field(default_factory=list)
    ended: int = 0
    given_up: int = 0
    items: int = 0
    boards: int = 0
    taken_off: int = 0
    lost_items: list[str] = field(default_factory=list)
    strays: int = 0
    set_aside: Path | None = None

    @property
    def changes_rows(self) -> bool:
        """Tell whether the database is another one than before."""
        pictures = self.images or self.given or self.deleted or self.deletions or self.moved
        boards, jobs = self.items or self.taken_off, self.ended or self.given_up
        return bool(not self.is_current or self.is_alone or pictures or boards or jobs)
