"""The stages of an image, each one file: text, start, encode, denoise, blend, decode.

`bot.engine.pipeline` runs them in this order, over either backend; `bot.engine.operations` decides
what goes into them.
"""
