"""The folders of LoRAs: which files there are, what they are called, and their hashes."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from bot.domain.loras import NO_LORAS_SENTENCE, Lora, UnknownLoraError, plain_name
from bot.domain.plain_text import quoted
from bot.domain.requests import Adapter
from bot.engine.adapters.shapes import ModelShapes, shapes_of_folder
from bot.engine.weight_files import SUFFIX, WeightFileError, is_clutter
from bot.engine.weight_headers import read_whole_header
from bot.errors import (
    AdapterFileError,
    BotError,
    InvalidRequestError,
    MissingAdapterError,
    ModelFilesError,
)
from bot.models.lora_facts import facts_of, read_notes

logger = logging.getLogger(__name__)

HASHES_NAME: Final = "loras.json"  # in the data folder
_HUGE: Final = 4 * 1024**3  # bytes; no LoRA has as many
_CHUNK: Final = 2**20
_MOST_FILES: Final = 10_000
_NAMED: Final = 5  # of those that may be meant
_FEWEST_DIGITS: Final = 8  # of a hash that other programs write
_PICTURES: Final = (".png", ".webp", ".jpg", ".jpeg")


# Size, time of the last change, hash; the revision of the model that it was tried with, and why it
# does not fit that.
_Kept = tuple[int, int, str, str, str]


@dataclass(frozen=True, kw_only=True)
class ModelWeights:
    """A model whose weights LoRAs change."""

    folder: Path
    revision: str

    def shapes(self) -> ModelShapes:
        """Return what they may change; raises ModelFilesError."""
        return shapes_of_folder(self.folder)


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file as it was last seen."""

    path: Path
    folder: Path
    size: int
    mtime_ns: int
    lora: Lora

    @property
    def is_unread(self) -> bool:
        return self.lora.sha256 is None and not self.lora.fault

    @property
    def stamp(self) -> tuple[str, int, int]:
        return str(self.path), self.size, self.mtime_ns


class LoraFolder:
    """The LoRAs of some folders.

    Names and headers are read at once; a file is hashed when it is first wanted, or by `hash_next`.
    Hashes are kept in a file, by path, size and time of the last change. All methods may be called
    on any thread; those that read the disk say so.
    """

    def __init__(
        self,
        *folders: Path,
        hashes: Path | None = None,
        samples: Path | None = None,
        model: ModelWeights | None = None,
        reads_when_asked: bool = True,
    ) -> None:
        """Read nothing yet.

        Args:
            *folders: Of two files of one name, that of the first folder has the name.
            hashes: Where they are kept; None keeps them in memory.
            samples: Where pictures are kept that were drawn to show them.
            model: What they have to fit; None looks at no weights.
            reads_when_asked: False where `find` may not read the disk: then it knows what `refresh`
                and `hash_next` have found.

        """
        self.folders = tuple(each.absolute() for each in folders)
        self._hashes, self._samples = hashes, samples
        self._model = model
        self._reads_when_asked = reads_when_asked
        self._lock = threading.RLock()
        self._files: tuple[_File, ...] = ()
        self._kept: dict[str, _Kept] = {}  # by path
        self._kept_at = 0
        self._is_read = False

    # What there is, from memory

    @property
    def all(self) -> list[Lora]:
        """Return all that were found, by name, broken ones too."""
        return sorted((each.lora for each in self._named()), key=lambda lora: lora.name.casefold())

    @property
    def num_unread(self) -> int:
        """Return how many files have no hash yet."""
        return sum(each.is_unread for each in self._files)

    def find(self, name: str) -> Lora:
        """Return a LoRA by its name, the beginning of it, or its name without its folder.

        Raises:
            UnknownLoraError: There is none, or there are several.
            InvalidRequestError: It is broken or not read yet.

        """
        if self._reads_when_asked and not self._is_read:
            self.refresh()
        found = self._meant(plain_name(name))
        if found.is_unread and self._reads_when_asked:
            found = self._hashed(found)
        if found.lora.fault:
            raise InvalidRequestError(
                f"The LoRA {found.lora.name} cannot be used: {found.lora.fault}."
            )
        if found.is_unread:
            raise InvalidRequestError(
                f"The LoRA {found.lora.name} is read for the first time: try again in a moment."
            )
        return found.lora

    def _meant(self, name: str) -> _File:
        known = {each.lora.name.casefold(): each for each in self._named()}
        if not known:
            raise UnknownLoraError(NO_LORAS_SENTENCE)
        wanted = name.casefold().removesuffix(SUFFIX)
        if wanted in known:
            return known[wanted]
        for is_meant in (_is_last_part, str.startswith):
            found = [key for key in known if wanted and is_meant(key, wanted)]
            if len(found) == 1:
                return known[found[0]]
            if found:
                named = _listed([known[each].lora.name for each in found])
                raise UnknownLoraError(
                    f"The LoRA {quoted(name)} could be any of {named}: write the whole name."
                )
        close = difflib.get_close_matches(wanted, known, n=_NAMED)
        usable = sorted(key for key, each in known.items() if not each.lora.fault)
        named = _listed([known[each].lora.name for each in close or usable or sorted(known)])
        raise UnknownLoraError(
            f"There is no LoRA {quoted(name)} here: "
            + (f"{named} may be meant." if close else f"use {named}.")
        )

    def with_hash(self, digits: str) -> Lora | None:
        """Return the LoRA whose hash, of all or of its weights alone, begins with some digits."""
        wanted = digits.casefold().removeprefix("0x")
        if len(wanted) < _FEWEST_DIGITS:
            return None
        return next(
            (
                each.lora
                for each in self._named()
                if each.lora.sha256 is not None
                and any(h.startswith(wanted) for h in (each.lora.sha256, each.lora.weights_hash))
            ),
            None,
        )

    def _named(self) -> Iterator[_File]:
        """Return the files that have a name of their own."""
        seen: set[str] = set()
        for each in self._files:
            key = each.lora.name.casefold()
            if key not in seen:
                seen.add(key)
                yield each

    # What reads the disk

    def refresh(self) -> None:
        """Look which files there are, and read the headers of new ones."""
        with self._lock:
            self._read_hashes()
            before = {each.stamp: each for each in self._files}
            found = [
                before.get((str(path), stat.st_size, stat.st_mtime_ns))
                or self._opened(folder, path, stat)
                for folder, path, stat in self._present()
            ]
            names = Counter(each.path.stem.casefold() for each in found)
            self._files = tuple(self._with_name(each, names) for each in found)
            self._is_read = True

    def _present(self) -> Iterator[tuple[Path, Path, os.stat_result]]:
        """Yield the files of all folders, with their folder."""
        count, seen = 0, set[str]()
        for folder in self.folders:
            for root, folders, names in os.walk(folder, followlinks=True):
                real = os.path.realpath(root)
                folders[:] = sorted(each for each in folders if not is_clutter(each))
                if real in seen:  # a link that leads back
                    folders.clear()
                    continue
                seen.add(real)
                for name in sorted(names):
                    path = Path(root, name)
                    if path.suffix.casefold() != SUFFIX or is_clutter(name):
                        continue
                    count += 1
                    if count > _MOST_FILES:
                        return
                    with contextlib.suppress(OSError):  # it has just gone
                        yield folder, path, path.stat()

    def _opened(self, folder: Path, path: Path, stat: os.stat_result) -> _File:
        """Read a header; a broken one is named, and harms no other."""
        lora, size = Lora(name=path.stem, size_bytes=stat.st_size), stat.st_size
        try:
            header = read_whole_header(path, path.name)
            lora = replace(lora, **facts_of(header, read_notes(path)))
        except WeightFileError as error:
            lora = replace(lora, fault=f"it is {error.reason}")
        kept = self._kept.get(str(path))
        if kept is not None and kept[:2] == (size, stat.st_mtime_ns) and not lora.fault:
            sha256, model, fault = kept[2:]
            if self._model is None or self._model.revision == model:
                lora = replace(lora, sha256=sha256, fault=fault if self._model else "")
        return _File(path=path, folder=folder, size=size, mtime_ns=stat.st_mtime_ns, lora=lora)

    def _with_name(self, file: _File, names: Counter[str]) -> _File:
        name = file.path.stem
        if names[name.casefold()] > 1:
            name = file.path.relative_to(file.folder).with_suffix("").as_posix()
        return replace(file, lora=replace(file.lora, name=plain_name(name)))

    def hash_next(self) -> bool:
        """Hash a file that was not hashed yet; return whether there was one."""
        for each in self._files:
            if each.is_unread:
                try:
                    self._hashed(each)
                except InvalidRequestError as error:
                    why = error.message.partition(": ")[2].rstrip(".")
                    self._replace(each, fault=f"it cannot be read ({why})")
                    logger.warning("%s", error.message)
                return True
        return False

    def _hashed(self, file: _File) -> _File:
        """Hash a file.

        Raises:
            InvalidRequestError: It cannot be read.

        """
        try:
            digest, fault = self._read(file.path)
            stat = file.path.stat()
        except OSError as error:
            raise InvalidRequestError(
                f"The LoRA {file.lora.name} cannot be read: {error.strerror or error}."
            ) from error
        if (stat.st_size, stat.st_mtime_ns) != (file.size, file.mtime_ns):
            raise InvalidRequestError(
                f"The LoRA {file.lora.name} changed while it was read: try again when it is whole."
            )
        with self._lock:
            revision = "" if self._model is None else self._model.revision
            self._kept[str(file.path)] = (file.size, file.mtime_ns, digest, revision, fault)
            self._keep_hashes()
            return self._replace(file, sha256=digest, fault=fault)

    def _read(self, path: Path) -> tuple[str, str]:
        """Return the hash of a file, and why it does not fit the model."""
        if self._model is None:
            return _sha256(path), ""
        # They import numpy, which commands that only name the folder do without.
        from bot.engine.adapters.content import read_content  # noqa: PLC0415
        from bot.engine.adapters.formats import mapped  # noqa: PLC0415

        try:
            content = read_content(path)
            with contextlib.suppress(ModelFilesError):  # then the model is the one that is broken
                mapped(content, self._model.shapes())
        except AdapterFileError as error:
            is_huge = path.stat().st_size > _HUGE  # a whole model, which nobody will ask for
            return "" if is_huge else _sha256(path), error.message.partition(": ")[2].rstrip(".")
        return content.sha256, ""

    def _replace(self, file: _File, **facts: str) -> _File:
        """Note something new about a file."""
        with self._lock:
            changed = replace(file, lora=replace(file.lora, **facts))  # type: ignore[arg-type]
            files = self._files
            self._files = tuple(changed if each.stamp == file.stamp else each for each in files)
        return changed

    def path(self, sha256: str) -> Path:
        """Return a file by its hash, whatever it is called by now; reads what it has to.

        Raises:
            MissingAdapterError: It is not here.

        """
        if (known := self._known_path(sha256)) is not None:
            return known
        self.refresh()
        if (known := self._known_path(sha256)) is not None:
            return known
        for each in self._files:
            if each.is_unread:
                with contextlib.suppress(InvalidRequestError):
                    if self._hashed(each).lora.sha256 == sha256:
                        return each.path
        raise MissingAdapterError(self._name_once(sha256), sha256)

    def check(self, adapters: Sequence[Adapter]) -> None:
        """Refuse LoRAs whose files are not here; reads no file whole.

        Raises:
            MissingAdapterError: One of them is not.
            BotError: One of them may be among files that are not read yet.

        """
        if all(self._known_path(each.sha256) is not None for each in adapters):
            return
        self.refresh()
        for each in adapters:
            if self._known_path(each.sha256) is not None:
                continue
            if self._reads_when_asked:
                self._named_path(each)
            elif self.num_unread:
                raise BotError(
                    f"The LoRA {each.name} may be among {self.num_unread} files that are read for "
                    "the first time: try again in a moment."
                )
            else:
                raise MissingAdapterError(each.name, each.sha256)

    def _named_path(self, adapter: Adapter) -> Path:
        try:
            return self.path(adapter.sha256)
        except MissingAdapterError as error:
            raise MissingAdapterError(adapter.name, adapter.sha256) from error

    def check_now(self, adapters: Sequence[Adapter]) -> None:
        """Refuse LoRAs whose files are not here, and read whole what has to be.

        Raises:
            MissingAdapterError: One of them is not.

        """
        for each in adapters:
            self._named_path(each)

    def picture(self, sha256: str) -> Path | None:
        """Return the picture beside a file, as other programs keep it, or else its sample."""
        for file in self._files:
            if file.lora.sha256 == sha256:
                stem = file.path.with_suffix("")
                for suffix in (*_PICTURES, *(f".preview{each}" for each in _PICTURES)):
                    if (path := stem.with_name(stem.name + suffix)).is_file():
                        return path
        sample = self.sample_path(sha256)
        return sample if sample is not None and sample.is_file() else None

    def sample_path(self, sha256: str) -> Path | None:
        """Return where a picture is kept that was drawn to show a LoRA with this model."""
        if self._samples is None or self._model is None:
            return None
        model = hashlib.sha256(self._model.revision.encode()).hexdigest()[:8]
        return self._samples / f"{sha256}-{model}.webp"

    def _known_path(self, sha256: str) -> Path | None:
        """Return the path of a file that was hashed and has not changed since."""
        for each in self._files:
            if each.lora.sha256 == sha256:
                with contextlib.suppress(OSError):
                    stat = each.path.stat()
                    if (stat.st_size, stat.st_mtime_ns) == (each.size, each.mtime_ns):
                        return each.path
        return None

    def _name_once(self, sha256: str) -> str:
        """Return what a file was called that is not here any more."""
        paths = [Path(path) for path, (_, _, digest, *_) in self._kept.items() if digest == sha256]
        return plain_name(paths[-1].stem) if paths else sha256[:8]

    def _read_hashes(self) -> None:
        """Read the hashes that were kept, also those that another process added."""
        if self._hashes is None:
            return
        try:
            stat = self._hashes.stat()
            if stat.st_mtime_ns == self._kept_at:
                return
            found = json.loads(self._hashes.read_text(encoding="utf-8"))
            self._kept |= {
                path: (int(size), int(mtime_ns), str(digest), str(model), str(fault))
                for path, (size, mtime_ns, digest, model, fault) in found.items()
            }
            self._kept_at = stat.st_mtime_ns
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as error:
            logger.warning("The hashes of LoRAs are computed anew: %s", error)

    def _keep_hashes(self) -> None:
        """Write the hashes down; where that fails, they are only computed again."""
        if self._hashes is None:
            return
        part = self._hashes.with_name(f".{self._hashes.name}.{uuid4().hex}")
        try:
            self._hashes.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self._kept, indent=0, ensure_ascii=False), encoding="utf-8")
            part.replace(self._hashes)
        except OSError as error:
            logger.warning("The hashes of LoRAs are not kept: %s", error)
            part.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _is_last_part(name: str, wanted: str) -> bool:
    return name.endswith(f"/{wanted}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
