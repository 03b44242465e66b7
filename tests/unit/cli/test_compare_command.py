"""`python -m bot compare FILE`: the grid of a file, its single images, and every refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.cli.comparison_file import read_plan
from bot.domain.drawing import DrawTask
from bot.domain.requests import STRENGTHS, Axis, ModelRules
from bot.errors import EngineError, InvalidRequestError
from tests.support.later import imported_later

with imported_later():
    from bot.engine.z_image import ZImageEngine

GRID = """\
prompt = "a red apple"
seed = 42
size = "128x128"
[rows]
qualities = ["draft", "final"]
[columns]
guidance = [0, 1.4]
"""
pytest_plugins = ["tests.support.bot_fixtures"]

RULES = ModelRules(native=256)


@pytest.fixture(autouse=True)
def model(sketch_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))


def written(text: str) -> str:
    Path("grid.toml").write_text(text, encoding="utf-8")
    return "grid.toml"


@pytest.mark.nightly
def test_a_grid_is_drawn_with_its_single_images_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["compare", written(GRID), "--output", "a/grid.png", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    folder = tmp_path / "data/outputs/a"
    assert report["sheet"] == "data/outputs/a/grid.png"
    assert report["varies"] == ["qualities", "guidance"]
    settings = [(each["quality"], each["guidance_scale"]) for each in report["images"]]
    assert settings == [("draft", 0), ("draft", 1.4), ("final", 0), ("final", 1.4)]
    assert {each["seed"] for each in report["images"]} == {42}
    assert sorted(path.name for path in folder.iterdir()) == [
        "grid-r1c1.png", "grid-r1c2.png", "grid-r2c1.png", "grid-r2c2.png", "grid.png",
    ]  # fmt: skip
    for each in report["images"]:
        with Image.open(each["path"]) as image:
            recipe = json.loads(image.text["z-image-bot"])
        assert recipe["pixel_sha256"] == each["pixel_sha256"]
        assert recipe["quality"] == each["quality"]
    with Image.open(report["sheet"]) as sheet:
        assert sheet.width >= 1000


def test_strengths_are_drawn_beside_their_source(capsys: pytest.CaptureFixture[str]):
    Image.new("RGB", (300, 200), (200, 60, 30)).save("photo.png")
    written('prompt = "a pear"\nseed = 4\nsize = "128x128"\nquality = "draft"\n')
    options = ["--source", "photo.png", "--vary", "strengths", "--output", "s.png", "--json"]
    assert run(["compare", "grid.toml", *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [each["strength"] for each in report["images"]] == [*STRENGTHS.values()]
    for each in report["images"]:
        with Image.open(each["path"]) as image:
            recipe = json.loads(image.text["z-image-bot"])
        assert recipe["operation"]["kind"] == "image_to_image"
    with Image.open(report["sheet"]) as sheet:
        colours = sheet.convert("RGB").getcolors(maxcolors=sheet.width * sheet.height)
    assert any(colour == (200, 60, 30) for _, colour in colours), "the source is a tile of it"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--prompt", "x", "--vary", "strengths"], "there is none: give one as the source"),
        (["--prompt", "x", "--vary", "colours"], "'colours' cannot vary; what can is prompts,"),
        (["--vary", "seeds"], "say what to draw"),
        ([], "There is nothing to compare: name a FILE"),
        (["--prompt", "x", "--vary", "strengths", "--source", "gone.png"], "gone.png cannot be"),
    ],
)
def test_what_the_command_line_alone_cannot_compare_is_one_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert run(["compare", *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("data/outputs").exists()


def test_one_thing_that_varies_is_a_sheet_of_numbered_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    text = 'size = "128x128"\nquality = "draft"\ncolumns.prompts = ["a pear", "红苹果"]\n'
    for _ in range(2):
        assert run(["compare", written(text), "--model", "demo"]) == 0
    out = capsys.readouterr().out
    assert "红苹果" in out
    assert "Sheet: data/outputs/grid-2.png" in out
    assert len(list((tmp_path / "data/outputs").iterdir())) == 6


def test_an_image_that_fails_leaves_its_place_empty_and_the_exit_code_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    draw = ZImageEngine.draw

    def fails_with_guidance(self, task: DrawTask, **options: object) -> object:
        if task.request.guidance_scale > 0:
            raise EngineError("It went wrong: try another seed.")
        return draw(self, task, **options)

    monkeypatch.setattr("bot.engine.z_image.ZImageEngine.draw", fails_with_guidance)
    assert run(["compare", written(GRID), "--json"]) == 1
    told = capsys.readouterr()
    assert told.err.count("It went wrong") == 1
    report = json.loads(told.out)
    assert [each["error"] is None for each in report["images"]] == [True, False, True, False]
    assert Path(report["sheet"]).is_file()


def test_usual_values_need_not_be_named():
    plan = read_plan(
        written('prompt = "x"\nseed = 7\ncolumns = "seeds"\nrows = "guidance"'), rules=RULES
    )
    assert plan.axes == (Axis.GUIDANCE, Axis.SEEDS)
    assert [request.seed for request in plan.rows[2]] == [7, 8, 9, 10]
    assert [row[0].guidance_scale for row in plan.rows] == [0, 1, 1.4]


def test_a_seed_that_is_not_given_is_drawn_once_for_all():
    plan = read_plan(written('prompt = "x"\ncolumns.variety = [0, 9]\nrows = "sizes"'), rules=RULES)
    assert len({request.seed for request in plan.requests}) == 1
    assert len(plan.requests) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = " + "9" * 5000, "a number in it is too long"),
        ("seed = " + "[" * 100_000, "lists are too deep"),
        ("prompt = x", "is not TOML: Invalid value (at line 1, column 10)"),
        ('prompt = "x"', "'columns': name what varies"),
        ('prompt = "x"\ncolumns = "sedes"', "'columns': 'sedes' cannot vary; what can is prompts"),
        ('prompt = "x"\nsede = 1\ncolumns = "seeds"', "'sede': this key is unknown"),
        ('columns = "seeds"', "'prompt': say what to draw"),
        ('prompt = ""\ncolumns = "seeds"', "'prompt': The prompt is empty"),
        ('prompt = "x"\nsize = "1x1"\ncolumns = "seeds"', "'size': The size 1x1 does not work"),
        ('prompt = "x"\nseed = 1.5\ncolumns = "sizes"', "'seed': The seed '1.5'"),
        ('prompt = ["x"]\ncolumns = "sizes"', "'prompt': \"['x']\" is neither a text nor"),
        ('prompt = "x"\ncolumns.guidance = [0, 9]', "'columns.guidance': The guidance '9'"),
        ('prompt = "x"\ncolumns.guidance = [0, true]', "'True' is neither a text nor a number"),
        ('prompt = "x"\ncolumns.guidance = 1', "'columns.guidance': write its values as a list"),
        ('prompt = "x"\ncolumns = {}', "'columns': name one thing that varies"),
        ('prompt = "x"\ncolumns.seeds = [1]', "'columns.seeds': 1 value cannot be compared"),
        ('prompt = "x"\ncolumns.seeds = []', "'columns.seeds': 0 values cannot be compared"),
        (f'prompt = "x"\ncolumns.seeds = {list(range(10))}', "10 values cannot be compared"),
        ('prompt = "x"\ncolumns.seeds = [1, 1]', "'1' is there twice"),
        ('columns = "prompts"', "'columns.prompts': There is one prompt to compare"),
        ('prompt = "x"\ncolumns.prompts = ["a", "b"]', "'prompt': prompts vary, so leave"),
        ('prompt = "x"\ncolumns = "seeds"\nrows = "seeds"', "'columns': seeds vary in the rows"),
        ('prompt = "x"\nguidance = 1\ncolumns = "guidance"', "'guidance': guidance vary"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_key_and_exit_code_2(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["compare", written(text)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]):
    assert run(["compare", "none.toml"]) == 2
    assert "'none.toml' cannot be read: No such file" in capsys.readouterr().err
    Path("latin.toml").write_bytes(b'prompt = "\xe9"')
    assert run(["compare", "latin.toml"]) == 2
    assert "it is not UTF-8" in capsys.readouterr().err
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        read_plan(".", rules=RULES)
    assert run(["compare", written(GRID), "--output", "a.webp"]) == 2
