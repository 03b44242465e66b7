"""`python -m bot restore`: bring a data folder back whose database is damaged, gone or too old."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from bot.cli.common import Commands, guild_id, user_id
from bot.environment.streams import tell
from bot.errors import InvalidRequestError
from bot.services.bootstrap import alone_in
from bot.services.restoration import RestoreOptions, RestoreReport, restore
from bot.settings import Settings

_NAMED = 20  # files and ids that are listed


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "restore",
        help="bring the database back from a copy and from the pictures",
        description="Put a copy of the database in place, by default the best of those that are "
        "good, and make rows again for all pictures it does not know; without a copy, from the "
        "pictures alone. The old database is moved aside, never deleted. The bot must be "
        "stopped.",
    )
    parser.add_argument("copy", nargs="?", metavar="COPY", help="a copy in backups/, or any other")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--guild", metavar="ID", type=guild_id, help="the server of pictures that nobody knows of"
    )
    parser.add_argument("--user", metavar="ID", type=user_id, help="who asked for those pictures")
    parser.add_argument("--folder", metavar="FOLDER", help="the data folder (default: DATA_DIR)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Restore, and say what was done."""
    data = Path(options.folder) if options.folder is not None else settings.data_dir
    if not data.is_dir():
        raise InvalidRequestError(f"There is no folder {data}: name the one with the pictures.")
    wanted = RestoreOptions(
        copy=None if options.copy is None else Path(options.copy),
        guild_id=options.guild,
        user_id=options.user,
        is_dry=options.dry_run,
    )
    with (
        _only_warnings(settings),
        alone_in(settings.model_copy(update={"data_dir": data})),
        tqdm(unit="picture", desc="Pictures", file=sys.stderr, disable=None, leave=False) as bar,
    ):

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = asyncio.run(
            restore(data, wanted, quarantine_days=settings.quarantine_days, progress=show)
        )
    tell("\n".join(sentences(report, wanted)))
    return 0


@contextlib.contextmanager
def _only_warnings(settings: Settings) -> Iterator[None]:
    """Log nothing that the report says in plain words, unless everything is asked for."""
    log = logging.getLogger("bot")
    before = log.level
    if settings.log_level != "DEBUG":
        log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)


def sentences(report: RestoreReport, options: RestoreOptions) -> list[str]:
    """Return what was done, or would be."""
    lines = ["This is a dry run: nothing was changed."] if options.is_dry else []
    lines += [f"Skipped {path}: {reason}." for path, reason in report.skipped]
    lines.append(_source(report))
    if report.images:
        lines.append(f"{_pictures(report.images)} restored from {_its(report.images)}.")
    if report.unknown:
        lines.append(_unknown(report.unknown, options))
    if report.given:
        lines.append(f"{_pictures(report.given)} of an earlier restoration given away.")
    if report.deleted:
        lines.append(
            f"{_pictures(report.deleted)} of the copy {_has(report.deleted)} no file any more: "
            "marked as deleted."
        )
    if report.deletions:
        lines.append(
            f"{_pictures(report.deletions)} {_was(report.deletions)} being deleted: the next start "
            "goes on with that."
        )
    lines += _listed("The files of these images are lost; Same seed draws them again", report.lost)
    lines += _jobs(report)
    lines += _boards(report)
    lines += _listed(
        "These records cannot be used, so nobody is known to have asked for their pictures",
        report.damaged_records,
    )
    lines += _listed(
        "These files do not prove what they are and got no row; pictures go to the "
        "quarantine, which keeps them for QUARANTINE_DAYS",
        [f"{path}: {reason}" for path, reason in report.unproven],
    )
    if report.set_aside is not None:
        lines.append(f"The old database is in {report.set_aside}.")
    return lines


def _source(report: RestoreReport) -> str:
    if report.source is None:
        return (
            "There is no good database or copy: everything is made from the files alone. The key "
            "that signed recipes is lost, too: earlier pictures count as another installation's."
        )
    if not report.is_current:
        return f"The copy {report.source} is put in place."
    if report.is_alone:
        return f"The database {report.source} is in order without the log beside it, which is left."
    if report.changes_rows:
        return f"The database {report.source} is in order: what it lacks is added."
    return f"The database {report.source} is in order and lacks nothing."


def _unknown(count: int, options: RestoreOptions) -> str:
    if options.guild_id is None:
        seen = (
            "nobody sees them in Discord; run it again with --guild ID, or --user ID, to give them "
            "to somebody"
        )
    else:
        theirs = "" if options.user_id is None else f"user {options.user_id} and "
        seen = f"{theirs}moderators of server {options.guild_id} see them, as of a deleted channel"
    return f"{count} without a known requester: {seen}."


def _jobs(report: RestoreReport) -> list[str]:
    lines = []
    if report.ended:
        lines.append(f"{_jobs_words(report.ended)} of the copy had been drawn since: not again.")
    if report.given_up:
        lines.append(
            f"Of {_jobs_words(report.given_up)} of the copy nobody knows what became: whoever "
            "asked is told at the next start."
        )
    if report.source is None or not report.is_current:
        lines.append(
            "Not in any file, so lost where it is newer than the copy: jobs that waited, failed or "
            "were cancelled; votes, comments, names and rights of boards; the speed of this "
            "machine. What was taken off a board within a day may hang again."
        )
    return lines


def _boards(report: RestoreReport) -> list[str]:
    lines = []
    if report.items:
        lines.append(f"{_pictures(report.items)} hung up again on boards.")
    if report.boards:
        lines.append(
            f"Boards made again: {report.boards}. Who may see them is in no file: their owners and "
            "moderators do, until `/board allow` says otherwise."
        )
    if report.taken_off:
        lines.append(f"{_pictures(report.taken_off)} taken off boards: the copies are gone.")
    lines += _listed("The copies of these pictures on boards are lost", report.lost_items)
    if report.strays:
        lines.append(
            f"{_pictures(report.strays)} of boards belong to no board that is known: the next "
            "start moves them to the quarantine."
        )
    return lines


def _listed(head: str, found: list[str]) -> list[str]:
    if not found:
        return []
    more = [f"  and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return [f"{head}:", *(f"  {each}" for each in found[:_NAMED]), *more]


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _jobs_words(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"


def _its(count: int) -> str:
    return "its file" if count == 1 else "their files"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
