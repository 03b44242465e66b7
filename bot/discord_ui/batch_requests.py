"""What braces and files of prompts ask for, as requests: checked whole before any is queued."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.discord_ui.attachments import Attachment, fetch
from bot.discord_ui.sources import in_time
from bot.discord_ui.submission import bot_of, origin_of
from bot.discord_ui.viewers import viewer_here
from bot.domain.batches import Batch, BatchKind, combined
from bot.domain.permutations import Permutation
from bot.domain.prompt_files import (
    MAX_FILE_BYTES,
    PromptFile,
    PromptRowsError,
    read_prompt_file,
    too_long,
)
from bot.domain.requests import PROMPT, SEED, ImageRequest, clean_prompt, joined, random_seed
from bot.domain.variations import series
from bot.errors import BotError, InvalidRequestError

NO_WORDS: Final = "-"  # of a prompt beside a file: nothing is put before its rows

# Makes a request of what was typed, by the names of the options.
Build = Callable[[Mapping[str, Any]], Awaitable[ImageRequest]]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The images that somebody asks for, and what these have to do with each other."""

    requests: Sequence[ImageRequest]
    batch: Batch | None = None


async def combinations_of(
    interaction: discord.Interaction, given: Mapping[str, Any], build: Build, *, count: int
) -> Wanted:
    """Return what was typed once for each combination of its braces, all with one seed.

    With a count, each is drawn with so many seeds: they are one more thing to choose from.

    Raises:
        BotError: Braces do not work, or ask for too many images.

    """
    permutation = Permutation.of(given)
    if not permutation.patterns:
        return Wanted(requests=series(await build(permutation.typed), count))
    await _check_count(interaction, BatchKind.COMBINATIONS, permutation.count * count)
    seed = {} if given.get(SEED.option) is not None else {SEED.option: random_seed()}
    firsts = [await build({**each, **seed}) for each in permutation.combinations()]
    labels = list(permutation.labels)
    if count > 1:
        labels.append(tuple(f"seed {each.seed}" for each in series(firsts[0], count)))
    requests = [each for first in firsts for each in series(first, count)]
    if len(requests) == 1:  # of choices that are all the same, one is left
        return Wanted(requests=requests)
    batch, requests = combined(clean_prompt(given[PROMPT.option]), labels, requests)
    return Wanted(requests=requests, batch=batch)


async def rows_of(
    interaction: discord.Interaction,
    attachment: Attachment,
    given: Mapping[str, Any],
    build: Build,
    *,
    count: int,
) -> Wanted:
    """Return what a file asks for; what a row does not say is as typed into the command.

    Raises:
        PromptRowsError: Some rows do not work; the sentence names them.
        BotError: The file cannot be had or read, or asks for too many images.

    """
    bot = bot_of(interaction)
    if attachment.size_bytes > MAX_FILE_BYTES:  # before anything of it is fetched
        raise too_long(attachment.name, attachment.size_bytes)
    content = await in_time(interaction, lambda: fetch(bot, attachment))
    file = read_prompt_file(content, attachment.name)
    num_rows = len(file.rows) + len(file.wrong)
    await _check_count(interaction, BatchKind.PROMPTS, num_rows * count)
    firsts, wrong = await _built(file, given, build)
    lines = [line for line in firsts for _ in range(count)]
    requests = [each for first in firsts.values() for each in series(first, count)]
    refused = await bot.service.jobs.refusals(
        requests, origin_of(interaction), viewer=viewer_here(interaction)
    )
    if refused and len(refused) == len(requests) and len(set(map(str, refused.values()))) == 1:
        raise refused[0]  # it is no single row's fault
    wrong = {**{lines[i]: error.message for i, error in refused.items()}, **wrong}
    if wrong:
        raise PromptRowsError(attachment.name, wrong)
    return Wanted(requests=requests, batch=Batch(kind=BatchKind.PROMPTS, title=attachment.name))


async def _check_count(interaction: discord.Interaction, kind: BatchKind, count: int) -> None:
    """Refuse too many images before any request is made; that is counted like other refusals."""
    service, scene = bot_of(interaction).service, viewer_here(interaction).scene
    try:
        service.policy.check_batch(kind, count, scene)
    except BotError as error:
        await service.usage.count_refusal(error, scene)
        raise


async def _built(
    file: PromptFile, given: Mapping[str, Any], build: Build
) -> tuple[dict[int, ImageRequest], dict[int, str]]:
    """Return a request of each row by its line, and what is wrong with the others."""
    firsts, wrong = {}, dict(file.wrong)
    words = given[PROMPT.option].strip()
    before = "" if words == NO_WORDS else words
    for row in file.rows:
        typed = {**given, **row.typed}
        typed[PROMPT.option] = joined(before, row.typed.get(PROMPT.option, ""))
        try:
            firsts[row.line] = await build(typed)
        except InvalidRequestError as error:
            wrong[row.line] = error.message
    return firsts, wrong


def check_one_size(typed: str | None, own: str | None) -> None:
    """Refuse a size of one image among others that begin with the same source.

    Args:
        typed: Of that image.
        own: Of the command.

    Raises:
        InvalidRequestError: They are not the same.

    """
    if typed != own:
        raise InvalidRequestError(
            "All images begin with one source, so they have one size: give it once, as the "
            "command's own size."
        )
