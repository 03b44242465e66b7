"""LoRAs on the command line: listed, drawn with, compared, sampled, drawn again, missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.cli.doctor.check import CheckStatus
from bot.cli.doctor.model import loras
from bot.models import locate
from bot.settings import Settings
from tests.support.later import imported_later
from tests.support.loras import KOHYA, write_lora

with imported_later():
    import bot.engine.z_image  # noqa: F401

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
def folder(tmp_path: Path, sketch_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL", str(sketch_model))
    folder = tmp_path / "data" / "loras"
    write_lora(folder, "neon", KOHYA)
    write_lora(folder, "ink", seed=1)
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run(arguments) == code, capsys.readouterr().err
    found = capsys.readouterr()
    return found.out, found.err


def test_the_list_tells_what_is_here_and_what_cannot_be_used(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "page.safetensors").write_text("<html>", encoding="utf-8")
    write_lora(folder, "flux", layer="diffusion_model.double_blocks.0.img_attn.qkv")
    out, err = said(capsys, "lora", "list")
    assert "Reading 3 files for the first time" in err
    flux, ink, neon, page = out.splitlines()
    assert "flux  cannot be used: it is for FLUX" in flux
    assert "rank 4" in ink
    assert "for zimage  trigger words: neon style" in neon
    assert "page  cannot be used: it is not a safetensors file" in page
    out, err = said(capsys, "lora", "list", "--json")
    assert err == ""
    by_name = {each["name"]: each for each in map(json.loads, out.splitlines())}
    assert by_name["neon"]["trigger_words"] == ["neon style"]
    assert by_name["page"]["sha256"] is None


def test_without_any_the_list_says_where_they_go(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("LORA_DIR", str(tmp_path / "mine"))
    out, err = said(capsys, "lora", "list")
    assert out == ""
    assert "There are no LoRAs here" in err
    assert str(tmp_path / "mine") in err


def test_they_are_drawn_with_and_found_again_when_renamed_and_named_when_gone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    typed = ["imagine", "a cat", "--size", "128x128", "--seed", "1", "--quality", "draft"]
    _, err = said(capsys, *typed, "--lora", "neon:2", "--lora", "ink:-0.5", "--output", "a.png")
    assert "The LoRA neon was trained to react to: neon style." in err
    out, err = said(capsys, *typed, "--output", "b.png")
    made = [Image.open(tmp_path / f"data/outputs/{each}.png") for each in "ab"]
    assert made[0].tobytes() != made[1].tobytes()
    parameters = made[0].text["parameters"]  # type: ignore[attr-defined]
    assert "a cat <lora:neon:2> <lora:ink:-0.5>" in parameters
    picture = str(tmp_path / "data/outputs/a.png")
    (folder / "neon.safetensors").rename(folder / "night.safetensors")
    assert "identical" in said(capsys, "reproduce", picture)[0]
    out, _ = said(capsys, "inspect", picture)
    assert "lora     neon:2, ink:-0.5" in out
    assert "(neon)" in out
    (folder / "night.safetensors").unlink()
    _, err = said(capsys, "reproduce", picture, code=2)
    assert "The LoRA neon (SHA-256 " in err
    assert "Loading" not in err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--lora", "neno"], "There is no LoRA 'neno' here: neon may be meant."),
        (["--lora", "neon:3"], "The scale '3' of the LoRA 'neon' does not work"),
        (["--lora", "neon,ink", "--lora", "neon:0.5"], "The LoRA 'neon' is there twice"),
    ],
)
def test_what_does_not_work_is_one_line_before_anything_is_loaded(
    folder: Path, capsys: pytest.CaptureFixture[str], typed: list[str], words: str
):
    out, err = said(capsys, "imagine", "a cat", *typed, code=2)
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_scales_of_one_are_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    plan = tmp_path / "scales.toml"
    plan.write_text(
        'prompt = "a cat"\nsize = "128x128"\nquality = "draft"\nseed = 3\nlora = "neon"\n'
        "columns.loras = [0, 2]\n",
        encoding="utf-8",
    )
    out, _ = said(capsys, "compare", str(plan), "--json")
    images = json.loads(out)["images"]
    assert [each["adapters"][0]["scale"] for each in images] == [0.0, 2.0]
    plan.write_text(plan.read_text(encoding="utf-8").replace("[0, 2]", '["none", "ink"]'))
    _, err = said(capsys, "compare", str(plan), code=2)
    assert "loras vary, so leave this key out" in err


def test_a_sample_is_drawn_of_each_that_has_no_picture(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    Image.new("RGB", (64, 64)).save(folder / "ink.png")
    out, _ = said(capsys, "lora", "samples")
    [sample] = (tmp_path / "data/lora_samples").iterdir()
    assert out.splitlines() == [f"neon  data/lora_samples/{sample.name}"]
    with Image.open(sample) as picture:
        assert max(picture.size) <= 512
    assert "nothing to draw" in said(capsys, "lora", "samples")[1]
    assert "neon" in said(capsys, "lora", "samples", "--again", "--prompt", "a dog")[0]


def test_doctor_counts_them_and_names_those_that_cannot_be_used(folder: Path, tmp_path: Path):
    settings = Settings.read()
    files = locate(settings.model, model_cache=settings.model_cache)
    check = loras(settings, files)
    assert (check.status, check.detail[:5]) == (CheckStatus.OK, "2 in ")
    (folder / "page.safetensors").write_text("<html>", encoding="utf-8")
    check = loras(settings, files)
    assert check.status is CheckStatus.WARNING
    assert "cannot be used: page (it is not a safetensors file)" in check.detail
    elsewhere = settings.model_copy(update={"lora_dir": tmp_path / "nowhere"})
    assert "is no folder" in loras(elsewhere, files).detail
