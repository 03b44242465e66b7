"""Mood boards: `/board`, its buttons, and what happens to its channels."""
