"""Tests of `bot.media`."""
