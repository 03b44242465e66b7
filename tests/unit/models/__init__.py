"""Tests of `bot.models`."""
