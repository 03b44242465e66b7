"""Real-ESRGAN, where the extra `upscale` is installed: makes a picture 2 or 4 times as large."""

from bot.engine.upscaler.weights import EXTRA as EXTRA
from bot.engine.upscaler.weights import PACKAGE as PACKAGE
from bot.engine.upscaler.weights import MissingWeightsError as MissingWeightsError
from bot.engine.upscaler.weights import check_installed as check_installed
from bot.engine.upscaler.weights import check_weights as check_weights
from bot.engine.upscaler.weights import is_installed as is_installed
