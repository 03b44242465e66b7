"""Discord's rules that simcord does not keep: sizes, names, repeated posts, tokens, threads."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from simcord.backend import serializers
from simcord.backend.errors import BackendError, invalid_form_body
from simcord.backend.models import Interaction

from tests.support.discord_server.backend import WireBackend

MOST_FILES = 10
OLD_S = 3600.0  # seen nonces are dropped then, however long a test lets the window be
NONCE_WINDOW_S = 180.0  # "some minutes": Discord does not say how many
MOST_COMMANDS = {1: 100, 2: 15, 3: 15}  # by kind: slash, user menu, message menu
MOST_CHARACTERS = 8000  # of all names, descriptions and values of one command together


@dataclass(kw_only=True)
class Uploaded:
    """One file of a request, in the form simcord reads."""

    filename: str
    content: bytes
    description: str | None = None

    @property
    def fp(self) -> BytesIO:
        return BytesIO(self.content)


def check_files(backend: WireBackend, channel_id: int | None, files: Sequence[Uploaded]) -> None:
    """Refuse too many files, and files that are too large where they go."""
    if len(files) > MOST_FILES:
        problem = {
            "code": "BASE_TYPE_MAX_LENGTH",
            "message": f"Must be {MOST_FILES} or fewer in length.",
        }
        raise invalid_form_body(errors={"files": {"_errors": [problem]}})
    if channel_id is None or channel_id not in backend.channels:
        return
    limit = backend.upload_limit(channel_id)
    if any(len(file.content) > limit for file in files):
        raise BackendError(413, 40005, "Request entity too large")


def check_may_attach(backend: WireBackend, channel_id: int, files: Sequence[Uploaded]) -> None:
    """Refuse files in a channel where the bot may write but not attach."""
    channel = backend.get_channel(channel_id)
    if files and channel.guild_id is not None:
        backend.require_permissions(
            channel.guild_id, backend.bot_user.id, channel_id, "attach_files"
        )


def check_may_pin(backend: WireBackend, channel_id: int) -> None:
    """Refuse to pin for Manage Messages alone, as Discord does since February 2026."""
    channel = backend.get_channel(channel_id)
    if channel.guild_id is not None:
        backend.require_permissions(
            channel.guild_id, backend.bot_user.id, channel_id, "pin_messages"
        )


def check_thread(backend: WireBackend, channel_id: int | None, *, is_new_message: bool) -> None:
    """Let a new message open an archived thread, and refuse all else in it.

    A locked one stays shut: bots are taken to be invited without Manage Threads.
    """
    channel = backend.channels.get(channel_id or 0)
    if channel is None or channel.thread_metadata is None:
        return
    metadata = channel.thread_metadata
    if is_new_message and metadata.locked:
        raise BackendError(403, 160005, "Thread is locked")
    if not metadata.archived:
        return
    if not is_new_message:
        raise BackendError(400, 50083, "Thread is archived")
    backend.edit_channel(channel.id, {}, thread_metadata={"archived": False})


def check_may_open(backend: WireBackend, channel_id: int) -> None:
    """Refuse to change a thread that a moderator has locked."""
    channel = backend.channels.get(channel_id)
    if channel is not None and channel.thread_metadata and channel.thread_metadata.locked:
        raise BackendError(403, 50013, "Missing Permissions")


def check_token(backend: WireBackend, token: str) -> Interaction | None:
    """Return the interaction a webhook token is of, or None where it is no interaction's.

    Raises:
        BackendError: It has lived its 15 minutes (simcord says 404 there, Discord 401), or its
            interaction is not acknowledged: until then Discord knows of no such webhook, whatever
            is asked of it (simcord says at first that a message is gone).

    """
    interaction_id = backend.interaction_tokens.get(token)
    if interaction_id is None:
        return None
    record = backend.interactions[interaction_id]
    if record.expires_at is not None and backend.now_iso() >= record.expires_at:
        raise BackendError(401, 50027, "Invalid Webhook Token")
    if not record.responded:
        raise BackendError(404, 10015, "Unknown Webhook")
    return record


@dataclass(kw_only=True)
class Nonces:
    """Posts that say they are unique: a second one with the same nonce returns the first."""

    backend: WireBackend
    window_s: float = NONCE_WINDOW_S
    _seen: dict[tuple[int, str], tuple[float, dict[str, Any]]] = field(default_factory=dict)

    def first(self, channel_id: int, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer to the post this one repeats, or None."""
        seen = self._seen.get((channel_id, str(body.get("nonce"))))
        if not body.get("enforce_nonce") or seen is None:
            return None
        at, answer = seen
        if self.backend.clock.elapsed >= at + self.window_s:
            return None
        message = self.backend.messages.get(channel_id, {}).get(int(answer["id"]))
        if message is None:
            return answer
        return {**serializers.message_payload(self.backend, message), "nonce": body["nonce"]}

    def made_with(self, prefix: str) -> set[int]:
        """Return the ids of the messages whose nonce begins so."""
        return {
            int(answer["id"])
            for (_, nonce), (_, answer) in self._seen.items()
            if nonce.startswith(prefix)
        }

    def remember(self, channel_id: int, body: Mapping[str, Any], answer: dict[str, Any]) -> None:
        """Keep what a post was answered."""
        if body.get("nonce") is not None:
            answer["nonce"] = body["nonce"]
            now = self.backend.clock.elapsed
            self._seen = {key: seen for key, seen in self._seen.items() if now < seen[0] + OLD_S}
            self._seen[channel_id, str(body["nonce"])] = (now, answer)


def check_commands(commands: Any) -> None:
    """Refuse commands Discord would not register, naming the first thing that is wrong."""
    if not isinstance(commands, list):
        raise _bad("commands", "Must be a list.")
    names = [(each.get("type", 1), each.get("name")) for each in commands]
    for kind, most in MOST_COMMANDS.items():
        if sum(of == kind for of, _ in names) > most:
            raise _bad("commands", f"There may be {most} commands of type {kind}.")
    if len(set(names)) != len(names):
        raise _bad("name", "Application command names must be unique")
    for command in commands:
        _check_command(command)


def _check_command(command: Mapping[str, Any]) -> None:
    if command.get("type", 1) != 1:
        if not 1 <= len(command.get("name", "")) <= 32:
            raise _bad("name", "Must be between 1 and 32 in length.")
        if command.get("description"):
            raise _bad("description", "Context menu commands cannot have description")
        return
    _check_option(command)
    if _characters(command) > MOST_CHARACTERS:
        raise _bad("name", f"A command may have {MOST_CHARACTERS} characters in all.")


def _check_option(option: Mapping[str, Any]) -> None:
    """Check a command, or one of its options, which have the same rules."""
    for name in (option.get("name", ""), *(option.get("name_localizations") or {}).values()):
        if not is_name(name):
            raise _bad("name", f"{name!r}: Command name is invalid")
    descriptions = (option.get("description_localizations") or {}).values()
    for description in (option.get("description", ""), *descriptions):
        if not 1 <= len(description) <= 100:
            raise _bad("description", "Must be between 1 and 100 in length.")
    for choice in option.get("choices") or ():
        if not 1 <= len(choice["name"]) <= 100 or len(str(choice["value"])) > 100:
            raise _bad("choices", "Names and values must be between 1 and 100 in length.")
    inner = option.get("options") or ()
    if len(inner) > 25 or len(option.get("choices") or ()) > 25:
        raise _bad("options", "Must be 25 or fewer in length.")
    wanted = [each.get("required", False) for each in inner]
    if wanted != sorted(wanted, reverse=True):
        raise _bad("options", "Required options must be placed before non-required options")
    for each in inner:
        _check_option(each)


def is_name(name: str) -> bool:
    r"""Tell whether a slash command may be called so: ^[-_'\p{L}\p{N}\p{Deva}\p{Thai}]{1,32}$."""
    return (
        1 <= len(name) <= 32
        and name == name.lower()
        and all(
            character in "-_'"
            or unicodedata.category(character)[0] in "LN"
            or unicodedata.name(character, "").startswith(("DEVANAGARI", "THAI"))
            for character in name
        )
    )


def _characters(option: Mapping[str, Any]) -> int:
    """Count as Discord does: of each text, only its longest translation."""
    own = _longest(option, "name") + _longest(option, "description")
    choices = option.get("choices") or ()
    own += sum(_longest(choice, "name") + len(str(choice["value"])) for choice in choices)
    return own + sum(_characters(each) for each in option.get("options") or ())


def _longest(thing: Mapping[str, Any], key: str) -> int:
    translations = (thing.get(f"{key}_localizations") or {}).values()
    return max(len(thing.get(key, "")), *(len(each) for each in translations), 0)


def _bad(field_: str, message: str) -> BackendError:
    problem = {"code": "APPLICATION_COMMAND_INVALID", "message": message}
    return invalid_form_body(errors={field_: {"_errors": [problem]}})
