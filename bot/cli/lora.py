"""`python -m bot lora`: the LoRAs that images can be drawn with."""

from __future__ import annotations

from bot.cli import lora_check, lora_list, lora_samples
from bot.cli.common import Commands


def add_to(commands: Commands) -> None:
    """Add this command and its own commands to the parser."""
    parser = commands.add_parser(
        "lora",
        help="look at LoRAs",
        description="LoRAs are .safetensors files that change what the model draws.",
    )
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    lora_list.add_to(own)
    lora_check.add_to(own)
    lora_samples.add_to(own)
