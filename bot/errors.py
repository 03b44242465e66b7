"""The tree of errors a user may be shown: each one is a single plain sentence."""

from __future__ import annotations


class BotError(Exception):
    """Say in one sentence what was wrong, with the value, and what would work.

    Everything that is *not* a `BotError` is a defect: it is logged with its trace and answered with
    one fixed sentence.
    """

    def __init__(self, message: str) -> None:
        """Keep the sentence."""
        super().__init__(message)
        self.message = message


class InvalidRequestError(BotError):
    """The request cannot be drawn as it was written: empty prompt, bad size, seed out of range."""


class SettingsError(BotError):
    """A setting of the environment or of `.env` has a value that cannot be used."""


class ModelFilesError(BotError):
    """The model is unknown, or its files are missing, broken or could not be fetched."""


class OutputPathError(BotError):
    """The place for an image cannot be written."""


class EngineError(BotError):
    """The engine could not make this image."""


class EngineOutOfMemoryError(EngineError):
    """Memory ran out, also on the cheaper way; the sentence carries the figures."""


class LoadFailedError(EngineError):
    """The bot cannot start because its model cannot be loaded; the sentence says why."""


class EngineLostError(EngineError):
    """The engine broke and no new one could be loaded: only a new process can draw."""


class BadImageError(EngineError):
    """The model returned NaN or one single colour: never shown, never stored."""


class DamagedPictureError(BotError):
    """The file of a picture that was kept here is gone, or is not what was kept."""

    def __init__(self, message: str, *, is_missing: bool) -> None:
        """Keep the sentence, and whether there is no file at all."""
        super().__init__(message)
        self.is_missing = is_missing


class CancelledError(BotError):
    """The requester stopped the job before it was finished."""


class AdapterFileError(BotError):
    """A LoRA's file is broken, of another model, or not a LoRA; the sentence says why."""


class MissingAdapterError(BotError):
    """The LoRA that a request names is not among the files here."""

    def __init__(self, name: str, sha256: str) -> None:
        """Say which, by its name and the first digits of its hash."""
        super().__init__(
            f"The LoRA {name} (SHA-256 {sha256[:12]}…) is not here, and without it the image would "
            "be another one: put its file into the folder of LoRAs again."
        )
