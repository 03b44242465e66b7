"""Weights in one file a part, as ComfyUI and llama.cpp have them, read as diffusers' modules.

`files.py` and `gguf_header.py` read what is in a file, and `recognition.py` tells of which parts;
these import no torch. `scales.py` tells how 8-bit values are meant, `plan.py` which tensor of the
file becomes which of the module, and `content.py` makes it.
"""
