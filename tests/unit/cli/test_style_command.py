"""`python -m bot style`, and `--style` where images are drawn."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot.cli import run
from bot.cli.comparison_file import read_plan
from bot.domain.jobs import now
from bot.domain.requests import ModelRules
from bot.domain.styles import BUILT_IN, ServerStyle, Style, built_in_named
from bot.errors import InvalidRequestError
from bot.storage import Store

pytest_plugins = ["tests.support.bot_fixtures"]

RULES = ModelRules(native=256)
GUILD = 123456789012345678
INK = built_in_named("ink")
assert INK is not None


async def keep(folder: Path) -> None:
    style = Style.of(name="dusk", after="at dusk", size="wide")
    async with Store(folder / "bot.sqlite3", images=folder / "images") as store:
        made = ServerStyle(
            id="k3x9a2", guild_id=GUILD, style=style, author_id=1, author_name="Ada",
            created_at=now(), changed_at=now(),
        )  # fmt: skip
        await store.styles.add(made, most=9)


def written(text: str) -> str:
    Path("grid.toml").write_text(text, encoding="utf-8")
    return "grid.toml"


def test_built_in_styles_are_listed_and_shown(capsys: pytest.CaptureFixture[str]):
    assert run(["style", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(BUILT_IN)
    assert lines[0].startswith("photo, 照片  realistic photo of …")
    assert run(["style", "show", "水墨"]) == 0
    assert INK.chinese.after in capsys.readouterr().out
    assert run(["style", "show", "INK", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["before"] == INK.english.before
    assert run(["style", "show", "inc"]) == 2
    assert "There is no style 'inc' here" in capsys.readouterr().err


def test_a_servers_styles_are_there_by_its_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asyncio.run(keep(tmp_path / "data"))
    assert run(["style", "list", "--guild", str(GUILD)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "dusk  … at dusk size=wide"
    assert run(["style", "show", "dusk", "--guild", str(GUILD)]) == 0
    assert "size: wide" in capsys.readouterr().out
    assert run(["style", "show", "dusk", "--guild", "7"]) == 2


def test_styles_are_compared_with_anything_else():
    plan = read_plan(
        written(
            'prompt = "a fox"\nseed = 4\n[rows]\nguidance = [0, 1]\n'
            '[columns]\nstyles = ["none", "ink"]'
        ),
        rules=RULES,
    )
    assert [(each.guidance_scale, each.prompt) for each in plan.requests] == [
        (scale, prompt) for scale in (0, 1) for prompt in ("a fox", INK.english.with_words("a fox"))
    ]
    plan = read_plan(
        written(
            'style = "ink"\n[rows]\nprompts = ["a fox", "一只狐狸"]\n[columns]\nseeds = [1, 2]'
        ),
        rules=RULES,
    )
    assert [each.prompt for each in plan.rows[1]] == [INK.chinese.with_words("一只狐狸")] * 2
    usual = read_plan(written('prompt = "a fox"\ncolumns = "styles"'), rules=RULES)
    assert len(usual.requests) == 4
    assert len({each.seed for each in usual.requests}) == 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('prompt = "x"\nstyle = "inc"\n[columns]\nseeds = [1, 2]', "style': There is no style"),
        ('prompt = "x"\n[columns]\nstyles = ["ink", "inc"]', "styles': There is no style 'inc'"),
        ('prompt = "x"\n[columns]\nstyles = ["ink", "Ink"]', "each one once"),
        ('prompt = "x"\nstyle = "ink"\n[columns]\nstyles = ["ink", "3d"]', "leave this key out"),
    ],
)
def test_what_does_not_work_is_named(text: str, part: str):
    with pytest.raises(InvalidRequestError, match=part):
        read_plan(written(text), rules=RULES)


@pytest.mark.engine
def test_an_image_is_drawn_in_a_style(
    sketch_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MODEL", str(sketch_model))
    options = ["--size", "128x128", "--style", "ink", "--quality", "draft", "--json"]
    assert run(["imagine", "a fox", *options]) == 0
    assert json.loads(capsys.readouterr().out)["prompt"] == INK.english.with_words("a fox")
    assert run(["imagine", "a fox", "--style", "inc"]) == 2
    assert "There is no style 'inc' here: use photo" in capsys.readouterr().err
