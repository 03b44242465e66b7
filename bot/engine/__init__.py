"""Drawing: the only package that imports torch, diffusers and transformers."""

from bot.engine.protocol import Engine as Engine
