"""What other image generators write into their files, read without trust.

The sd-parsers library (0.6) was tried and is not used: files that somebody made up let it raise, or
search for hours (a regular expression that backtracks), it needs over a gigabyte to look into an
alpha channel, and it does not know SwarmUI, XMP or a ComfyUI graph without its picture.
"""

from bot.media.metadata.adoption import LeftOut, Takeover, take_over
from bot.media.metadata.parameters import ToolMetadata
from bot.media.metadata.read import read_tool_metadata
from bot.media.metadata.source import PictureClaims, read_source

__all__ = [
    "LeftOut",
    "PictureClaims",
    "Takeover",
    "ToolMetadata",
    "read_source",
    "read_tool_metadata",
    "take_over",
]
