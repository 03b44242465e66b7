"""Every page and form of rules, in both languages, is one that Discord takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from bot.discord_ui.modals import modal_of
from bot.discord_ui.settings.fields import fields_of, groups_of
from bot.discord_ui.settings.page import RulesPage
from bot.discord_ui.settings.subjects import FIXED, NAMED, PageSubject
from bot.domain.forms import Form
from bot.domain.rules import Section
from bot.domain.viewers import Viewer
from bot.services import Service, open_service
from bot.services.rule_texts import Reader
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.support.discord_server.openapi import open_description

pytest_plugins = ["tests.support.bot_fixtures"]

MANAGER = Viewer(user_id=1, guild_id=5, is_manager=True)
ID = "123456789012345678"
SUBJECTS = [*FIXED, *(PageSubject(layer=each, id=ID) for each in NAMED)]
RULES = f"""
[server]
max_side = 1024
qualities = "none"
default_style = "{"in ink " * 30}"
own_words = ["toad", "slime*"]
log_channel = {ID}

[role.{ID}]
qualities = ["draft"]
use = "deny"
"""


@pytest.fixture
async def service(settings: Settings, engine: SteeredEngine) -> AsyncIterator[Service]:
    async with open_service(settings, lambda: engine) as service:
        await service.rules.replace(RULES, viewer=MANAGER)
        yield service


def page_of(service: Service, section: Section, subject: PageSubject) -> RulesPage:
    rules = service.rules
    return RulesPage(
        section=section,
        subject=subject,
        settings=rules.of_subject(subject.subject, viewer=MANAGER),
        entries=rules.entries(viewer=MANAGER),
        undoes=17,
        notes=["Changed"],
    )


def walk(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node:
        if isinstance(each, dict | list):
            yield from walk(each)


def taken(body: Any) -> None:
    """Assert that Discord's own description of its API allows an answer."""
    description = open_description()
    path = f"/interactions/{ID}/token/callback"
    description.check("POST", path, body=body, params={}, has_files=False)
    assert description.violations == []


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_every_page_fits(service: Service, locale: str):
    for section in Section:
        for subject in [*SUBJECTS, *(PageSubject(layer=each) for each in NAMED)]:
            if subject.is_chosen:
                page = page_of(service, section, subject)
            else:
                page = RulesPage(section=section, subject=subject, settings=(), entries=())
            found = page.view(Reader(locale=locale)).to_components()
            components = [each for each in walk(found) if isinstance(each.get("type"), int)]
            assert len(components) <= 40
            assert sum(len(each["content"]) for each in components if "content" in each) <= 4000
            assert all(len(each.get("custom_id", "")) <= 100 for each in components)
            taken({"type": 4, "data": {"flags": 64 | 1 << 15, "components": found}})


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_every_form_fits_and_shows_what_is_set(service: Service, locale: str):
    seen = set()
    for section in Section:
        for subject in SUBJECTS:
            settings = {
                each.rule.name: each for each in page_of(service, section, subject).settings
            }
            for group in groups_of(section, subject.layer):
                fields = fields_of([settings[each.name] for each in group], Reader(locale=locale))
                form = Form(id="k3x9a2", kind="rules", user_id=1, title="Rules", subject={},
                            fields=fields, typed={})  # fmt: skip
                modal = modal_of(form, form.shown).to_dict()
                assert 1 <= len(modal["components"]) <= 5
                taken({"type": 9, "data": modal})
                seen |= set(form.shown)
    assert seen == {each.rule.name for each in service.rules.of_subject(
        SUBJECTS[0].subject, viewer=MANAGER) if each.rule.leaves_choice}  # fmt: skip
