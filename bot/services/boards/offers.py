"""Pictures that somebody wants to hang up: opened without trust, and what is said of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.boards import Item, ItemSource, ItemStatus, Swatch, rules
from bot.domain.jobs import Generation
from bot.errors import BotError, DamagedPictureError
from bot.media.fingerprint import fingerprint
from bot.media.image_input import Picture, read_picture
from bot.media.palettes import palette_of
from bot.media.picture_files import read_image
from bot.services.boards.inputs import Label
from bot.services.boards.updates import BoardUpdate


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is seen of a picture when it is opened."""

    picture: Picture
    sha256: str
    likeness: bytes
    palette: tuple[Swatch, ...]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A picture that somebody wants to hang up, not opened yet; the fields are those of `Item`.

    Attributes:
        is_checked: Whether the check of pictures has let it through already.

    """

    content: bytes
    source: ItemSource
    credit: str
    author_id: int | None
    channel_id: int | None
    is_spoiler: bool
    generation_id: str | None = None
    prompt: str | None = None
    seed: int | None = None
    recipe_text: str | None = None
    is_checked: bool = False


def said_of(label: Label) -> dict[str, Any]:
    """Return what is said of a picture as it is kept.

    Raises:
        InvalidRequestError: A text is too long, or there are too many tags.

    """
    return {
        "caption": rules.caption(label.get("caption", "")),
        "credit": rules.credit(label.get("credit") or ""),
        "tags": rules.tags(label.get("tags", ())),
        "link": label.get("link"),
    }


def new_item(work: BoardUpdate, path: Path, offer: Offer, look: Look, label: Label) -> Item:
    """Return a new picture that has neither id nor number yet."""
    said = said_of(label)
    return Item(
        id="",
        board_id=work.board.id,
        number=0,
        source=offer.source,
        path=path,
        width=look.picture.size[0],
        height=look.picture.size[1],
        pixel_sha256=look.picture.pixel_sha256,
        likeness=look.likeness,
        generation_id=offer.generation_id,
        prompt=offer.prompt,
        seed=offer.seed,
        recipe_text=offer.recipe_text,
        author_id=offer.author_id,
        channel_id=None if label.get("is_released") else offer.channel_id,
        is_spoiler=offer.is_spoiler,
        status=ItemStatus.CANDIDATE,
        voter_ids=frozenset(),
        comments=(),
        palette=look.palette,
        added_by=work.viewer.user_id,
        added_by_name=rules.user_name(work.viewer.user_name),
        added_at=work.at,
        **{**said, "credit": said["credit"] or rules.user_name(offer.credit)},
    )


def content_of(generation: Generation) -> bytes:
    """Read an image's file.

    Raises:
        BotError: It is damaged or gone.

    """
    try:
        return read_image(generation.path)
    except DamagedPictureError as error:
        state = "gone" if error.is_missing else "damaged"
        raise BotError(
            f"The file of the image {generation.id!r} is {state}: press Same seed under it, which "
            "draws it again, and add that."
        ) from error


def look_at(content: bytes) -> Look:
    """Open a picture; slow, so not on the loop.

    Raises:
        BotError: It is none, or too large.

    """
    picture = read_picture(content)
    return Look(
        picture=picture,
        sha256=hashlib.sha256(content).hexdigest(),
        likeness=fingerprint(picture.image),
        palette=palette_of(picture.image),
    )
