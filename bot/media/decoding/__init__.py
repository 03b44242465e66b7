"""Decoding pictures of unknown origin within a limit of memory."""

from bot.media.decoding.file import FORMATS, PictureFile, open_picture
from bot.media.decoding.pixels import MAX_PIXELS, MAX_UNPACKED_BYTES, Pixels, TooLargeError, decode

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "MAX_UNPACKED_BYTES",
    "PictureFile",
    "Pixels",
    "TooLargeError",
    "decode",
    "open_picture",
]
