"""`python -m bot lora check` says what is in a file, and whether it fits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bot.cli import run
from bot.engine.adapters.shapes import shapes_of_folder


@pytest.fixture
def lora(demo_model: Path, tmp_path: Path) -> Path:
    tensors = {}
    for block in ("layers.0", "noise_refiner.0"):
        rows, columns = shapes_of_folder(demo_model).parts["transformer"][
            f"{block}.attention.to_q.weight"
        ]
        key = f"lora_unet_{block.replace('.', '_')}_attention_qkv"
        tensors[f"{key}.lora_down.weight"] = np.ones((8, columns), np.float32)
        tensors[f"{key}.lora_up.weight"] = np.ones((3 * rows, 8), np.float32)
        tensors[f"{key}.alpha"] = np.array(4, np.float32)
    metadata = {
        "modelspec.title": "Ink \x1b[31mred", "modelspec.trigger_phrase": "ink drawing",
        "ss_base_model_version": "zimage",
    }  # fmt: skip
    save_file(tensors, tmp_path / "ink.safetensors", metadata=metadata)
    return tmp_path / "ink.safetensors"


def test_a_file_that_fits_is_described(lora: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["lora", "check", str(lora)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ink.safetensors: fits demo\n")
    lines = {line.strip().partition("  ")[0]: line for line in said.splitlines()}
    assert lines["format"].endswith("kohya, LoRA, fused qkv")
    assert lines["strength"].endswith("rank 8, alpha 4; multiplied by 0.5")
    assert lines["transformer"].endswith("6 layers: 6 attention")
    assert lines["tensors"].endswith("6, all mapped; 0.0 million values")
    assert lines["trigger words"].endswith("ink drawing")
    assert lines["trained for"].endswith("zimage")
    assert "\x1b" not in said


def test_trigger_words_are_those_of_the_list(lora: Path, capsys: pytest.CaptureFixture[str]):
    lora.with_suffix(".json").write_text('{"activation text": "ink, 墨"}', encoding="utf-8")
    assert run(["lora", "check", str(lora)]) == 0
    assert "trigger words   ink, 墨\n" in capsys.readouterr().out


def test_one_that_does_not_fit_is_the_exit_code(
    lora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "other.safetensors").write_bytes(lora.read_bytes()[:-8])
    assert run(["lora", "check", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "ink.safetensors: fits demo" in said
    assert "other.safetensors: does not fit demo\n  The LoRA other.safetensors cannot be" in said


def test_json_is_an_object_a_line(lora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["lora", "check", "--json", str(lora), str(tmp_path / "no.txt")]) == 1
    fits, missing = map(json.loads, capsys.readouterr().out.splitlines())
    assert fits["fits"] is True
    assert (fits["ranks"], fits["alphas"], fits["factors"]) == ([8], [4.0], [0.5])
    assert fits["layers"] == {"transformer": {"attention": 6}}
    assert missing["refusal"].endswith("cannot be used: it is missing.")


def test_a_folder_without_any_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["lora", "check", str(tmp_path)]) == 2
    assert "has no .safetensors files." in capsys.readouterr().err


def test_no_file_is_named(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        run(["lora", "check"])
    assert left.value.code == 2
    assert "FILE" in capsys.readouterr().err
