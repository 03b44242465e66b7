"""The two hubs a model comes from, each through its own package, into one plain folder."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final, Literal

from bot.errors import ModelFilesError

Source = Literal["modelscope", "huggingface"]

_ADDRESSES: Final = {
    "modelscope": "https://modelscope.cn",
    "huggingface": "https://huggingface.co",
}

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
) -> None:
    """Fetch one file to `folder / path`, continuing a partial one; both packages show a bar.

    Raises:
        ModelFilesError: The hub cannot be reached, does not have the file, or the line broke
            more often than the package tries.

    """
    fetch = _from_modelscope if source == "modelscope" else _from_hugging_face
    failures = _failures(source)
    try:
        fetch(model_id, path, folder, endpoint)
    except failures as error:
        logger.debug("Fetching %s failed", path, exc_info=True)
        address = endpoint or _ADDRESSES[source]
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise ModelFilesError(
            f"The file {path} of {model_id} could not be fetched from {address} ({reason}): check "
            "the network and run it again, it continues where it stopped, or try "
            f"MODEL_SOURCE={other(source)}."
        ) from error


def forget(folder: Path, path: str) -> None:
    """Remove what the packages remember of a broken file, so that it is fetched from its start."""
    name = Path(path).name
    # Hugging Face keeps metadata and partial files beside the folder's own.
    for kept in (folder / ".cache" / "huggingface" / "download" / Path(path).parent).glob(
        f"{name}*"
    ):
        kept.unlink()
    for kept in (folder / path).parent.glob(f"{name}.*"):
        kept.unlink()


def _from_modelscope(model_id: str, path: str, folder: Path, endpoint: str | None) -> None:
    from modelscope.hub.file_download import model_file_download  # noqa: PLC0415 - takes seconds

    # The branch is named, or every file would first ask for the list of revisions.
    model_file_download(model_id, path, revision="master", local_dir=str(folder), endpoint=endpoint)


def _from_hugging_face(model_id: str, path: str, folder: Path, endpoint: str | None) -> None:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - takes seconds

    hf_hub_download(model_id, path, local_dir=folder, endpoint=endpoint)


def _failures(source: Source) -> tuple[type[Exception], ...]:
    """Return what each package raises when a file cannot be had."""
    if source == "modelscope":
        from modelscope_hub.errors import HubError  # noqa: PLC0415 - the package of modelscope

        return (HubError, OSError)  # requests' own errors are OSErrors
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - takes seconds

    # Its HTTP client changed its name twice; the first base is that client's own root of errors.
    return (*HfHubHTTPError.__bases__, ValueError)
