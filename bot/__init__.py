"""The bot itself: it knows how an image is made, kept and found, but no single command."""

__version__ = "0.2.0"
