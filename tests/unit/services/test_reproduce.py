"""`python -m bot reproduce`: the same pixels are proven, other ones are explained."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.cli import run
from bot.cli.inspect import find
from bot.cli.reproduce import _by_id
from bot.domain.recipe import canonical, parse_recipe, recipe_sha256
from bot.media.encoding import RECIPE_KEY
from bot.media.image_input import read_picture_file
from bot.models import MANIFEST_NAME, read_manifest
from bot.services import open_service
from bot.settings import DEMO_MODEL_DIR, Settings
from bot.storage import Store
from tests.discord.test_inspecting import forged
from tests.support.discord_env import SteeredEngine
from tests.support.viewers import viewer_at
from tests.unit.media.test_metadata import INFOTEXT
from tests.unit.media.test_metadata import png as metadata_png
from tests.unit.services.test_service import Recorder, origin, request

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def loaded_engine(demo_engine: ZImageEngine) -> ZImageEngine:
    """Let the bot draw as the command line does, and pictures whose copies can be recognised."""
    return demo_engine


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw one image with the command line, for all tests."""
    path = tmp_path_factory.mktemp("made") / "apple.png"
    arguments = ["imagine", "红苹果", "--seed", "7", "--size", "128x128", "--quality", "draft",
                 "--variety", "30", "--output", str(path)]  # fmt: skip
    assert run(arguments) == 0
    return path


def recipe_in(path: Path) -> dict[str, object]:
    with Image.open(path) as image:
        return json.loads(image.text[RECIPE_KEY])


def rewritten(path: Path, target: Path, recipe: dict[str, object]) -> Path:
    """Write the same pixels with another recipe, whose hash fits."""
    recipe = {**recipe, "recipe_sha256": recipe_sha256(recipe)}
    info = PngInfo()
    info.add_itxt(RECIPE_KEY, canonical(recipe))
    with Image.open(path) as image:
        image.save(target, pnginfo=info)
    return target


def test_a_png_and_its_recipe_alone_are_drawn_identically(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["reproduce", str(made)]) == 0
    sha = recipe_in(made)["pixel_sha256"]
    assert capsys.readouterr().out == (
        f"identical, SHA-256 {sha}\n"
        "  The recipe is consistent with itself, but anybody could have written it.\n"
    )
    alone = tmp_path / "recipe.json"
    alone.write_text(json.dumps(recipe_in(made), indent=1), encoding="utf-16")  # as PowerShell does
    assert run(["reproduce", str(alone), "--json", "--output", str(tmp_path / "again.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["identical"]
    assert told["pixel_sha256"]["now"] == sha
    assert told["recipe_sha256"] == parse_recipe(alone.read_text("utf-16")).sha256
    assert recipe_in(Path(told["path"]))["pixel_sha256"] == sha


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one core only")
@pytest.mark.nightly
def test_as_many_threads_draw_it_again_as_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    own_threads: None,
):  # fmt: skip
    path = tmp_path / "apple.png"
    monkeypatch.setenv("CPU_THREADS", "2")
    assert (
        run(["imagine", "a red apple", "--seed", "7", "--size", "128x128", "--output", str(path)])
        == 0
    )
    assert recipe_in(path)["cpu_threads"] == 2
    monkeypatch.setenv("CPU_THREADS", "1")
    capsys.readouterr()
    assert run(["reproduce", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == {}


@pytest.mark.nightly
def test_the_path_that_made_an_image_makes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "apple.png"
    monkeypatch.setenv("ENGINE_PATH", "fast")
    assert run(["imagine", "a red apple", "--size", "128x128", "--output", str(path)]) == 0
    assert recipe_in(path)["path"] == "fast"
    monkeypatch.setenv("ENGINE_PATH", "reference")
    capsys.readouterr()
    assert run(["reproduce", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == {}


async def drawn_by_the_bot(settings: Settings, real_engine: SteeredEngine) -> str:
    reply = Recorder()
    async with open_service(settings, lambda: real_engine) as service:
        await service.jobs.submit(
            (request(seed=3),), origin(), viewer=viewer_at(origin()), reply=reply
        )
        await service.idle()
    return reply.generations[0].id


async def test_an_image_of_the_bot_is_found_by_its_id(
    settings: Settings, real_engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    id_ = await drawn_by_the_bot(settings, real_engine)
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    original = await _by_id(f"`{id_}`", settings)
    assert original.recipe.request.seed == 3
    assert original.recipe.has_hash
    assert original.image is not None


def test_other_pixels_are_measured_and_what_changed_is_named(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The recipe says seed 8, an older torch, other weights; the pixels are those of seed 7."""
    weights = "vae/diffusion_pytorch_model.safetensors"
    recipe = {**recipe_in(made), "seed": 8, "torch": "1.0"}
    recipe["model_files"] = {**recipe["model_files"], weights: "md5:0"}
    del recipe["cpu_instructions"]  # as before that was recorded
    changed = rewritten(made, tmp_path / "changed.png", recipe)
    assert run(["reproduce", str(changed)]) == 3
    told = capsys.readouterr().out
    assert told.startswith("different: at most ")
    assert "PSNR" in told
    assert "torch: was 1.0, now 2." in told
    assert f"{weights}: was md5:0, now md5:" in told
    assert run(["reproduce", str(changed), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["difference"]["psnr_db"] > 0
    assert set(told["changes"]) == {"torch", weights}


def test_a_recipe_holds_all_that_made_the_image(made: Path):
    """The request, the model's files, the machine, and the choices that decide bits."""
    asked = parse_recipe(json.dumps(recipe_in(made))).request.to_json().keys()
    assert set(recipe_in(made)) - (asked - {"variety_scale"}) == {
        "version", "prompt_used", "num_inference_steps", "sigmas", "variety_noise", "noise",
        "model", "revision",
        "model_files", "loras", "dtype", "device", "cpu_threads", "cpu_instructions", "path",
        "attention", "kernels", "quantization", "vae_tiling", "compilation", "autotuning",
        "cublas_workspace", "torch", "cuda", "cudnn", "diffusers", "transformers", "pixel_sha256",
        "recipe_sha256",
    }  # fmt: skip
    manifest = read_manifest(DEMO_MODEL_DIR / MANIFEST_NAME)
    for path, recorded in recipe_in(made)["model_files"].items():
        assert recorded == f"md5:{manifest[path]}"
        assert hashlib.md5((DEMO_MODEL_DIR / path).read_bytes()).hexdigest() == manifest[path]
    assert len(recipe_in(made)["model_files"]) == 5


def test_a_picture_that_was_painted_over_is_not_called_identical(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    painted = tmp_path / "painted.png"
    with Image.open(made) as image:
        info = PngInfo()
        info.add_itxt(RECIPE_KEY, image.text[RECIPE_KEY])
        image.putpixel((5, 5), (255, 0, 255))
        image.save(painted, pnginfo=info)
    assert run(["reproduce", str(painted)]) == 3
    told = capsys.readouterr().out
    assert "the picture was changed after it was made" in told
    assert f"drawn identically, SHA-256 {recipe_in(made)['pixel_sha256']}" in told
    assert run(["inspect", str(painted)]) == 0
    assert "its pixels are not the ones that it tells of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("tampered.json", lambda recipe: json.dumps({**recipe, "seed": 8}), "was changed after"),
        ("other.json", lambda _: '{"hello": 1}', "no recipe of this bot"),
        ("list.json", lambda _: "[1, 2]", "is not an object"),
        ("words.png", lambda _: "just words", "is no picture"),
    ],
)
def test_what_cannot_be_reproduced_is_one_line_and_exit_code_2(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name, content, sentence
):
    path = tmp_path / name
    path.write_text(content(recipe_in(made)))
    assert run(["reproduce", str(path)]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_a_foreign_png_and_an_unknown_id_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    foreign = tmp_path / "foreign.png"
    Image.new("RGB", (32, 32), "red").save(foreign)
    assert run(["reproduce", str(foreign)]) == 2
    assert "holds no recipe of this bot" in capsys.readouterr().err
    for missing in (tmp_path / "missing.png", "recipe.json"):
        assert run(["reproduce", str(missing)]) == 2
        assert f"There is no file {missing}." in capsys.readouterr().err
    assert run(["reproduce", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert run(["reproduce", "zzzzzzz"]) == 2
    assert "no bot ever worked there" in capsys.readouterr().err


async def test_a_picture_is_found_by_its_recipe_its_pixels_or_its_likeness(
    settings: Settings, real_engine: SteeredEngine, made: Path, tmp_path: Path
):
    id_ = await drawn_by_the_bot(settings, real_engine)
    path = (await _by_id(id_, settings)).image
    assert path is not None
    exact, copy, other = (tmp_path / name for name in ("exact.png", "copy.jpg", "other.png"))
    path.save(exact)
    path.resize((200, 200)).save(copy, quality=70)
    Image.effect_noise((64, 64), 90).save(other)
    found = {
        name: await find(read_picture_file(each), settings)
        for name, each in {"made": made, "exact": exact, "copy": copy, "other": other}.items()
    }
    assert {name: each.by for name, each in found.items()} == {
        "made": "recipe", "exact": "pixels", "copy": "likeness", "other": None,
    }  # fmt: skip
    assert found["exact"].id == found["copy"].id == id_
    assert found["copy"].recipe is not None
    assert found["copy"].recipe.request.seed == 3


def test_inspect_prints_the_recipe_or_says_that_there_is_none(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["inspect", str(made)]) == 0
    told = capsys.readouterr().out
    assert "The file holds its recipe." in told
    assert "anybody could have written it" in told
    assert "prompt   红苹果" in told
    other = tmp_path / "other.png"
    Image.effect_noise((64, 64), 90).save(other)
    assert run(["inspect", str(other), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["found_by"] is None
    assert run(["inspect", str(tmp_path / "missing.png")]) == 2
    assert "cannot be read" in capsys.readouterr().err


async def started(settings: Settings) -> None:
    """Start the bot's database once, which makes the key of the installation."""
    async with Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir / "images"):
        pass


def test_the_command_line_signs_and_tells_what_is_proven(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], made: Path,
):  # fmt: skip
    asyncio.run(started(settings))
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    path, kept = tmp_path / "apple.png", tmp_path / "again.png"
    assert run(["imagine", "a red apple", "--size", "128x128", "--output", str(path)]) == 0
    assert run(["reproduce", str(path), "--output", str(kept)]) == 0
    assert "it bears its signature" in capsys.readouterr().out
    for mine in (path, kept):
        assert run(["inspect", str(mine)]) == 0
        assert "it bears its signature" in capsys.readouterr().out
    assert run(["inspect", str(made), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "consistent"
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "elsewhere"))
    assert run(["inspect", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "other_key"


def test_a_recipe_of_a_size_that_nothing_draws_is_refused_before_drawing(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = rewritten(made, tmp_path / "huge.png", {**recipe_in(made), "width": 4096})
    assert run(["reproduce", str(path)]) == 2
    assert "outside this model's limits" in capsys.readouterr().err


def test_inspect_tells_what_another_program_wrote_and_how_to_draw_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "other.png"
    path.write_bytes(metadata_png({"parameters": INFOTEXT}))
    assert run(["inspect", str(path)]) == 0
    told = capsys.readouterr().out
    assert "The file says that AUTOMATIC1111 made it" in told
    assert "prompt   a fox, (snow:1.3) <lora:inks:0.8> second line" in told
    assert "without  blurry, bad also this" in told
    command = "imagine 'a fox, snow second line' --size 336x512 --seed 123456789"
    assert f"python -m bot {command}" in told
    assert "Not taken over: negative prompt, sampler, guidance, loras, weights." in told
    assert run(["inspect", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["found_by"] == "metadata"
    assert found["metadata"]["model"] == "dreamshaper"
    assert found["draw_here"]["command"] == f"python -m bot {command}"
    assert found["draw_here"]["seed"] == 123456789


@pytest.mark.parametrize("is_json", [False, True])
def test_nothing_in_a_file_steers_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_json: bool
):
    evil = "a\x1b[31m\x9b2J\x00\u202eb\u200b\r\n\x1b]0;title\x07 '; rm -rf / #"
    path = tmp_path / "other.png"
    texts = {"parameters": f"{evil}\nSteps: 1, Model: {evil}, Sampler: {evil}", "Software": evil}
    documents = [
        metadata_png(texts),
        metadata_png({RECIPE_KEY: json.dumps({"version": 1, "prompt": evil, "seed": evil})}),
        forged(model=evil, device={"x": evil}),
    ]
    for content in documents:
        path.write_bytes(content)
        run(["inspect", str(path), *(["--json"] if is_json else [])])
        told = capsys.readouterr()
        assert not re.search(
            "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u200b\\u202e]", told.out + told.err
        )
    if not is_json:
        path.write_bytes(documents[0])
        run(["inspect", str(path)])
        [line] = [each for each in capsys.readouterr().out.splitlines() if "-m bot imagine" in each]
        assert len(shlex.split(line)) == 7, "the prompt is one word for the shell"
