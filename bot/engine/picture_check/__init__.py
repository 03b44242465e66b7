"""Models that say how likely a picture is pornographic; they run on the CPU, whatever draws."""

from bot.engine.picture_check.classifier import MissingModelError as MissingModelError
from bot.engine.picture_check.classifier import PictureClassifier as PictureClassifier
from bot.engine.picture_check.open_nsfw import PACKAGE as PACKAGE
from bot.engine.picture_check.open_nsfw import is_installed as is_installed
