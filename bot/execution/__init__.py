"""Where images are drawn: slots, each with an engine and a watch over it."""
