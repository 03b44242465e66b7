"""Break the bot on purpose, hundreds of times, and look whether anything was lost."""
