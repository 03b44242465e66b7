"""`/imagine`: a prompt and its options become a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.attachments import Attachment
from bot.discord_ui.batch_question import ANSWER_TEMPLATE, UNASKED, ask
from bot.discord_ui.batch_requests import Wanted, check_one_size, combinations_of, rows_of
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content
from bot.discord_ui.forms import form_entries, refuse, request_fields, values_in
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.loras import prepare_loras, scaled_lora, suggest_loras
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.refused_options import changeable
from bot.discord_ui.request_options import request_options
from bot.discord_ui.sources import Source, map_from_file, source_from_file
from bot.discord_ui.styles import style_or_none, suggest_styles
from bot.discord_ui.submission import bot_of, submit
from bot.discord_ui.viewers import viewer_here
from bot.domain.batches import BatchKind
from bot.domain.forms import Form
from bot.domain.plain_text import shortened
from bot.domain.requests import (
    FIELDS,
    MAX_SCALE,
    PROMPT,
    SIZE,
    Axis,
    ImageRequest,
    ModelRules,
    Size,
)
from bot.engine.tokens import MAX_PROMPT_TOKENS, TooManyTokensError
from bot.errors import BotError, InvalidRequestError
from bot.locales import text
from bot.media.control_pictures import MapPicture
from bot.media.source_pictures import Fit

GALLERY: Final = 4  # images that are shown one by one; more are on a sheet
CHOICE_LENGTH: Final = 100  # characters that Discord allows in a suggestion


class Imagine(commands.Cog):
    """The command everything begins with."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Draw an image from words")
    @app_commands.describe(
        count="How many images, with the seeds seed, seed+1, …; from 5 on one numbered sheet",
        spoiler="Hide the image until it is clicked",
        plain="Leave out the words and the size that this channel's board and this server add",
        source="A picture to begin with; the prompt says what becomes of it",
        mask="What of the source is drawn: white on black, painted red, or transparent",
        lora_scale="How strongly, -2 to 2, of one LoRA without a number of its own; 1 is usual",
        fit="How a source of another shape is brought to the size: crop, or pad with white",
        control="A picture whose shapes the image is to follow, or a ready map of them",
        control_kind="What is followed: made of the picture, or of a ready map (depth, pose, mlsd)",
        prompts="A text, CSV or JSON-lines file, an image a row; the prompt goes before, - is none",
    )
    @request_options(
        "prompt",
        "size",
        "seed",
        "quality",
        "count",
        "style",
        "lora",
        "lora_scale",
        "source",
        "strength",
        "mask",
        "fit",
        "control",
        "control_kind",
        "control_scale",
        ...,
        "prompts",
        "spoiler",
        "plain",
    )
    async def imagine(  # noqa: PLR0913 - Discord's options
        self,
        interaction: discord.Interaction,
        *,
        count: app_commands.Range[int, 1, 9] = 1,
        spoiler: bool = False,
        plain: bool = False,
        lora_scale: app_commands.Range[float, -MAX_SCALE, MAX_SCALE] | None = None,
        source: discord.Attachment | None = None,
        mask: discord.Attachment | None = None,
        fit: Literal["crop", "pad"] = "crop",
        control: discord.Attachment | None = None,
        control_kind: Literal["canny", "scribble", "gray", "depth", "pose", "mlsd"] | None = None,
        prompts: discord.Attachment | None = None,
        **given: Any,  # noqa: ANN401 - the fields of a request
    ) -> None:
        """Queue what was asked for; where it is refused, what was typed comes back as a form."""
        in_form = {field.option for field, _ in form_entries()}
        chosen = {name: value for name, value in given.items() if value is not None}
        typed = {name: str(value) for name, value in chosen.items() if name in in_form}
        options = {name: value for name, value in chosen.items() if name not in in_form}
        options |= {"count": count, "spoiler": spoiler, "plain": plain}
        if lora_scale is not None:
            options["lora_scale"] = lora_scale
        if source is not None:
            options |= {"source": asdict(Attachment.of(source)), "fit": fit}
        if mask is not None:
            options |= {"mask": asdict(Attachment.of(mask))}
        if control is not None:
            options |= {"control": asdict(Attachment.of(control)), "fit": fit}
        if control_kind is not None:
            options |= {"control_kind": control_kind}
        if prompts is not None:  # what is wrong in a file cannot be changed in a form
            await draw(interaction, typed, {**options, "prompts": asdict(Attachment.of(prompts))})
            return
        try:
            await draw(interaction, typed, options)
        except BotError as error:
            locale = str(interaction.locale)
            typed = changeable(typed, options, bot_of(interaction).service.model_rules)
            usual = await usual_values(interaction, options)
            fields = request_fields({**usual, **typed}, locale)
            title = text("imagine_title", locale)
            await refuse(interaction, error, "imagine", title, fields, options=options)

    @imagine.autocomplete("size")
    async def suggest_sizes(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer what the user drew lately, then the named sizes, then what they are typing."""
        service = bot_of(interaction).service
        recent = await service.jobs.recent_sizes(viewer=viewer_here(interaction))
        return size_choices(service.model_rules, recent, typed)

    @imagine.autocomplete("lora")
    async def suggest_loras(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the LoRAs that are here."""
        return await suggest_loras(interaction, typed)

    @imagine.autocomplete("style")
    async def suggest_styles(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the styles that can be named here."""
        return await suggest_styles(interaction, typed)


async def draw(
    interaction: discord.Interaction,
    typed: Mapping[str, str],
    options: Mapping[str, Any],
    *,
    is_confirmed: bool = False,
) -> None:
    """Queue what was typed into the command, or into the form that came of it.

    Where braces ask for more than a handful of images, their user is asked first.

    Raises:
        BotError: Something of it does not work, or there is no room.

    """
    wanted, source, steering = await _wanted(interaction, typed, options)
    requests, batch = wanted.requests, wanted.batch
    is_many = batch is not None and len(requests) > UNASKED
    if is_many and batch is not None and batch.kind is BatchKind.COMBINATIONS and not is_confirmed:
        await ask(interaction, requests, batch, typed, options)
        return
    axis = Axis.SEEDS if batch is None and len(requests) > GALLERY else None
    pictures = () if source is None else source.pictures
    try:
        await submit(
            interaction,
            requests,
            spoiler=options["spoiler"]
            or any(each is not None and each.is_spoiler for each in (source, steering)),
            sources=pictures if steering is None else (*pictures, steering.picture),
            axis=axis,
            batch=batch,
        )
    except TooManyTokensError as error:
        if not requests[0].style or batch is not None or error.noun != PROMPT.noun:
            raise
        limit = MAX_PROMPT_TOKENS
        raise RefusalError("style_too_long", tokens=error.tokens, limit=limit) from error


async def _wanted(
    interaction: discord.Interaction, typed: Mapping[str, str], options: Mapping[str, Any]
) -> tuple[Wanted, Source | None, MapPicture | None]:
    """Return what was typed as requests, the source that all begin with, and the map."""
    service, viewer = bot_of(interaction).service, viewer_here(interaction)
    book = await service.styles.book(viewer=viewer, is_plain=options["plain"])
    own_size, file = typed.get("size", "").strip() or None, options.get("prompts")
    others = {field.option: options.get(field.option) for field in FIELDS}
    given = {**others, **values_in(typed), "prompt": typed["prompt"], "size": own_size}
    if file is not None or others["style"]:  # which may name LoRAs
        await service.loras.prepare()
    style = style_or_none(book, others["style"])
    shared = book.applied({"prompt": typed["prompt"], "size": own_size, "style": style})
    await prepare_loras(service, others["lora"] or shared.get("lora"), typed["prompt"])
    source = await _source(interaction, options, shared.get("size"))
    size = shared.get("size") if source is None else str(source.size)
    steering = await _steering(interaction, options, size)
    picture = steering or source

    async def build(values: Mapping[str, Any]) -> ImageRequest:
        lora = scaled_lora(values.get("lora"), options.get("lora_scale"))
        styled = book.applied({**values, "lora": lora})
        if picture is not None:
            check_one_size(values.get("size"), own_size)
            styled["size"] = str(picture.size)
        request = ImageRequest.parse(rules=service.model_rules, **styled)
        request = request if source is None else source.begin(request)
        return request if steering is None else steering.steer(request)

    count = options["count"]
    if file is None:
        wanted = await combinations_of(interaction, given, build, count=count)
    else:
        wanted = await rows_of(interaction, Attachment(**file), given, build, count=count)
    return wanted, source, steering


class BatchButton(AnswerableItem[Button], template=ANSWER_TEMPLATE):
    """The buttons under the question whether to draw all combinations."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Draw them once, or not at all."""
        forms = bot_of(interaction).service.forms
        form = await forms.claim(self.match["form"], interaction.user.id)
        if form is None:
            raise RefusalError("batch_over")
        if self.match["answer"] == "drop":
            words = text("batch_dropped", str(interaction.locale))
            await Answer.to(interaction).update(Content(view=views.notice(words)))
            return
        try:
            subject = form.subject
            await draw(interaction, subject["typed"], subject["options"], is_confirmed=True)
        except Exception:
            await forms.release(form.id)
            raise


async def _source(
    interaction: discord.Interaction, options: Mapping[str, Any], size: str | None
) -> Source | None:
    """Return what the command was given to begin with.

    Raises:
        BotError: It does not work, or there is a mask for nothing.

    """
    mask = options.get("mask")
    if options.get("source") is None:
        if mask is not None:
            raise InvalidRequestError(
                "The mask belongs to no picture: give the source that it is for, too."
            )
        return None
    return await source_from_file(
        interaction,
        Attachment(**options["source"]),
        size=size,
        fit=Fit(options["fit"]),
        mask=None if mask is None else Attachment(**mask),
    )


async def _steering(
    interaction: discord.Interaction, options: Mapping[str, Any], size: str | None
) -> MapPicture | None:
    """Return the map that the command was given to steer the images.

    Raises:
        BotError: It does not work, or there is a kind of nothing.

    """
    control = options.get("control")
    return await map_from_file(
        interaction,
        None if control is None else Attachment(**control),
        options.get("control_kind"),
        size=size,
        fit=Fit(options.get("fit", Fit.CROP)),
    )


async def send_form(interaction: discord.Interaction, form: Form) -> None:
    """Queue what was changed after a refusal."""
    await draw(interaction, form.typed, form.subject["options"])


async def usual_values(interaction: discord.Interaction, options: dict[str, Any]) -> dict[str, str]:
    """Return what a form shows where nothing was typed; an empty seed is a random one.

    A style that is not there is the reason of the refusal, and left out from then on.
    """
    service, viewer = bot_of(interaction).service, viewer_here(interaction)
    rules = service.model_rules
    usual = {
        each.option: each.show(each.read(None, rules)) for each in FIELDS if each.usual is not None
    }
    usual[SIZE.option] = SIZE.show(rules.default)
    book = await service.styles.book(viewer=viewer, is_plain=options["plain"])
    style = options["style"] = style_or_none(book, options.get("style"))
    found = book.applied({"prompt": "", "style": style})
    return {**usual, **{key: str(value) for key, value in found.items() if key in usual}}


def size_choices(
    rules: ModelRules, recent: list[Size], typed: str
) -> list[app_commands.Choice[str]]:
    """Return at most 25 sizes that fit what was typed so far; names carry their pixels."""
    offers = {str(size): f"{size.width} × {size.height}" for size in recent}
    for name, size in rules.named.items():
        offers[name] = f"{name} · {size.width} × {size.height}"
    wanted = typed.strip().casefold().replace("×", "x").replace("*", "x")
    choices = [
        app_commands.Choice(name=label, value=value)
        for value, label in offers.items()
        if wanted in value or wanted in label.replace(" × ", "x")
    ]
    if wanted and not choices:
        offer = shortened(typed.strip(), CHOICE_LENGTH)
        choices = [app_commands.Choice(name=offer, value=offer)]
    return choices[:25]


async def setup(bot: ImageBot) -> None:
    """Add the command."""
    await bot.add_cog(Imagine(bot))
    bot.form_handlers["imagine"] = send_form
    bot.add_dynamic_items(BatchButton)
    bot.form_actions["imagine"] = "imagine"
