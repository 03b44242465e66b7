"""One's own data as files, nothing of others in them, and the page that says what is stored."""

from __future__ import annotations

import io
import json
import re
import string
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.domain.privacy import OwnPicture, PersonalData
from bot.errors import BotError
from bot.locales.policy import LANGUAGES, policy_page
from bot.services.privacy import write_archive
from bot.services.privacy.privacy import personal_data
from tests.support.boards_env import ADA, BEN, an_image, picture
from tests.unit.storage.test_store import opened


def drawn(folder: Path, count: int) -> PersonalData:
    """Return so many pictures, each of some 27 kB."""
    paths = [folder / f"{i}.png" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(picture(i))
    pictures = [OwnPicture(name=f"images/{i}", path=path) for i, path in enumerate(paths)]
    return PersonalData(sections={"jobs": [{"id": "abc"}]}, pictures=pictures)


def packed(paths: tuple[Path, ...]) -> dict[str, bytes]:
    found = {}
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            found |= {name: archive.read(name) for name in archive.namelist()}
    return found


async def test_the_data_of_one_person_hold_nothing_of_another(tmp_path: Path):
    async with opened(tmp_path) as store:
        await an_image(store, 1, user=ADA, prompt="a red apple")
        await an_image(store, 2, user=BEN, prompt="a secret tower")
        await an_image(store, 3, user=BEN, prompt="my diary", guild_id=None)
        data = await personal_data(store, ADA.user_id)
        assert len(data.pictures) == 1
        words = json.dumps(dict(data.sections))
        assert "a red apple" in words
        assert not [each for each in ("secret", "diary", "Ben") if each in words]
        assert set(await store.personal.counts(BEN.user_id)) == {"jobs", "prompts", "images"}
        assert await store.personal.num_guilds(BEN.user_id) == 1


def test_an_archive_without_a_limit_holds_every_original(tmp_path: Path):
    data = drawn(tmp_path, 3)
    archive = write_archive(data, tmp_path / "out")
    assert len(archive.paths) == 1
    found = packed(archive.paths)
    assert json.loads(found["data.json"]) == {"jobs": [{"id": "abc"}]}
    assert found["images/2.png"] == data.pictures[2].path.read_bytes()


def test_what_fits_into_several_files_is_split_over_them(tmp_path: Path):
    data = drawn(tmp_path, 6)
    limit = 2 * len(picture(0)) + 4_000
    archive = write_archive(data, tmp_path / "out", limit_bytes=limit, most_files=4)
    assert len(archive.paths) == 3
    assert all(path.stat().st_size <= limit for path in archive.paths)
    assert (archive.num_smaller, archive.num_left_out) == (0, 0)
    assert len(packed(archive.paths)) == 7


def test_what_does_not_fit_is_sent_in_smaller_copies(tmp_path: Path):
    data = drawn(tmp_path, 6)
    limit = len(picture(0)) + 4_000
    archive = write_archive(data, tmp_path / "out", limit_bytes=limit, most_files=2)
    assert len(archive.paths) <= 2
    assert all(path.stat().st_size <= limit for path in archive.paths)
    assert archive.num_smaller > 0
    found = packed(archive.paths)
    smaller = next(name for name in found if name.endswith(".webp"))
    with Image.open(io.BytesIO(found[smaller])) as image, Image.open(data.pictures[0].path) as one:
        assert image.size == one.size
    assert archive.num_left_out == 6 - (len(found) - 1)


def test_where_there_is_no_room_at_all_the_oldest_are_left_out(tmp_path: Path):
    data = drawn(tmp_path, 6)
    archive = write_archive(data, tmp_path / "out", limit_bytes=6_000, most_files=2)
    found = packed(archive.paths)
    assert "data.json" in found
    assert archive.num_left_out > 0
    assert all(path.stat().st_size <= 6_000 for path in archive.paths)


def test_words_that_do_not_fit_are_refused_in_one_sentence(tmp_path: Path):
    words = [{"prompt": bytes(range(i, i + 50)).hex()} for i in range(200)]
    data = PersonalData(sections={"prompts": words}, pictures=[])
    with pytest.raises(BotError, match="does not fit"):
        write_archive(data, tmp_path / "out", limit_bytes=1_000)


# The page for an operator's users


def fields(page: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(page) if name}


def test_both_languages_of_the_page_say_the_same():
    english, chinese = map(policy_page, LANGUAGES)
    assert fields(english) == fields(chinese)
    assert [len(re.findall(r"^## ", each, re.MULTILINE)) for each in (english, chinese)] == [5, 5]
    assert len(re.findall(r"^\|", english, re.MULTILINE)) == len(
        re.findall(r"^\|", chinese, re.MULTILINE)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_filled_from_the_settings(
    language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    settings = {
        "RETENTION_DAYS": "91", "GUILD_GRACE_DAYS": "17", "QUARANTINE_DAYS": "23",
        "PRIVACY_CONTACT": "https://example.org/ask", "DATA_DIR": "/srv/pictures",
        "MODEL": "Tongyi-MAI/Z-Image-Turbo", "MODEL_SOURCE": "huggingface", "WORDS": "refuse",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert run(["privacy-policy", "--language", language]) == 0
    page = capsys.readouterr().out
    assert "{" not in page
    for value in ("91", "17", "23", "https://example.org/ask", "/srv/pictures", "Hugging Face"):
        assert value in page
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    assert run(["privacy-policy", "--language", language]) == 0
    assert "DEBUG" in capsys.readouterr().out
