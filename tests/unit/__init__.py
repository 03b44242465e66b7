"""Parts by themselves; the folders are those of `bot/`."""
