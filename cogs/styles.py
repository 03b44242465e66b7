"""`/style`: the styles that can be named here, and those that a server makes."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.formatting import board_name
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import escaped
from bot.discord_ui.forms import request_fields, show_form
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.loras import prepare_loras
from bot.discord_ui.styles import suggest_styles
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_here, viewer_of
from bot.domain.boards import Board
from bot.domain.deferrals import Repeat
from bot.domain.forms import Field, Form
from bot.domain.plain_text import shortened
from bot.domain.styles import (
    BUILT_IN,
    MAX_NAME,
    MAX_VALUES,
    MAX_WORDS,
    BuiltInStyle,
    ServerStyle,
    Style,
    style_fields,
)
from bot.locales import is_chinese, text
from bot.media.captions import field_title
from bot.media.style_samples import SAMPLE_PROMPT, sample, samples_sheet
from cogs.imagine import usual_values

_TEMPLATE: Final = r"zib:style:(?P<action>try|edit|remove):(?P<style>\w+)"
_SHEET: Final = "styles.webp"
_SHOWN: Final = 300  # characters of words, which are no more
_NAMES_SHOWN: Final = 1500  # characters of all names together

_Act = Literal["try", "edit", "remove"]
_LOOKS: Final[dict[_Act, tuple[str, discord.ButtonStyle]]] = {
    "try": ("🎨", discord.ButtonStyle.primary),
    "edit": ("✏️", discord.ButtonStyle.secondary),
    "remove": ("🗑️", discord.ButtonStyle.danger),
}


class Styles(
    commands.GroupCog,
    group_name="style",
    group_description="Words and values that go into prompts by a name",
):
    """See, make, change and remove styles; all answers are private."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(name="list", description="The styles there are, with samples")
    async def list_styles(self, interaction: discord.Interaction) -> None:
        """Show the names, and one prompt in each of the built-in styles."""
        await defer(interaction, repeat=Repeat.UNANSWERED)
        await Answer.to(interaction).give(await _list(interaction))

    @app_commands.command(description="What a style adds to prompts")
    @app_commands.describe(name="Which style")
    @app_commands.autocomplete(name=suggest_styles)
    async def show(self, interaction: discord.Interaction, name: str) -> None:
        """Show a style's words and values, its sample, and what can be done with it."""
        await Answer.to(interaction).give(await _shown(interaction, name))

    @app_commands.command(description="Make a style for this server")
    async def create(self, interaction: discord.Interaction) -> None:
        """Open the form of a new style, for who may make one."""
        service, viewer = self._bot.service, await viewer_of(interaction)
        service.styles.check_may_make(viewer=viewer)
        await _ask(interaction, None)

    @app_commands.command(description="Change a style of this server")
    @app_commands.describe(name="Which style")
    @app_commands.autocomplete(name=suggest_styles)
    async def edit(self, interaction: discord.Interaction, name: str) -> None:
        """Open the form of a style, for who may change it."""
        await _ask_change(interaction, name)

    @app_commands.command(description="Remove a style of this server")
    @app_commands.describe(name="Which style")
    @app_commands.autocomplete(name=suggest_styles)
    async def remove(self, interaction: discord.Interaction, name: str) -> None:
        """Ask before a style is removed."""
        viewer, locale = await viewer_of(interaction), str(interaction.locale)
        found = await self._bot.service.styles.to_change(name, viewer=viewer)
        words = text("style_sure", locale, name=escaped(found.style.name))
        row = [_button("remove", found.id, locale)]
        view = views.notice(words, colour=views.WARNING, row=row)
        await Answer.to(interaction).give(Content(view=view))


async def _list(interaction: discord.Interaction) -> Content:
    locale, viewer = str(interaction.locale), await viewer_of(interaction)
    styles = bot_of(interaction).service.styles
    own = [escaped(each.style.name) for each in await styles.own(viewer=viewer)]
    lines = [text("style_list", locale)]
    if own:
        lines.append(text("style_list_own", locale, names=shortened(", ".join(own), _NAMES_SHOWN)))
    elif viewer.guild_id is not None:
        may_make = styles.may_make(viewer=viewer)
        how = text("style_list_how", locale) if may_make else ""
        lines.append(text("style_list_none", locale, how=how))
    names = ", ".join(_in(each, locale).name for each in BUILT_IN)
    lines.append(text("style_list_built_in", locale, names=names))
    alt = text("style_list_samples", locale, prompt=SAMPLE_PROMPT)
    lines.append(f"-# {alt}")
    sheet = await asyncio.to_thread(samples_sheet, is_chinese=is_chinese(locale))
    return _with_picture("\n".join(lines), Upload(name=_SHEET, content=sheet, alt_text=alt))


def _with_picture(
    words: str, upload: Upload | None, row: list[ui.Item[ui.LayoutView]] | None = None
) -> Content:
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(words)]
    if upload is not None:
        item = discord.MediaGalleryItem(f"attachment://{upload.name}", description=upload.alt_text)
        items.append(ui.MediaGallery(item))
    items += views.rows_of(row or [])
    return Content(view=views.layout(*items), files=[] if upload is None else [upload])


async def _shown(
    interaction: discord.Interaction, name: str, *, notes: tuple[str, ...] = ()
) -> Content:
    """Return what a style is, with what the reader may do to it."""
    styles, viewer = bot_of(interaction).service.styles, await viewer_of(interaction)
    locale = str(interaction.locale)
    found = await styles.find(name, viewer=viewer)
    if isinstance(found, BuiltInStyle):
        style, upload = _in(found, locale), _sample(found, locale)
        lines = [*notes, *_lines(style, locale), "-# " + text("style_built_in", locale)]
        return _with_picture("\n".join(lines), upload, [_button("try", found.key, locale)])
    when = f"<t:{int(found.created_at.timestamp())}:D>"
    made = [text("style_made_by", locale, name=escaped(found.author_name), when=when)]
    facts = [f"-# {each}" for each in made if found.author_name]
    acts: list[_Act] = ["try"]
    if styles.may_change(found, viewer=viewer):
        acts += ["edit", "remove"]
    row: list[Any] = [_button(act, found.id, locale) for act in acts]
    return _with_picture("\n".join([*notes, *_lines(found.style, locale), *facts]), None, row)


def _lines(style: Style, locale: str) -> list[str]:
    lines = [f"### {escaped(style.name)}"]
    words = {"style_before": style.before, "style_after": style.after}
    lines += [
        text(key, locale, words=escaped(each, limit=_SHOWN)) for key, each in words.items() if each
    ]
    titles = {field.option: field_title(field, locale) for field in style_fields()}
    return lines + [
        text("style_value", locale, name=titles.get(key, key), value=escaped(value, limit=_SHOWN))
        for key, value in style.values
    ]


def _in(style: BuiltInStyle, locale: str) -> Style:
    return style.in_language(is_chinese=is_chinese(locale))


def _sample(style: BuiltInStyle, locale: str) -> Upload:
    alt = text("style_sample", locale, name=_in(style, locale).name)
    return Upload(name=f"{style.key}.webp", content=sample(style.key), alt_text=alt)


def _button(act: _Act, style_id: str, locale: str) -> Button:
    emoji, look = _LOOKS[act]
    label = text(f"style_button_{act}", locale)
    return Button(style=look, emoji=emoji, label=label, custom_id=f"zib:style:{act}:{style_id}")


async def _ask_change(interaction: discord.Interaction, name_or_id: str) -> None:
    styles, viewer = bot_of(interaction).service.styles, await viewer_of(interaction)
    await _ask(interaction, await styles.to_change(name_or_id, viewer=viewer))


async def _ask(interaction: discord.Interaction, found: ServerStyle | None) -> None:
    """Open the form of a style, of a new one for None."""
    locale, style = str(interaction.locale), Style() if found is None else found.style
    options = ", ".join(each.option for each in style_fields() if each.option != "size")
    others = "\n".join(f"{key}: {value}" for key, value in style.values if key != "size")
    lengths = {"before": MAX_WORDS, "after": MAX_WORDS, "size": 20, "values": MAX_VALUES}
    values = {"before": style.before, "after": style.after, "values": others}
    values["size"] = style.value("size") or ""
    fields = [
        Field(name="name", label=text("style_field_name", locale), value=style.name,
              max_length=MAX_NAME, is_required=True),
        *(
            Field(name=name, label=text(f"style_field_{name}", locale), value=values[name],
                  hint=text(f"style_hint_{name}", locale, options=options), max_length=length,
                  is_long=name == "values")
            for name, length in lengths.items()
        ),
    ]  # fmt: skip
    title = text("style_create_title" if found is None else "style_edit_title", locale)
    style_id = None if found is None else found.id
    await show_form(interaction, "style", title, fields, style=style_id)


async def send_style(interaction: discord.Interaction, form: Form) -> None:
    """Make or change the style that was typed, and show it."""
    service, viewer = bot_of(interaction).service, await viewer_of(interaction)
    styles = service.styles
    await defer(interaction)
    await prepare_loras(service, form.typed.get("values"))
    boards: list[Board] = []
    if form.subject["style"] is None:
        key, made = "style_made", await styles.create(viewer=viewer, **form.typed)
    else:
        key = "style_changed"
        made, boards = await styles.edit(form.subject["style"], viewer=viewer, **form.typed)
    locale = str(interaction.locale)
    said = text(key, locale, name=escaped(made.style.name))
    notes = (said, *_board_notes("style_boards_use", boards, locale))
    await Answer.to(interaction).give(await _shown(interaction, made.style.name, notes=notes))


def _board_notes(key: str, boards: list[Board], locale: str) -> list[str]:
    names = ", ".join(board_name(each.name) for each in boards)
    return [text(key, locale, boards=names)] if boards else []


async def _try(interaction: discord.Interaction, style_id: str) -> None:
    """Open the form of `/imagine` with the style."""
    styles, locale = bot_of(interaction).service.styles, str(interaction.locale)
    found = await styles.find(style_id, viewer=viewer_here(interaction))
    name = _in(found, locale).name if isinstance(found, BuiltInStyle) else found.style.name
    options: dict[str, Any] = {"style": name, "count": 1, "spoiler": False, "plain": False}
    fields = request_fields(await usual_values(interaction, options), locale)
    title = f"{text('imagine_title', locale)} · {name}"
    await show_form(interaction, "imagine", title[:45], fields, options=options)


async def _remove(interaction: discord.Interaction, style_id: str) -> None:
    styles, viewer = bot_of(interaction).service.styles, await viewer_of(interaction)
    await defer(interaction)
    gone, boards = await styles.remove(style_id, viewer=viewer)
    locale = str(interaction.locale)
    said = [text("style_removed", locale, name=escaped(gone.style.name))]
    said += _board_notes("style_boards_keep", boards, locale)
    await Answer.to(interaction).give(Content(view=views.notice("\n".join(said))))


BUTTONS: Final = {"try": _try, "edit": _ask_change, "remove": _remove}


class StyleButton(AnswerableItem[Button], template=_TEMPLATE):
    """What can be done with a style, under it."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Open a form, or remove the style."""
        await BUTTONS[self.match["action"]](interaction, self.match["style"])


async def setup(bot: ImageBot) -> None:
    """Add the commands, their form and buttons."""
    await bot.add_cog(Styles(bot))
    bot.add_dynamic_items(StyleButton)
    bot.form_handlers["style"] = send_style
    bot.form_actions["style"] = "style"
