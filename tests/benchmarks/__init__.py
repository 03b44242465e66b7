"""Figures: each module is a command that prints some, with what they were measured on."""

from bot.cli.common import let_threads_sleep, let_torchao_be_quiet

let_torchao_be_quiet()
let_threads_sleep()  # as the bot does; before a benchmark imports torch
