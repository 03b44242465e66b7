"""Every setting, read once from the environment and `.env`, then frozen.

`.env.example` lists the same settings with the same defaults; a test compares the two.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

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


class Settings(BaseSettings):
    """What the operator may choose. An empty value means the default."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",  # .env may hold settings of other programs
        frozen=True,
    )

    discord_token: SecretStr | None = Field(
        default=None,
        description="Token of the Discord application's bot; only the bot on Discord needs it.",
    )
    model: str = Field(
        default="demo",
        description="What draws: demo (shipped), Tongyi-MAI/Z-Image-Turbo, or a folder like it.",
    )
    model_source: Literal["modelscope", "huggingface"] = Field(
        default="modelscope", description="Where a model that is not here yet is fetched from."
    )
    model_cache: Path = Field(
        default=Path("data/model_cache"),
        description="One folder for the downloads of both sources (33 GB for Z-Image-Turbo).",
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
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = Field(
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
    cpu_threads: Annotated[int, Field(ge=0, le=256)] = Field(
        default=0, description="Threads torch may use on a CPU; 0 leaves the choice to torch."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG also logs prompts."
    )

    engine_patience_s: Annotated[float, Field(ge=1)] = Field(
        default=600,
        description="Seconds without a step after which a drawing is given up and the engine "
        "restarted.",
    )
    max_jobs: Annotated[int, Field(ge=1)] = Field(
        default=100, description="How many jobs may wait at once."
    )
    max_jobs_per_user: Annotated[int, Field(ge=1)] = Field(
        default=5, description="How many jobs one user may have in the queue."
    )
    max_boards_mb: Annotated[int, Field(ge=1)] = Field(
        default=10_000,
        description="Megabytes of pictures that the mood boards of one server may keep.",
    )

    quarantine_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30,
        description="Days that files are kept in data/quarantine which the database does not name; "
        "then they are deleted.",
    )

    @classmethod
    def read(cls) -> Self:
        """Read the environment and `.env`.

        Raises:
            SettingsError: A value cannot be used; the sentence names the setting.

        """
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).upper() if first["loc"] else "settings"
            # The token must never be shown, not even a wrong one.
            shown = "" if name == "DISCORD_TOKEN" else f" {str(first['input'])[:60]!r}"
            raise SettingsError(
                f"The setting {name}{shown} does not work: {first['msg']}."
            ) from None
