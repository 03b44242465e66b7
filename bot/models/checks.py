"""Looking for broken files: by their headers, and by their checksums."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from bot.engine.weight_files import (
    STEMS,
    SUFFIX,
    WeightFileError,
    check_content,
    find_weights,
    read_json,
)
from bot.engine.weight_headers import read_header
from bot.models.checksums import checksum_fault, known_checksum
from bot.models.model_folder import REQUIRED, FileProblem, FileProgress, ModelFiles

_TOKENIZER: Final = "tokenizer/tokenizer.json"
_MAX_PARSED_BYTES: Final = 1_000_000  # one of 11 MB takes longer than all other checks


def quick_problems(folder: Path, single: Collection[str] = ()) -> list[FileProblem]:
    """Find what is missing, or shorter or longer than it says itself; weights are not read.

    Only what is loaded is looked at: what systems and tools leave in a folder is none of a model's,
    nor are its own weights of parts that are in single files.
    """
    return [
        FileProblem(path=error.path, reason=error.reason)
        for error in (*_broken_configurations(folder), *_broken_weights(folder, single))
    ]


def _broken_configurations(folder: Path) -> Iterator[WeightFileError]:
    for path in REQUIRED:
        file = folder / path
        try:
            check_content(file, path)
            if path != _TOKENIZER or file.stat().st_size <= _MAX_PARSED_BYTES:
                read_json(file, path)
        except WeightFileError as error:
            yield error


def _broken_weights(folder: Path, single: Collection[str]) -> Iterator[WeightFileError]:
    for part in STEMS:
        if part in single:
            continue
        try:
            files = find_weights(folder, part).files
        except WeightFileError as error:
            yield error
            continue
        for file in files:
            try:
                read_header(file, f"{part}/{file.name}")
            except WeightFileError as error:
                yield error


def check_tensors(files: ModelFiles) -> None:
    """See that the weights fit the configurations, as the engine does before it loads them.

    Imports torch, which takes seconds; weights are not read.

    Raises:
        ModelFilesError: They do not; the sentence is the engine's.

    """
    from bot.engine.checked_model import open_checked_model  # noqa: PLC0415 - torch takes seconds

    open_checked_model(files.folder, files.weights)


def verify(files: ModelFiles, *, progress: FileProgress | None = None) -> list[FileProblem]:
    """Compare every file with its checksum, where one is known, then with its own header."""
    paths = sorted({*files.manifest, *loaded(files)})
    known = ((path, known_checksum(files, path)) for path in paths)
    problems = (
        problem(files.path_of(path), path, checksum, progress)
        for path, checksum in known
        if checksum is not None
    )
    found = [each for each in problems if each is not None]
    return found or quick_problems(files.folder, files.weights)


def unproven(files: ModelFiles) -> list[str]:
    """Return the files that are loaded, but of which no checksum is known."""
    return [path for path in loaded(files) if known_checksum(files, path) is None]


def loaded(files: ModelFiles) -> list[str]:
    """Return the files of a complete model that are loaded."""
    weights = (
        path
        for part in STEMS
        if part not in files.weights
        for path in find_weights(files.folder, part).paths
    )
    return [*REQUIRED, *weights, *(f"{part}/{file.name}" for part, file in files.weights.items())]


def problem(
    file: Path, path: str, checksum: str | None, progress: FileProgress | None
) -> FileProblem | None:
    """Look at one file, hash it and compare; without a checksum its own header has to do.

    `path` is what it is called.
    """
    try:
        check_content(file, path)
        if file.suffix == SUFFIX:
            read_header(file, path)
    except WeightFileError as error:
        return FileProblem(path=path, reason=error.reason)
    if checksum is None:
        return None
    fault = checksum_fault(file, path, checksum, progress)
    return None if fault is None else FileProblem(path=path, reason=fault)
