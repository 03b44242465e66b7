"""Somebody who sees every message of the simulated Discord and forgets nothing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

EPHEMERAL = 1 << 6
IMAGE_BUTTON = re.compile(r"zib:(?:same|more):([a-z0-9.]+)")
IMAGE_LIST = re.compile(r"zib:choose:(?:one|\d+)")  # under a sheet
ALL = "all"  # of such a sheet


@dataclass(kw_only=True)
class SeenMessage:
    """One message over its whole life; moments are numbers that count up.

    Attributes:
        images: When it first showed each image, by the image's id.
        shown: The images that it shows now.
        texts: Everything it ever said.
        attachments: Its files as they were last.

    """

    channel_id: int
    is_private: bool
    images: dict[str, int] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    attachments: list[Mapping[str, Any]] = field(default_factory=list)
    deleted_at: int | None = None


class MessageObserver:
    """Listens to what Discord tells about messages; a bot that is dead at the time does not."""

    def __init__(self, backend: Any) -> None:
        self.messages: dict[int, SeenMessage] = {}
        self._backend = backend
        self._moments = itertools.count()
        emit, commit = backend.emit, backend.commit_message

        def seen(event: str, payload: Mapping[str, Any]) -> None:
            emit(event, payload)
            self._note(event, payload)

        def committed(message: Any, **options: Any) -> Any:
            if message.is_ephemeral:  # the gateway does not tell of those
                self._look(vars(message))
            return commit(message, **options)

        backend.emit, backend.commit_message = seen, committed

    def _note(self, event: str, payload: Mapping[str, Any]) -> None:
        if event in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
            self._look(payload)
        elif event == "MESSAGE_DELETE" and int(payload["id"]) in self.messages:
            self.messages[int(payload["id"])].deleted_at = next(self._moments)
        elif event in {"CHANNEL_DELETE", "THREAD_DELETE"}:
            for seen_message in self.messages.values():
                if (
                    seen_message.channel_id == int(payload["id"])
                    and seen_message.deleted_at is None
                ):
                    seen_message.deleted_at = next(self._moments)

    def _look(self, payload: Mapping[str, Any]) -> None:
        seen_message = self.messages.setdefault(
            int(payload["id"]),
            SeenMessage(
                channel_id=int(payload["channel_id"]),
                is_private=bool(int(payload.get("flags") or 0) & EPHEMERAL),
            ),
        )
        moment = next(self._moments)
        said = [str(payload.get("content") or "")]
        seen_message.shown = set()
        for component in _walk(payload.get("components") or []):
            said.append(str(component.get("content") or ""))
            for image in _images_of(component):
                seen_message.images.setdefault(image, moment)
                seen_message.shown.add(image)
        seen_message.texts.append("\n".join(said))
        seen_message.attachments = list(payload.get("attachments") or seen_message.attachments)

    def showing(self, image: str) -> dict[int, SeenMessage]:
        """Return the messages for everyone that ever showed an image, the first one first."""
        found = [
            (key, seen_message)
            for key, seen_message in self.messages.items()
            if image in seen_message.images and not seen_message.is_private
        ]
        return dict(sorted(found, key=lambda each: each[1].images[image]))

    def said(self, *parts: str) -> bool:
        """Tell whether any message, private ones too, ever held all of these words together."""
        return any(
            all(part in text for part in parts)
            for seen_message in self.messages.values()
            for text in seen_message.texts
        )


def _images_of(component: Mapping[str, Any]) -> list[str]:
    """Return the ids of the images that a button or a list is about."""
    about = str(component.get("custom_id") or "")
    if IMAGE_LIST.fullmatch(about):
        return [each["value"] for each in component["options"]]
    found = IMAGE_BUTTON.fullmatch(about)
    return found[1].split(".") if found and found[1] != ALL else []


def _walk(components: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for component in components:
        yield component
        yield from _walk(component.get("components") or [])
