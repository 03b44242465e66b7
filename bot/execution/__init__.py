"""Where images are drawn: one engine on one thread of its own, and the watch over it."""
