"""Every setting, read once from the environment and `.env`, then frozen.

`.env.example` lists the same settings with the same defaults; a test compares the two.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo

from bot.environment.env_file import EnvFile, misspelt, read_env_file
from bot.errors import SettingsError

PROJECT_DIR = Path(__file__).resolve().parent.parent


def demo_model_dir(root: Path) -> Path:
    """Return where the demo model lies, given the folder that holds the package `bot`.

    A wheel brings it inside the package; a clone and an editable installation have it in `data`.
    """
    packed = root / "bot" / "demo_model"
    return packed if packed.is_dir() else root / "data" / "demo_model"


DEMO_MODEL_DIR = demo_model_dir(PROJECT_DIR)


def tool_caches() -> tuple[Path, ...]:
    """Return where the tools of Hugging Face and of ModelScope keep what they download."""
    variables = ("HF_HUB_CACHE", "HF_HOME", "MODELSCOPE_CACHE")
    named = [Path(value) for name in variables if (value := os.environ.get(name))]
    try:
        home = Path.home() / ".cache"
    except RuntimeError:  # nobody's
        return tuple(named)
    return (*named, home / "huggingface", home / "modelscope")


_ENV_FILE: Final = Path(".env")
_MAX_SHOWN: Final = 60  # characters of a value that does not work
_QUOTES: Final = "\"'"
_TYPESET_QUOTES: Final = "“”„‟‘’‚‛«»‹›"  # a word processor's; for a shell they are letters
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TOKEN: Final = re.compile(r"[\w-]{18,}\.[\w-]{5,}\.[\w-]{20,}")


class Settings(BaseModel):
    """What the operator may choose. An empty value means the default."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    discord_token: SecretStr | None = Field(
        default=None,
        description="Token of the Discord application's bot; only the bot on Discord needs it.",
    )
    model: str = Field(
        default="demo",
        description="What draws: demo (shipped), Tongyi-MAI/Z-Image-Turbo, Tongyi-MAI/Z-Image, a "
        "folder like one of them or of ComfyUI, or files of weights with ; between them, as "
        "docs/weights.md shows.",
    )
    model_profile: Literal["auto", "turbo", "base"] = Field(
        default="auto",
        description="What a folder's weights are, where its files contradict one another: turbo "
        "(few steps) or base (Z-Image: many steps, guidance).",
    )
    model_source: Literal["modelscope", "huggingface"] = Field(
        default="modelscope", description="Where a model that is not here yet is fetched from."
    )
    model_cache: Path = Field(
        default=Path("data/model_cache"),
        description="One folder for the downloads of both sources (33 GB for Z-Image-Turbo, 21 GB "
        "for Z-Image).",
    )
    modelscope_endpoint: str | None = Field(
        default=None,
        description="Address of a ModelScope mirror, for example https://modelscope.cn.",
    )
    hf_endpoint: str | None = Field(
        default=None,
        description="Address of a Hugging Face mirror, for example https://huggingface.co.",
    )
    data_dir: Path = Field(
        default=Path("data"), description="Where the database, the images and the outputs are kept."
    )
    lora_dir: Path | None = Field(
        default=None,
        description="A folder of LoRAs (.safetensors, also in folders within it) that everybody "
        "may use by name; empty is the folder loras in DATA_DIR.",
    )
    device: str = Field(
        default="auto", description="auto (the GPU if there is one), cpu, cuda or cuda:N."
    )
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        default="auto", description="auto: bfloat16 on a GPU, float32 on a CPU."
    )
    engine_path: Literal["auto", "fast", "reference"] = Field(
        default="auto",
        description="fast (fused kernels, CUDA graphs), reference (diffusers' own code), or auto: "
        "fast on a GPU. The recipe records it.",
    )
    precision: Literal["full", "fp8", "int8", "int4"] = Field(
        default="full",
        description="Other than full makes other images, on the fast path only. fp8: 8-bit "
        "products, quicker. int8, int4: weights in so many bits, smaller.",
    )
    memory: Literal["auto", "24", "16", "12", "8"] = Field(
        default="auto",
        description="GiB of the GPU to use at most, or all that is free. What does not fit comes "
        "from main memory in its turn: slower, the same images. Of no effect on a CPU.",
    )
    control: str = Field(
        default="auto",
        description="Weights that let a map steer images: auto (what `download --control` fetched, "
        "or lies beside the model), off, full, lite, or a file. They take 2 or 6.7 GB of the GPU.",
    )
    cpu_threads: Annotated[int, Field(ge=0, le=256)] = Field(
        default=0, description="Threads torch may use on a CPU; 0 leaves the choice to torch."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG also logs prompts."
    )

    engine_patience_s: Annotated[float, Field(ge=1, le=86_400)] = Field(
        default=600,
        description="Seconds without a step after which a drawing is given up and the engine "
        "restarted.",
    )
    delivery_patience_s: Annotated[float, Field(ge=1, le=2_592_000)] = Field(
        default=86_400,
        description="Seconds for which Discord is asked again to take an image or to let go a "
        "deleted one; then whoever asked is told in private.",
    )
    max_jobs: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=100, description="How many jobs may wait at once."
    )
    max_jobs_per_user: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=5, description="How many jobs one user may have in the queue."
    )
    max_boards_mb: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        default=10_000,
        description="Megabytes of pictures that the mood boards of one server may keep.",
    )
    max_trash_mb: Annotated[int, Field(ge=0, le=100_000_000)] = Field(
        default=2_000,
        description="Megabytes of deleted images that are kept for a day, in case that they are "
        "wanted back; what finds no room, and with 0 everything, is deleted for good at once.",
    )
    words: Literal["off", "spoiler", "refuse"] = Field(
        default="off",
        description="What becomes of prompts with sexual, violent or hateful words: off (nothing), "
        "spoiler (their images are hidden until they are clicked), refuse. Both also refuse such "
        "words in names, captions and comments of boards.",
    )
    words_file: Path | None = Field(
        default=None,
        description="A list of your own words, beside those that WORDS knows: one a line, as "
        "README.md shows.",
    )
    pictures: Literal["off", "spoiler", "refuse"] = Field(
        default="off",
        description="What becomes of pictures that a model takes for pornographic, drawn or handed "
        "in: off (nothing, and no picture is looked at), spoiler (they are hidden until they are "
        "clicked), refuse (they are not posted). README.md tells what the model cannot see.",
    )
    pictures_threshold: Annotated[float, Field(ge=0.01, le=1)] = Field(
        default=0.8,
        description="How certain of that it has to be, from 0.01 to 1: less refuses more.",
    )
    audit_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=365,
        description="Days that it is kept what moderators did, and what was refused and reported; "
        "/mod log shows it.",
    )
    rules_file: Path | None = Field(
        default=None,
        description="Your own rules for all servers, which they cannot loosen: a TOML file with a "
        "table [operator], as README.md shows.",
    )
    quarantine_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30,
        description="Days that files are kept in data/quarantine which the database does not name; "
        "then they are deleted.",
    )
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=0,
        description="Days after which images that are on no board are deleted, with their messages "
        "and prompts; 0 keeps them.",
    )
    guild_grace_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=30,
        description="Days after which all data of a server are deleted that the bot was removed "
        "from, unless it is invited again.",
    )
    privacy_contact: str | None = Field(
        default=None,
        description="Whom people can ask about their data: a mail address, or one that begins "
        "with https://. The policy page and /privacy name it.",
    )

    _notes: tuple[str, ...] = PrivateAttr(default=())

    @property
    def lora_folder(self) -> Path:
        """Return where LoRAs are looked for."""
        return self.data_dir / "loras" if self.lora_dir is None else self.lora_dir

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each line of `.env` that probably means something else."""
        return self._notes

    @classmethod
    def read(cls) -> Self:
        """Read the environment and `.env`; the environment goes before the file.

        Raises:
            SettingsError: `.env` cannot be read, or a value cannot be used; the sentence names the
                file or the setting.

        """
        file = read_env_file(_ENV_FILE, setting_names())
        given = {**file.values, **_environment()}
        try:
            settings = cls.model_validate(
                {name.lower(): value for name, each in given.items() if (value := _bare(each))}
            )
        except ValidationError as error:
            raise SettingsError(" ".join(_sentences(error, file))) from None
        settings._notes = file.notes  # noqa: SLF001 - its own
        return settings

    @field_validator("*", mode="before")
    @classmethod
    def _check_text(cls, value: object, info: ValidationInfo) -> object:
        """Refuse what a slip of the editor or the clipboard brings into any of the values."""
        if not isinstance(value, str):
            return value
        if _CONTROL.search(value):
            raise ValueError(
                "it holds a line break or another control character, as an open quote or a \\ "
                "between double quotes makes them; write it on one line, in single quotes"
            )
        if set(value[:1] + value[-1:]) & set(_TYPESET_QUOTES):
            raise ValueError("its quotes are a word processor's; use plain ones, or none")
        if info.field_name != "discord_token" and _TOKEN.search(value):
            raise ValueError("it holds a Discord token, which belongs into DISCORD_TOKEN")
        return value

    @field_validator("discord_token", mode="before")
    @classmethod
    def _read_token(cls, value: object) -> object:
        """Take a token as people copy it, also with the scheme of its HTTP header."""
        if not isinstance(value, str):
            return value
        token = re.sub(r"^Bot(\s+|$)", "", value.strip(), flags=re.IGNORECASE)
        if not re.fullmatch(r"[!-~]+", token):
            raise ValueError(
                "a token is one word of letters, digits, dots, - and _; copy it again from the Bot "
                "page of your application at https://discord.com/developers/applications"
            )
        return token

    @field_validator(
        "data_dir",
        "model_cache",
        "model",
        "lora_dir",
        "control",
        "words_file",
        "rules_file",
        mode="before",
    )
    @classmethod
    def _expand(cls, value: object) -> object:
        """Expand `~` and variables, as a shell would."""
        if not isinstance(value, str) or not ("~" in value[:1] or set("$%") & set(value)):
            return value
        text = os.path.expandvars(value)
        if unset := re.search(r"\$\{?(\w+)|%(\w+)%", text):
            name = unset[1] or unset[2]
            raise ValueError(f"the environment has no variable {name}; write the whole path")
        try:
            return str(Path(text).expanduser())
        except RuntimeError:
            raise ValueError("there is no such user here; write the whole path") from None

    @field_validator("device")
    @classmethod
    def _check_device(cls, value: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", value):
            raise ValueError("use 'auto', 'cpu', 'cuda' or a certain GPU, for example 'cuda:1'")
        return value

    @field_validator("privacy_contact")
    @classmethod
    def _check_contact(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[^\s@]+@[^\s@]+\.\w+|https?://\S+", value):
            raise ValueError("use a mail address, or one that begins with https://")
        return value

    @field_validator("modelscope_endpoint", "hf_endpoint")
    @classmethod
    def _check_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s/]+\S*", value):
            raise ValueError("use an address that begins with https:// or http://")
        return value


def setting_names() -> list[str]:
    """Return what the settings are called in the environment and in `.env`."""
    return [name.upper() for name in Settings.model_fields]


def misspelt_variables() -> list[str]:
    """Return a sentence for each variable of the environment that looks like a misspelt setting."""
    return list(misspelt(os.environ, setting_names()))


def _environment() -> dict[str, str]:
    """Return the settings of the environment; capitals go before small letters."""
    names, variables = setting_names(), sorted(os.environ.items(), reverse=True)
    return {key.upper(): value for key, value in variables if key.upper() in names and value}


def _bare(value: str) -> str:
    """Return a value without space around it and without the quotes that Docker leaves there."""
    bare = value.strip()
    is_quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _QUOTES
    return bare[1:-1].strip() if is_quoted else bare


def _sentences(error: ValidationError, file: EnvFile) -> Iterator[str]:
    """Yield one sentence for each setting that does not work; a token is never shown in it."""
    for each in error.errors(include_url=False):
        name, value = str(each["loc"][0]).upper(), str(each["input"])
        is_secret = name == "DISCORD_TOKEN" or _TOKEN.search(value)
        shown = "" if is_secret else f" {value[:_MAX_SHOWN]!r}"
        own = each.get("ctx", {}).get("error")  # of a validator here
        works = own if own is not None else _works(Settings.model_fields[name.lower()])
        where = "" if name in _environment() else f" (line {file.lines[name]} of {_ENV_FILE})"
        yield f"The setting {name}{shown}{where} does not work: {works}."


def _works(field: FieldInfo) -> str:
    """Return what can be used for a setting, from its type and its limits."""
    if get_origin(field.annotation) is Literal:
        *names, last = map(repr, get_args(field.annotation))
        return f"use {', '.join(names)} or {last}"
    least = next(each.ge for each in field.metadata if hasattr(each, "ge"))
    most = next(each.le for each in field.metadata if hasattr(each, "le"))
    kind = "a whole number" if field.annotation is int else "a number"
    return f"use {kind} from {least} to {most}"
