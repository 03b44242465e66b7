"""What lies in a data folder: pictures, boards' copies and records, those in quarantine too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.domain.jobs import Generation, Job, JobSource, JobState, derived_id
from bot.domain.lineage import relation_of
from bot.domain.recipe import Recipe, RecipeError
from bot.domain.viewers import NO_CHANNEL
from bot.media.fingerprint import fingerprint
from bot.media.image_input import UnreadableImageError, read_picture_file
from bot.media.picture_files import COPY_NAME, IMAGE_NAME
from bot.services.restoration.options import RestoreOptions
from bot.storage.quarantine import Quarantine
from bot.storage.record_documents import Place, image_of, modified_at, read_record
from bot.storage.records import item_id_of, place_of
from bot.storage.restoration import NOBODY

_CONDITIONS = frozenset({
    "prompt_used", "num_inference_steps", "sigmas", "model", "revision", "dtype", "device",
    "torch", "diffusers", "transformers",
})  # fmt: skip


_PREFIX: Final = "[0-9a-f][0-9a-f]"  # of a hash: the folder that its file is in


class UnprovenFileError(Exception):
    """A file cannot prove what it is; the reason is a clause."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of a data folder.

    Attributes:
        images: By the SHA-256 of their pixels.
        records: Of images, by the SHA-256 of their pixels.
        copies: Of boards, by their names.
        items: Records of pictures on boards, by their ids.
        kept: Of `images` and `boards`, the folders that anything was ever kept in. What is missing
            in the others was not deleted: they are on a disk that is not mounted, or not copied
            here yet.

    """

    images: dict[str, Path]
    records: dict[str, dict[Place, Path]]
    copies: dict[str, Path]
    items: dict[str, Path]
    kept: frozenset[str]

    @classmethod
    def found(cls, data: Path, quarantine: Quarantine) -> Files:
        """Look for them; what is in its place goes before what is in quarantine."""
        files = cls(
            images={},
            records=defaultdict(dict),
            copies={},
            items={},
            kept=frozenset(
                name for name in ("images", "boards") if any((data / name).glob(_PREFIX))
            ),
        )
        for root in (data, *(folder for folder, _ in reversed(quarantine.by_day()))):
            files._look(root)
        return files

    def _look(self, root: Path) -> None:
        for path in _named(root / "images", "??/*.png"):
            if IMAGE_NAME.fullmatch(path.name):
                self.images.setdefault(path.stem, path)
        for path in _named(root / "records" / "images", "??/*.json"):
            if (found := place_of(path)) is not None:
                self.records[found[0]].setdefault(found[1], path)
        for path in _named(root / "boards", f"{_PREFIX}/*.*"):
            if COPY_NAME.fullmatch(path.name):
                self.copies.setdefault(path.name, path)
        for path in _named(root / "records" / "boards", "*.json"):
            if (item_id := item_id_of(path)) is not None:
                self.items.setdefault(item_id, path)

    @property
    def are_none(self) -> bool:
        """Tell whether there is nothing to make rows of."""
        return not (self.images or self.copies)


def _named(folder: Path, pattern: str) -> Iterator[Path]:
    return iter(sorted(folder.glob(pattern)))


def read_image_row(
    path: Path, record: Path | None, options: RestoreOptions, *, place: Path
) -> tuple[Job, Generation]:
    """Return the image that a file holds, proven by its pixels and its recipe.

    Args:
        path: Of the picture.
        record: Of its record; without one the file alone has to tell.
        options: Whom pictures without a record belong to.
        place: Where the picture belongs.

    Raises:
        UnprovenFileError: It does not prove what it is.
        RecordError: The record cannot be used.

    """
    try:
        picture = read_picture_file(path)
        recipe = picture.recipe
    except (UnreadableImageError, RecipeError) as error:
        raise UnprovenFileError(error.message) from error
    if picture.pixel_sha256 != path.stem:
        raise UnprovenFileError("its pixels are not those that it is named for")
    if recipe is None or picture.recipe_text is None:
        raise UnprovenFileError("it holds no recipe")
    if recipe.pixel_sha256 != picture.pixel_sha256:
        raise UnprovenFileError("its recipe tells of other pixels")
    if missing := _CONDITIONS - recipe.conditions.keys():
        raise UnprovenFileError(f"its recipe does not tell {min(missing)!r}")
    likeness = fingerprint(picture.image)
    if record is None:
        return _by_file_alone(
            recipe, options, path=path, place=place, text=picture.recipe_text, likeness=likeness
        )
    return image_of(
        read_record(record),
        recipe,
        path=place,
        recipe_text=picture.recipe_text,
        likeness=likeness,
    )


def _by_file_alone(
    recipe: Recipe,
    options: RestoreOptions,
    *,
    path: Path,
    place: Path,
    text: str,
    likeness: bytes,
) -> tuple[Job, Generation]:
    """Return an image of which only its file tells; its ids are the same every time."""
    at = modified_at(path)
    origin = JobSource(
        guild_id=options.guild_id,
        channel_id=NO_CHANNEL,
        user_id=options.user_id or NOBODY,
        user_name="?",
        locale="en-US",
        application_id=0,
        token=None,
        expires_at=at,
    )
    job = Job(
        id=derived_id(f"job {path.stem}"),
        requests=(recipe.request,),
        origin=origin,
        relation=relation_of(None, recipe.request),
        spoiler=False,
        created_at=at,
        state=JobState.POSTED,
    )
    generation = Generation(
        id=derived_id(path.stem),
        job_id=job.id,
        index=0,
        request=recipe.request,
        path=place,
        pixel_sha256=recipe.pixel_sha256,
        conditions=recipe.conditions,
        durations_s={},
        user_id=origin.user_id,
        guild_id=origin.guild_id,
        parent_id=None,
        created_at=at,
        relation=job.relation,
        channel_id=origin.channel_id,
        recipe_text=text,
        likeness=likeness,
    )
    return job, generation
