"""The folder of LoRAs: what it is called, what is known of it, and how a file is found again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bot.domain.requests import Adapter
from bot.errors import BotError, InvalidRequestError, MissingAdapterError
from bot.locales import sentence
from bot.models import LoraFolder
from bot.models.loras import HASHES_NAME, ModelWeights
from tests.support.loras import KOHYA, write_lora


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "loras"
    folder.mkdir()
    return folder


def refusal(folder: LoraFolder, name: str) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        folder.find(name)
    assert sentence(caught.value.message, "zh-CN") != caught.value.message
    return caught.value.message


def test_a_file_is_found_by_its_name_and_the_header_tells_of_it(place: Path):
    sha = write_lora(place, "neon", KOHYA)
    found = LoraFolder(place).find("NEON")
    assert (found.name, found.sha256, found.rank) == ("neon", sha, 4)
    assert (found.triggers, found.base, found.title) == (("neon style",), "zimage", "Neon night")
    assert found.size_bytes == (place / "neon.safetensors").stat().st_size
    assert found.is_called_for_in("a street in Neon Style")
    assert not found.is_called_for_in("a street")


def test_a_name_may_be_begun_and_typed_with_spaces_and_its_suffix(place: Path):
    for name in ("neon", "ink wash, v2", "sub/pencil"):
        write_lora(place, name)
    folder = LoraFolder(place)
    for typed, name in {
        "ne": "neon", "ink wash, v2": "ink_wash_v2", "ink_": "ink_wash_v2",
        "neon.safetensors": "neon", "pencil": "pencil",
    }.items():  # fmt: skip
        assert folder.find(typed).name == name, typed


def test_two_of_one_name_are_told_apart_by_their_folders(place: Path):
    shas = [write_lora(place, name, seed=i) for i, name in enumerate(("neon", "a/neon", "b/ink"))]
    folder = LoraFolder(place)
    assert [folder.find(each).sha256 for each in ("neon", "a/neon", "ink")] == shas
    assert [each.name for each in folder.all] == ["a/neon", "ink", "neon"]


def test_the_operators_file_goes_before_one_of_the_model(place: Path, tmp_path: Path):
    ours = write_lora(place, "neon")
    theirs = write_lora(tmp_path / "model", "neon", seed=1)
    folder = LoraFolder(place, tmp_path / "model", tmp_path / "not there")
    assert folder.find("neon").sha256 == ours
    assert folder.path(theirs).parent.name == "model"


def test_what_is_not_there_is_refused_in_one_sentence(place: Path):
    assert "There are no LoRAs here" in refusal(LoraFolder(place), "neon")
    for name in ("neon", "neat", "ink"):
        write_lora(place, name)
    folder = LoraFolder(place)
    assert refusal(folder, "neom") == "There is no LoRA 'neom' here: neon may be meant."
    assert refusal(folder, "xyz") == "There is no LoRA 'xyz' here: use ink, neat, neon."
    assert (
        refusal(folder, "ne") == "The LoRA 'ne' could be any of neat, neon: write the whole name."
    )


def test_a_broken_file_harms_no_other_and_says_why(place: Path):
    write_lora(place, "neon")
    (place / "cut.safetensors").write_bytes((place / "neon.safetensors").read_bytes()[:-5])
    (place / "page.safetensors").write_text("<html>", encoding="utf-8")
    (place / "._neon.safetensors").write_bytes(b"\0")  # a system's own
    folder = LoraFolder(place)
    assert folder.find("neon").fault == ""
    assert {each.name: bool(each.fault) for each in folder.all} == {
        "cut": True, "neon": False, "page": True,
    }  # fmt: skip
    assert "truncated" in refusal(folder, "cut")
    assert folder.num_unread == 0


@pytest.mark.parametrize(
    "metadata",
    [
        {"ss_tag_frequency": "[" * 100_000},
        {"ss_tag_frequency": '{"a": 1, "b": {"x": "many", "y": true, "z": -4}}'},
        {"ss_tag_frequency": "null", "trigger_words": "null", "ss_network_dim": "9" * 5000},
        {"modelspec.trigger_phrase": "\u202e\x1b[2J" + "x" * 5000, "modelspec.title": "a\nb" * 400},
        {"trigger_words": json.dumps([{"a": 1}, 3, None])},
    ],
)
def test_metadata_is_trusted_in_nothing(place: Path, metadata: dict[str, str]):
    write_lora(place, "odd", metadata)
    found = LoraFolder(place).find("odd")
    assert found.fault == ""
    for words in (*found.triggers, found.base, found.title):
        assert words.isprintable()
        assert len(words) <= 80
    assert len(found.triggers) <= 5


def test_trigger_words_may_lie_beside_the_file_as_other_programs_keep_them(place: Path):
    write_lora(place, "neon", KOHYA)
    (place / "neon.json").write_text('{"activation text": "glow, night"}', encoding="utf-8")
    (place / "neon.preview.png").write_bytes(b"")
    folder = LoraFolder(place)
    found = folder.find("neon")
    assert found.triggers == ("glow", "night")
    assert found.sha256 is not None
    assert folder.picture(found.sha256) == place / "neon.preview.png"


def test_what_appears_or_vanishes_is_noticed(place: Path):
    folder = LoraFolder(place)
    folder.refresh()
    sha = write_lora(place, "neon")
    assert folder.path(sha) == place / "neon.safetensors"
    (place / "neon.safetensors").rename(place / "renamed.safetensors")
    assert folder.path(sha) == place / "renamed.safetensors"
    folder.check([Adapter(name="neon", sha256=sha, scale=1.0)])
    (place / "renamed.safetensors").unlink()
    with pytest.raises(MissingAdapterError, match=rf"LoRA renamed \(SHA-256 {sha[:12]}…\)"):
        folder.path(sha)
    with pytest.raises(MissingAdapterError, match="LoRA neon ") as caught:
        folder.check([Adapter(name="neon", sha256=sha, scale=1.0)])
    assert sentence(caught.value.message, "zh-CN") != caught.value.message
    folder.refresh()
    assert folder.all == []


def test_a_file_with_other_weights_is_another_one(place: Path):
    before = write_lora(place, "neon")
    folder = LoraFolder(place)
    assert folder.find("neon").sha256 == before
    after = write_lora(place, "neon", seed=1)
    os.utime(place / "neon.safetensors", (1, 1))
    with pytest.raises(MissingAdapterError):
        folder.path(before)
    assert folder.find("neon").sha256 == after


def test_files_are_hashed_once_for_all_starts(place: Path, tmp_path: Path):
    hashes = tmp_path / "data" / HASHES_NAME
    sha = write_lora(place, "neon")
    first = LoraFolder(place, hashes=hashes, reads_when_asked=False)
    first.refresh()
    assert "first time: try again" in refusal(first, "neon")
    with pytest.raises(BotError, match="may be among 1 files that are read"):
        first.check([Adapter(name="ink", sha256="0" * 64, scale=1.0)])
    assert first.hash_next()
    assert not first.hash_next()
    assert first.find("neon").sha256 == sha
    again = LoraFolder(place, hashes=hashes, reads_when_asked=False)
    again.refresh()
    assert (again.num_unread, again.find("neon").sha256) == (0, sha)
    hashes.write_text("{", encoding="utf-8")
    third = LoraFolder(place, hashes=hashes)
    assert third.find("neon").sha256 == sha


def test_other_programs_hashes_are_known(place: Path):
    weights = "ab" * 32
    sha = write_lora(place, "neon", {"sshs_model_hash": weights})
    folder = LoraFolder(place)
    folder.find("neon")
    for digits in (sha[:10], sha[:10].upper(), weights[:12], sha):
        found = folder.with_hash(digits)
        assert found is not None
        assert found.name == "neon"
    assert folder.with_hash(sha[:4]) is None
    assert folder.with_hash("0" * 12) is None


def test_links_that_lead_back_are_followed_once(place: Path):
    write_lora(place, "neon")
    (place / "again").symlink_to(place, target_is_directory=True)
    folder = LoraFolder(place)
    folder.refresh()
    assert [each.name for each in folder.all] == ["neon"]


def test_what_does_not_fit_the_model_is_told_when_it_is_asked_for(
    place: Path, tmp_path: Path, demo_model: Path
):
    good = write_lora(place, "neon")
    other = write_lora(place, "sdxl", layer="lora_unet_down_blocks_0_attentions_0_proj_in")
    hashes, model = tmp_path / HASHES_NAME, ModelWeights(folder=demo_model, revision="1")
    folder = LoraFolder(place, hashes=hashes, model=model)
    assert folder.find("neon").sha256 == good
    assert "cannot be used: " in refusal(folder, "sdxl")
    again = LoraFolder(place, hashes=hashes, model=model)
    again.refresh()
    assert again.num_unread == 0
    assert [each.name for each in again.all if each.fault] == ["sdxl"]
    assert again.path(other).name == "sdxl.safetensors"
    later = LoraFolder(place, hashes=hashes, model=ModelWeights(folder=demo_model, revision="2"))
    later.refresh()
    assert later.num_unread == 2
