"""What the engine is measured against: plain diffusers, matrix rates, a model of the full size.

For `python -m bot bench` and the tests only; no image of the bot is made here.
"""
