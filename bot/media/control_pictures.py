"""A picture that was handed in to steer an image: made a map of, at the size of the image."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from bot.domain.drawing import RawImage
from bot.domain.requests import ControlKind, ImageRequest, ModelRules, Size
from bot.media.control_maps import control_map
from bot.media.encoding import to_pillow
from bot.media.image_input import Picture
from bot.media.source_pictures import Fit, check_source, prepared, raw_image


@dataclass(frozen=True, kw_only=True)
class MapPicture:
    """A map that steers images.

    Attributes:
        picture: The map, at the size of the images.
        is_spoiler: Whether what is made with it is hidden until it is clicked.

    """

    kind: ControlKind
    picture: RawImage
    is_spoiler: bool = False

    @property
    def size(self) -> Size:
        """Return the size of the images, which is the map's."""
        return Size(width=self.picture.width, height=self.picture.height)

    def steer(self, request: ImageRequest) -> ImageRequest:
        """Return the request as one that it steers."""
        return request.steered_by(self.kind, self.picture.pixel_sha256)


def map_of(
    picture: Picture, kind: ControlKind, *, rules: ModelRules, size: Size | None, fit: Fit
) -> RawImage:
    """Return the map of a picture that was handed in; of kinds that are not made here, itself.

    Args:
        picture: As it was handed in.
        kind: Of the map.
        rules: Of the model.
        size: Of the image; None takes the one nearest to the picture's own.
        fit: How another shape is brought to it.

    Raises:
        InvalidRequestError: The picture is animated, too small or narrow, or shows nothing of the
            kind.

    """
    check_source(picture, rules)
    return map_at(picture.image, kind, size or rules.nearest(*picture.size), fit)


def map_at(image: Image.Image, kind: ControlKind, size: Size, fit: Fit) -> RawImage:
    """Return the map of a picture (RGB) at a size.

    Raises:
        InvalidRequestError: It shows nothing of the kind.

    """
    return raw_image(control_map(to_pillow(prepared(image, size, fit)), kind))
