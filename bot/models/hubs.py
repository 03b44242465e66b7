"""The two hubs a model comes from, each through its own package, into one plain folder."""

from __future__ import annotations

import errno
import logging
import os
import re
from pathlib import Path
from typing import Final, Literal

from bot.errors import ModelFilesError

Source = Literal["modelscope", "huggingface"]

_ADDRESSES: Final = {
    "modelscope": "https://modelscope.cn",
    "huggingface": "https://huggingface.co",
}

_REASON_SHOWN: Final = 160  # characters
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DISK_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)

logger = logging.getLogger(__name__)


def share_cache(model_cache: Path) -> None:
    """Point both packages' own caches, locks and partial files into one folder.

    They read these variables when they are imported, so this comes before the first import.
    """
    os.environ["MODELSCOPE_CACHE"] = str(model_cache.resolve())
    os.environ["HF_HOME"] = str(model_cache.resolve())
    # The version check and the counters of both would be requests nobody asked for.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def other(source: Source) -> Source:
    """Return the other hub, the one to try when this one fails."""
    return "huggingface" if source == "modelscope" else "modelscope"


def fetch_file(
    source: Source, model_id: str, path: str, folder: Path, *, endpoint: str | None
) -> str | None:
    """Fetch one file to `folder / path`, continuing a partial one; both packages show a bar.

    Returns:
        The SHA-256 that the hub told beforehand, as Hugging Face does for large files; else None.

    Raises:
        ModelFilesError: The hub cannot be reached, does not have the file, or the line broke
            more often than the package tries.
        OSError: The disk is full or cannot be written.

    """
    fetch = _from_modelscope if source == "modelscope" else _from_hugging_face
    failures = _failures(source)
    try:
        return fetch(model_id, path, folder, endpoint)
    except failures as error:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            raise
        logger.debug("Fetching %s failed", path, exc_info=True)
        address = endpoint or _ADDRESSES[source]
        raise ModelFilesError(
            f"The file {path} of {model_id} could not be fetched from {address} "
            f"({_reason(error)}): check "
            "the network and run it again, it continues where it stopped, or try "
            f"MODEL_SOURCE={other(source)}."
        ) from error


def _reason(error: BaseException) -> str:
    """Return what the system or the hub said, below the words of the packages between.

    They wrap an error in others, and name their own classes and tries in the outer ones.
    """
    innermost: BaseException | None = error
    while innermost is not None:
        if isinstance(innermost, OSError) and innermost.strerror and innermost.errno:
            return innermost.strerror
        innermost = innermost.__cause__ or innermost.__context__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP {status}"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:_REASON_SHOWN]


def forget(folder: Path, path: str) -> None:
    """Remove what the packages remember of a broken file, so that it is fetched from its start."""
    _partial(folder, path).unlink(missing_ok=True)


def _partial(folder: Path, path: str) -> Path:
    """Name the part of a file that is here: ModelScope's name, so either hub continues it."""
    return folder / f"{path}.incomplete"


def _from_modelscope(model_id: str, path: str, folder: Path, endpoint: str | None) -> None:
    from modelscope.hub.file_download import model_file_download  # noqa: PLC0415 - takes seconds

    # The branch is named, or every file would first ask for the list of revisions.
    model_file_download(model_id, path, revision="master", local_dir=str(folder), endpoint=endpoint)


def _from_hugging_face(model_id: str, path: str, folder: Path, endpoint: str | None) -> str | None:
    """Fetch into a partial file that outlives this process.

    `hf_hub_download` gives every call its own temporary file and deletes it when the call fails:
    after a stop, 10 GB would begin at zero. Its own `http_get` takes a place to continue from.
    """
    from huggingface_hub import (  # noqa: PLC0415 - takes seconds
        get_hf_file_metadata,
        get_token,
        hf_hub_url,
    )
    from huggingface_hub.file_download import http_get  # noqa: PLC0415 - the same

    url = hf_hub_url(model_id, path, endpoint=endpoint)
    token = get_token()
    told = get_hf_file_metadata(url, token=token)
    size = told.size
    partial = _partial(folder, path)
    partial.parent.mkdir(parents=True, exist_ok=True)
    there = partial.stat().st_size if partial.exists() else 0
    if size is not None and there > size:
        partial.unlink()
        there = 0
    with partial.open("ab") as file:
        http_get(
            url,
            file,
            resume_size=there,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            expected_size=size,
            displayed_filename=path,
        )
    partial.replace(folder / path)
    return told.etag if told.etag and _SHA256.fullmatch(told.etag) else None  # of a large file


def _failures(source: Source) -> tuple[type[Exception], ...]:
    """Return what each package raises when a file cannot be had."""
    if source == "modelscope":
        from modelscope_hub.errors import HubError  # noqa: PLC0415 - the package of modelscope

        return (HubError, OSError)  # requests' own errors are OSErrors
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - takes seconds

    # Its HTTP client changed its name twice; the first base is that client's own root of errors.
    return (*HfHubHTTPError.__bases__, OSError, ValueError)
