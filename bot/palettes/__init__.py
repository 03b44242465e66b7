"""The colours of pictures: found, named in two languages, and written for other programs."""

from bot.palettes.finding import merged, palette_of
from bot.palettes.naming import name_of, prompt_words
from bot.palettes.writing import ase, css, gpl, palette_json

__all__ = [
    "ase",
    "css",
    "gpl",
    "merged",
    "name_of",
    "palette_json",
    "palette_of",
    "prompt_words",
]
