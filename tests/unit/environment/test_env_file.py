"""`.env` as editors, shells and people write it: read, or told in one sentence what is wrong."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from bot.environment.env_file import EnvFile, read_env_file
from bot.errors import SettingsError

NAMES = ("DISCORD_TOKEN", "MODEL", "MODEL_CACHE", "DATA_DIR", "DTYPE", "MAX_JOBS")
TEXT = "# Grüße, 你好\nMODEL=模型\r\nDTYPE=float32\n"


def read(content: str | bytes) -> EnvFile:
    Path(".env").write_bytes(content.encode() if isinstance(content, str) else content)
    return read_env_file(Path(".env"), NAMES)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    ],
)
def test_every_encoding_that_is_certain_is_read(content: bytes):
    assert read(content).values == {"MODEL": "模型", "DTYPE": "float32"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("MODEL=x\n# Grüße\n".encode("latin-1"), 2),
        ("MODEL=x\n\n# “quoted”\n".encode("cp1252"), 3),
        ("MODEL=x\nDTYPE=auto\n".encode("utf-16-le"), 1),
        (b"MODEL=x\nDTYPE=\0auto", 2),
        (codecs.BOM_UTF16_LE + "MODEL=x\n".encode("utf-16-le") + b"x", 2),
        ("MODEL=模型\n".encode("gb18030"), 1),
        (b"\x89PNG\r\n\x1a\n\0", 1),
    ],
)
def test_another_encoding_is_one_sentence_with_file_line_and_cure(
    content: bytes, line: int, tmp_path: Path
):
    with pytest.raises(SettingsError) as caught:
        read(content)
    assert str(tmp_path / ".env") in caught.value.message
    assert f"(line {line}" in caught.value.message
    assert caught.value.message.endswith("save it as UTF-8.")


@pytest.mark.parametrize(
    "line",
    [
        "DTYPE=float32", "DTYPE = float32", "export DTYPE=float32", '  DTYPE="float32"  # why',
        "DTYPE='float32'", "DTYPE=float32 # why", "DTYPE=float32\r", "DTYPE=\tfloat32",
        "export  DTYPE = 'float32'\r", "dtype=float32", "DTYPE=auto\nDTYPE=float32",
        "A=float32\nDTYPE=${A}",
    ],
)  # fmt: skip
def test_every_way_to_write_a_line_works(line: str):
    assert read(f"{line}\nMODEL=x\n").values == {"DTYPE": "float32", "MODEL": "x"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("DATADIR=/x", "DATADIR in line 3 of {} is not a setting: DATA_DIR was probably meant."),
        ("MAX_JOB=3", "MAX_JOB in line 3 of {} is not a setting: MAX_JOBS was probably meant."),
        ("TOKEN=a", "TOKEN in line 3 of {} is not a setting: DISCORD_TOKEN was probably meant."),
        ("DTYP=a", "DTYP in line 3 of {} is not a setting: DTYPE was probably meant."),
        ("datadir=/x", "datadir in line 3 of {} is not a setting: DATA_DIR was probably meant."),
        ('"MODEL=x"', '"MODEL in line 3 of {} is not a setting: MODEL was probably meant.'),
        ("POSTGRES_USER=x", "POSTGRES_USER in line 3 of {} is not a setting, and has no effect."),
        ("data_dir=/x", "data_dir in line 3 of {} is read as DATA_DIR: write it in capitals."),
        ("MODEL", "Line 3 of {} sets nothing: write NAME=value."),
        ("DTYPE=cpu", "DTYPE stands in line 1 and again in line 3 of {}: the latter counts."),
    ],
)  # fmt: skip
def test_what_was_probably_meant_is_told_with_its_line(line: str, told: str, tmp_path: Path):
    notes = read(f"DTYPE=auto\n\n{line}\n").notes
    assert notes == (told.format(tmp_path / ".env"),)


def test_nothing_is_told_of_a_file_that_is_right():
    assert read("# own\n\nMODEL=x\nDTYPE=\n") == EnvFile(
        values={"MODEL": "x", "DTYPE": ""}, lines={"MODEL": 3, "DTYPE": 4}
    )


@pytest.mark.parametrize("line", ['MODEL="x', "MODEL: x", "set MODEL=x", "MODEL='x' y"])
def test_a_line_that_cannot_be_understood_is_refused(line: str, tmp_path: Path):
    with pytest.raises(SettingsError) as caught:
        read(f"\n# own\n{line}\nDTYPE=auto\n")
    assert caught.value.message.startswith(f"Line 3 of {tmp_path / '.env'} is not understood")


def test_what_is_no_file_is_told(tmp_path: Path):
    path = tmp_path / ".env"
    assert read_env_file(path, NAMES) == EnvFile()
    path.symlink_to("elsewhere")
    with pytest.raises(SettingsError, match=r"is a link to elsewhere, which is not there"):
        read_env_file(path, NAMES)
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsError, match=r"\.env is a folder, .* from a file of that name"):
        read_env_file(path, NAMES)
    (path / "pyvenv.cfg").touch()  # a virtual environment
    assert read_env_file(path, NAMES) == EnvFile()


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path):
    # Root may read everything; what the kernel itself refuses is refused to root, too.
    (tmp_path / ".env").symlink_to("/proc/self/mem")
    with pytest.raises(SettingsError, match=r"cannot be read \(.*the permission to read it"):
        read_env_file(tmp_path / ".env", NAMES)
