"""Tests of `bot.execution`."""
