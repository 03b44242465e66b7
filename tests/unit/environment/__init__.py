"""Tests of `bot.environment`."""
