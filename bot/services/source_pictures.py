"""The pictures that a job's images are made from, brought to their sizes and kept."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.drawing import RawImage
from bot.domain.requests import (
    MASK,
    ImageRequest,
    InputPicture,
    OperationKind,
    Size,
    factor_between,
)
from bot.media.encoding import to_pillow
from bot.media.masks import checked_mask, fitted_mask
from bot.media.source_pictures import prepared
from bot.storage.sources import SourceStore


def keep_sources(
    store: SourceStore, requests: Sequence[ImageRequest], given: Sequence[RawImage]
) -> tuple[ImageRequest, ...]:
    """Keep every picture that the requests name, at the size of its image, or to be upscaled to it.

    Args:
        store: Where they are kept; those that are not given have to be there.
        requests: A size that was changed by hand has pictures of another size: all are cropped
            alike.
        given: Pictures that are handed in.

    Returns:
        The requests with the pictures that they are really made from.

    Raises:
        InvalidRequestError: A picture is gone, a mask marks nothing of what is left of it, or a
            picture is not to be upscaled to that size.
        OSError: The disk is full, or cannot be written.

    """
    known = {each.pixel_sha256: each for each in given}

    @functools.cache  # four variations of one image name one picture
    def kept(pixel_sha256: str, role: str, size: Size, kind: OperationKind) -> str:
        picture = known.get(pixel_sha256) or store.read(pixel_sha256, role)
        if kind is OperationKind.UPSCALE:
            factor_between(picture.width, picture.height, size)
        elif (picture.width, picture.height) != (size.width, size.height):
            picture = _cropped(picture, role, size)
        store.write(picture)
        return picture.pixel_sha256

    def with_kept(request: ImageRequest) -> ImageRequest:
        operation, control = request.operation, request.control

        def sha_of(each: InputPicture) -> str:
            return kept(each.pixel_sha256, each.role, request.size, operation.kind)

        if operation.inputs:
            inputs = tuple(replace(each, pixel_sha256=sha_of(each)) for each in operation.inputs)
            operation = replace(operation, inputs=inputs)
        if control is not None:
            control = replace(control, pixel_sha256=sha_of(control.picture))
        return replace(request, operation=operation, control=control)

    return tuple(map(with_kept, requests))


def _cropped(picture: RawImage, role: str, size: Size) -> RawImage:
    if role == MASK:
        return checked_mask(fitted_mask(to_pillow(picture).convert("L"), size))
    return prepared(to_pillow(picture), size)
