"""LoRAs and their relatives: reading every format, and putting them into a model's weights.

`formats.py` and what it uses say what is in a file without torch, so a file can be checked in a
moment; `merge.py` changes weights.
"""
