"""The colours of pictures: found, named in two languages, and written for other programs."""

from bot.media.palettes.colour_names import name_of, prompt_words
from bot.media.palettes.extraction import merged, palette_of
from bot.media.palettes.palette_files import ase, css, gpl, palette_json
from bot.media.palettes.strip import draw_strip

__all__ = [
    "ase",
    "css",
    "draw_strip",
    "gpl",
    "merged",
    "name_of",
    "palette_json",
    "palette_of",
    "prompt_words",
]
