"""`python -m bot privacy-policy`: the page that tells people what this bot stores."""

from __future__ import annotations

import argparse

from bot.cli.common import Commands
from bot.environment.installation import command_line
from bot.environment.streams import tell
from bot.locales import text
from bot.locales.policy import LANGUAGES, policy_page
from bot.settings import Settings
from bot.storage.backups import KEPT_FOR


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "privacy-policy",
        help="print what this bot stores, for its users",
        description="Print a page in Markdown that says what this bot stores of people, where, "
        "what for and how long, from the settings as they are now. Read it, and add what else "
        "your users have to know.",
    )
    parser.add_argument(
        "--language", choices=LANGUAGES, default=LANGUAGES[0], help="default: en-US"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the page."""
    tell(policy(settings, options.language).rstrip("\n"))
    return 0


def policy(settings: Settings, language: str) -> str:
    """Return the page in a language."""
    return policy_page(language).format(
        command=command_line("privacy-policy"),
        data_dir=settings.data_dir,
        model=settings.model,
        backup_days=KEPT_FOR.days,
        quarantine_days=settings.quarantine_days,
        grace_days=settings.guild_grace_days,
        audit_days=settings.audit_days,
        words=text(f"policy_words_{settings.words}", language),
        pictures=text(f"policy_pictures_{settings.pictures}", language),
        **_chosen(settings, language),
    )


def _chosen(settings: Settings, language: str) -> dict[str, str]:
    """Return the parts that depend on whether something is set."""
    days, contact = settings.retention_days, settings.privacy_contact
    hub = {"modelscope": "ModelScope", "huggingface": "Hugging Face"}[settings.model_source]
    hub_key = "policy_no_hub" if settings.model == "demo" else "policy_hub"
    is_debug = settings.log_level == "DEBUG"
    return {
        "kept": text("policy_kept_days" if days else "policy_kept", language, days=days),
        "deleted": text("policy_deleted_days" if days else "policy_deleted", language, days=days),
        "contact": text(
            "policy_contact" if contact else "policy_no_contact", language, contact=contact
        ),
        "hub": text(hub_key, language, hub=hub),
        "debug": text("policy_debug", language) if is_debug else "",
    }
