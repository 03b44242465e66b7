"""At the end: compare what was asked, the database, the files and what Discord showed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from simcord.backend.cdn import CDN_BASE

from bot.services import POISON_SENTENCE
from bot.storage.requests import request_of
from bot.storage.restoration import FATE_UNKNOWN
from tests.support.chaos.crowd import Crowd, Wish
from tests.support.chaos.observer import MessageObserver, SeenMessage
from tests.support.discord_server.backend import WireBackend
from tests.support.discord_server.rules import Nonces
from tests.support.discord_server.stand_in import pixels_of

ENDS = {"posted", "failed", "cancelled"}
# What an image may fail with, and the word in its prompt that asked for it.
DESERVED = (
    (re.compile(re.escape(POISON_SENTENCE)), re.compile(r"poison:raise")),
    (re.compile(r"The model returned no picture \(NaN\).*"), re.compile(r"poison:nan")),
)
NOWHERE = re.compile(r"The image .* is made and kept, but I may not post .*")


@dataclass(kw_only=True)
class Findings:
    """What was counted, and every sentence about something that is wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{name:44}{count:7}" for name, count in sorted(self.counts.items())]
        return "\n".join([*lines, *(f"WRONG: {sentence}" for sentence in self.wrong)])


class Auditor:
    """Read-only; the bot is stopped."""

    def __init__(
        self,
        data_dir: Path,
        observer: MessageObserver,
        crowd: Crowd,
        backend: WireBackend,
        *,
        nonces: Nonces,
        restored_after: int = 0,
        others_before: int = 0,
    ) -> None:
        """`nonces`: those of the messages that the bot posted.

        `restored_after`: how many wishes there were when the database was restored last.

        `others_before`: how many other things had been asked by then.

        A restoration knows nothing of jobs without an image: they are in no file.
        """
        self._data = data_dir
        self._observer = observer
        self._crowd = crowd
        self._backend = backend
        self._restored_after = restored_after
        self._others_before = others_before
        self._found = Findings()
        self._copies = (
            {row["message_id"] for row in self._rows("SELECT * FROM copies")}
            | {
                message_id
                for asked in crowd.shows
                for message_id in (asked._interaction.message_id, *_ids(asked.followups))
            }
            | {
                message_id  # an answer that only its channel could still take
                for asked in crowd.shows
                for message_id in nonces.made_with(f"zib{asked._interaction.id}-")
            }
        )
        self._jobs = {row["id"]: row for row in self._rows("SELECT * FROM jobs")}
        self._generations = self._rows("SELECT * FROM generations")
        self._prompts = {
            row["job_id"]: row["prompt"]
            for row in self._rows(
                "SELECT job_id, prompt, min(position) FROM requests GROUP BY job_id"
            )
        }

    def _rows(self, sql: str) -> list[sqlite3.Row]:
        with contextlib.closing(sqlite3.connect(self._data / "bot.sqlite3")) as db:
            db.row_factory = sqlite3.Row
            return db.execute(sql).fetchall()

    def audit(self) -> Findings:
        """Return everything that was found."""
        self._found.counts["asked to bring back"] = self._crowd.num_undone
        self._check_wishes()
        self._check_jobs()
        self._check_files()
        self._check_images()
        self._check_shown()
        self._check_promises()
        self._check_temporary()
        for kind in (
            "lost jobs", "lost images", "posted twice", "rows without file", "files without row",
            "wrong images", "not answered", "given up without fault", "deleted and still shown",
            "still thinking", "temporary files",
        ):  # fmt: skip
            self._found.counts.setdefault(kind, 0)
        return self._found

    def _wrong(self, kind: str, sentence: str) -> None:
        self._found.counts[kind] += 1
        self._found.wrong.append(f"{kind}: {sentence}")

    # Whoever asked is answered

    def _check_wishes(self) -> None:
        imagined = {
            " ".join(self._prompts[job_id].split()[:3]): job
            for job_id, job in self._jobs.items()
            if job["relation"] == "imagine"
        }
        for wish in self._crowd.wishes:
            self._found.counts["asked with /imagine"] += 1
            self._check_wish(wish, imagined.get(wish.words))

    def _check_wish(self, wish: Wish, job: sqlite3.Row | None) -> None:
        if job is not None:
            if (job["user_id"], job["channel_id"]) != (wish.user_id, wish.channel_id):
                self._wrong("wrong images", f"job {job['id']} is not of whoever asked")
            return
        if not wish.asked.acknowledged:
            # Discord itself says so at once: "The application did not respond."
            self._found.counts["asked while the bot was down"] += 1
        elif wish.asked.ephemeral:
            self._found.counts["refused in private"] += 1
        elif wish.number <= self._restored_after:
            self._found.counts["without an image when the database was lost"] += 1
        else:
            self._wrong("lost jobs", f"{wish.words} was acknowledged and never written down")

    def _check_jobs(self) -> None:
        for job in self._jobs.values():
            self._found.counts[f"jobs {job['state']}"] += 1
            if job["state"] not in ENDS:
                self._wrong("lost jobs", f"job {job['id']} is still {job['state']}")
            elif not job["is_told"]:
                self._wrong("not answered", f"job {job['id']} {job['state']}, nobody was told")
            elif job["state"] == "failed" and not self._was_told(job):
                self._wrong("not answered", f"job {job['id']} failed in silence: {job['error']}")
            if job["error"] == FATE_UNKNOWN and self._is_forgotten(job):
                self._found.counts["given up when the database was lost"] += 1
            elif job["error"] is not None and not self._is_deserved(job):
                self._wrong("given up without fault", f"job {job['id']}: {job['error']}")

    def _is_forgotten(self, job: sqlite3.Row) -> bool:
        """Tell whether no file and no message could say what became of a job.

        It waited, was cancelled or failed, or its images are deleted.
        """
        prompt = self._prompts[job["id"]]
        # **Same seed** has the prompt of another job.
        others = {each["id"] for each in self._generations if each["job_id"] != job["id"]}
        return not any(
            seen.shown - others and seen.deleted_at is None and prompt in seen.texts[-1]
            and key not in self._copies
            for key, seen in self._observer.messages.items()
        )  # fmt: skip

    def _is_deserved(self, job: sqlite3.Row) -> bool:
        """Tell whether a job failed, in whole or in part, for a reason that is known."""
        error, prompt = job["error"], self._prompts[job["id"]]
        if NOWHERE.fullmatch(error):
            return job["state"] == "failed" and self._is_closed(job["channel_id"])
        return any(why.fullmatch(error) and asked.search(prompt) for why, asked in DESERVED)

    def _is_closed(self, channel_id: int) -> bool:
        """Tell whether a channel is gone, or a thread that somebody has locked."""
        channel = self._backend.channels.get(channel_id)
        if channel is None:
            return True
        return channel.thread_metadata is not None and channel.thread_metadata.locked

    def _was_told(self, job: sqlite3.Row) -> bool:
        said = self._observer.said
        return said(self._prompts[job["id"]], "⚠️") or said("⚠️", job["error"])

    # Promised answers

    def _check_promises(self) -> None:
        """Nobody looks at "thinking…" for ever, unless its token died or its rows were lost."""
        asked = [*(wish.asked for wish in self._crowd.wishes), *self._crowd.other_asked]
        now = self._backend.now_iso()
        for each in asked:
            promise = each._interaction
            if not promise.loading or promise.message_id not in self._messages_of(promise):
                continue
            if promise.expires_at is not None and promise.expires_at <= now:
                self._found.counts["thinking behind a dead token"] += 1
            elif self._is_closed(promise.channel_id):  # nobody may change a message there
                self._found.counts["thinking in a locked thread"] += 1
            elif promise.id <= self._last_id_before_restoration():
                self._found.counts["thinking when the database was lost"] += 1
            else:
                self._wrong("still thinking", f"the answer to {promise.command_name or 'a press'}")

    def _messages_of(self, promise: Any) -> Any:
        return self._backend.messages.get(promise.channel_id, {})

    def _last_id_before_restoration(self) -> int:
        asked = [wish.asked for wish in self._crowd.wishes[: self._restored_after]]
        asked += self._crowd.other_asked[: self._others_before]
        return max((each._interaction.id for each in asked), default=0)

    def _check_temporary(self) -> None:
        for path in (self._data / "tmp").glob("*"):
            self._wrong("temporary files", path.name)

    # Files and rows

    def _check_files(self) -> None:
        trash = {row["generation_id"] for row in self._rows("SELECT * FROM trash")}
        kept = {
            g["pixel_sha256"]
            for g in self._generations
            if g["deleted_at"] is None or g["id"] in trash
        }
        files = {path.stem: path for path in (self._data / "images").rglob("*.*")}
        self._found.counts["images kept"] = len(kept)
        for sha in kept - files.keys():
            self._wrong("rows without file", sha)
        for sha in files.keys() - kept:
            self._wrong("files without row", files[sha].name)
        for sha in kept & files.keys():
            if _pixel_sha256(files[sha].read_bytes()) != sha:
                self._wrong("wrong images", f"the file {sha} has other pixels")

    # Images in Discord

    def _check_images(self) -> None:
        by_job: dict[str, list[sqlite3.Row]] = {}
        for generation in self._generations:
            by_job.setdefault(generation["job_id"], []).append(generation)
            self._check_generation(generation)
        for job_id, job in self._jobs.items():
            if job["state"] == "posted" and not by_job.get(job_id):
                self._wrong("lost jobs", f"job {job_id} is posted without an image")

    def _check_shown(self) -> None:
        """Whatever a message still shows has a row, unless somebody wanted it deleted."""
        known = {generation["id"] for generation in self._generations}
        for message_id, seen_message in self._observer.messages.items():
            if (
                seen_message.is_private
                or seen_message.deleted_at is not None
                or message_id in self._crowd.deleted
            ):
                continue
            for image in seen_message.images.keys() - known:
                self._wrong("lost images", f"image {image} is in message {message_id} only")

    def _check_generation(self, generation: sqlite3.Row) -> None:
        job = self._jobs[generation["job_id"]]
        sights = self._observer.showing(generation["id"])
        first = {
            key: seen_message for key, seen_message in sights.items() if key not in self._copies
        }
        if generation["deleted_at"] is not None:
            self._check_gone(generation, sights)
        elif job["state"] == "posted" and not first:
            self._wrong("not answered", f"image {generation['id']} is in no message")
        self._check_once(generation, first)
        for seen_message in first.values():
            self._check_sight(generation, job, seen_message)

    def _check_gone(self, generation: sqlite3.Row, sights: dict[int, SeenMessage]) -> None:
        """Look whether a deleted image is still shown, but where its deleter knows that."""
        self._found.counts["images deleted"] += 1
        name = generation["id"]
        for key, seen_message in sights.items():
            if seen_message.deleted_at is not None or name not in seen_message.shown:
                continue
            if self._is_closed(seen_message.channel_id) and self._observer.said(name, f"/{key}"):
                self._found.counts["told that a picture stays"] += 1
            else:
                self._wrong("deleted and still shown", f"image {name} in message {key}")

    def _check_once(self, generation: sqlite3.Row, sights: dict[int, SeenMessage]) -> None:
        for earlier, later in itertools.pairwise(sights.values()):
            shown = later.images[generation["id"]]
            if earlier.deleted_at is None or earlier.deleted_at > shown:
                self._wrong("posted twice", f"image {generation['id']} in messages {list(sights)}")

    def _check_sight(
        self, generation: sqlite3.Row, job: sqlite3.Row, seen_message: SeenMessage
    ) -> None:
        name = generation["id"]
        self._found.counts["images posted"] += 1
        self._found.counts["images posted of braces and files"] += job["batch"] is not None
        if seen_message.channel_id != job["channel_id"]:
            self._wrong("wrong images", f"image {name} is in another channel")
        if f"<@{job['user_id']}>" not in seen_message.texts[-1]:
            self._wrong("wrong images", f"image {name} names another requester")
        expected = _stand_in_sha256(generation)
        if generation["pixel_sha256"] != expected:
            self._wrong("wrong images", f"image {name} is not what was asked for")
        attached = self._attached(seen_message)
        is_there = (
            bool(attached) if job["batch"] else expected in attached
        )  # a sheet shows them all
        if name in seen_message.shown and not is_there:
            self._wrong("wrong images", f"image {name} is not attached to its message")

    def _attached(self, seen_message: SeenMessage) -> set[str]:
        """Return the hashes of the pixels attached to a message."""
        cdn = self._backend.cdn
        paths = (
            each["url"].split("?")[0].removeprefix(cdn.base) for each in seen_message.attachments
        )
        blobs = (cdn.get(CDN_BASE + path) for path in paths)
        return {_pixel_sha256(blob) for blob in blobs if blob is not None}


def _ids(messages: Iterable[Any]) -> list[int]:
    return [message.id for message in messages]


def _pixel_sha256(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()


def _stand_in_sha256(row: sqlite3.Row) -> str:
    return pixels_of(request_of(row)).pixel_sha256
