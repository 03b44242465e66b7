"""What is done to make an image, and with what beside words: values that any process can be sent.

Pictures and files are named by their content, so that a request means the same on every machine.
Further settings of an operation are fields of the request, in its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self

from bot.domain.plain_text import quoted
from bot.domain.requests.field import of_type
from bot.errors import InvalidRequestError

_HEX: Final = frozenset("0123456789abcdef")
_SHA256_DIGITS: Final = 64


class OperationKind(StrEnum):
    """What is done."""

    TEXT_TO_IMAGE = "text_to_image"
    IMAGE_TO_IMAGE = "image_to_image"
    INPAINT = "inpaint"  # a region of a picture is drawn; the rest stays as it is
    OUTPAINT = "outpaint"  # likewise, of a picture that was laid on a larger canvas
    UPSCALE = "upscale"


class ControlKind(StrEnum):
    """What a map shows of a picture."""

    CANNY = "canny"  # edges
    SCRIBBLE = "scribble"  # rough lines
    GRAY = "gray"  # brightness without colours
    DEPTH = "depth"
    POSE = "pose"
    MLSD = "mlsd"  # straight lines

    @property
    def is_made_here(self) -> bool:
        """Tell whether the map is made of any picture; else a ready one has to be given."""
        return self in (ControlKind.CANNY, ControlKind.SCRIBBLE, ControlKind.GRAY)


SOURCE: Final = "source"
MASK: Final = "mask"  # white where something is drawn, black where the source stays
CONTROL: Final = "control"  # the map that steers an image
# What each needs to be given, in this order.
_ROLES: Final[Mapping[OperationKind, tuple[str, ...]]] = {
    OperationKind.TEXT_TO_IMAGE: (),
    OperationKind.IMAGE_TO_IMAGE: (SOURCE,),
    OperationKind.INPAINT: (SOURCE, MASK),
    OperationKind.OUTPAINT: (SOURCE, MASK),
    OperationKind.UPSCALE: (SOURCE,),  # at its own size
}


@dataclass(frozen=True, kw_only=True)
class InputPicture:
    """A picture that an operation is given.

    Attributes:
        role: What it is to the operation.

    """

    role: str
    pixel_sha256: str

    def __post_init__(self) -> None:
        """Check that it names pixels."""
        check_sha256(self.pixel_sha256)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `asdict` makes of it."""
        return cls(role=of_type(document["role"], str), pixel_sha256=document["pixel_sha256"])


@dataclass(frozen=True, kw_only=True)
class Control:
    """A map of the request's own size that steers what is drawn where.

    Attributes:
        pixel_sha256: Of the map itself, not of the picture that it was made from.

    """

    kind: ControlKind
    pixel_sha256: str

    def __post_init__(self) -> None:
        """Check that it names pixels."""
        check_sha256(self.pixel_sha256)

    @property
    def picture(self) -> InputPicture:
        """Return the map as a picture that the image is given."""
        return InputPicture(role=CONTROL, pixel_sha256=self.pixel_sha256)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `asdict` makes of it, perhaps that of a newer program.

        Raises:
            InvalidRequestError: It knows a kind of map that this one does not.

        """
        kind = of_type(document["kind"], str)
        try:
            known = ControlKind(kind)
        except ValueError:
            raise InvalidRequestError(
                f"The kind of map {quoted(kind)} is unknown: this program knows "
                f"{', '.join(ControlKind)}; a newer one may know more."
            ) from None
        return cls(kind=known, pixel_sha256=document["pixel_sha256"])


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What is done, and the pictures it is done with.

    Raises:
        InvalidRequestError: It needs other pictures.

    """

    kind: OperationKind = OperationKind.TEXT_TO_IMAGE
    inputs: tuple[InputPicture, ...] = ()

    def __post_init__(self) -> None:
        """Check that it has what it needs."""
        given, needed = tuple(each.role for each in self.inputs), _ROLES[self.kind]
        if given != needed:
            raise InvalidRequestError(
                f"The operation {self.kind} does not work with {_listed(given)}: it needs "
                f"{_listed(needed)}."
            )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError: Something is missing.
            TypeError: A value is of another type.
            ValueError: A value cannot be meant.
            InvalidRequestError: This program does not know the operation.

        """
        kind = of_type(document["kind"], str)
        try:
            known = OperationKind(kind)
        except ValueError:
            raise InvalidRequestError(
                f"The operation {quoted(kind)} is unknown: this program knows "
                f"{', '.join(OperationKind)}; a newer one may know more."
            ) from None
        inputs = [of_type(each, dict) for each in of_type(document["inputs"], list)]
        return cls(kind=known, inputs=tuple(map(InputPicture.from_json, inputs)))

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {"kind": self.kind.value, "inputs": [asdict(each) for each in self.inputs]}


TEXT_TO_IMAGE: Final = Operation()


def image_to_image(pixel_sha256: str) -> Operation:
    """Return the operation that begins with a picture of the request's own size."""
    source = InputPicture(role=SOURCE, pixel_sha256=pixel_sha256)
    return Operation(kind=OperationKind.IMAGE_TO_IMAGE, inputs=(source,))


def masked(kind: OperationKind, *, source: str, mask: str) -> Operation:
    """Return the operation that draws where a mask is white; both have the request's own size."""
    roles = {SOURCE: source, MASK: mask}
    inputs = tuple(InputPicture(role=role, pixel_sha256=sha) for role, sha in roles.items())
    return Operation(kind=kind, inputs=inputs)


def upscale(pixel_sha256: str) -> Operation:
    """Return the operation that makes a picture, at its own size, as large as the request says."""
    source = InputPicture(role=SOURCE, pixel_sha256=pixel_sha256)
    return Operation(kind=OperationKind.UPSCALE, inputs=(source,))


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A file of weights that changes what the model draws, such as a LoRA.

    Attributes:
        name: What people call it; the file is found by its hash.
        sha256: Of the file.
        scale: How strongly it is applied.

    """

    name: str
    sha256: str
    scale: float

    def __post_init__(self) -> None:
        """Check that it names a file."""
        check_sha256(self.sha256)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `asdict` makes of it."""
        return cls(
            name=of_type(document["name"], str),
            sha256=document["sha256"],
            scale=float(of_type(document["scale"], (int, float))),
        )


def check_sha256(value: object) -> None:
    """Raise ValueError for anything but a SHA-256 in hexadecimal digits."""
    if not isinstance(value, str) or len(value) != _SHA256_DIGITS or not set(value) <= _HEX:
        raise ValueError(f"{str(value)[:40]!r} is no SHA-256")


def _listed(roles: tuple[str, ...]) -> str:
    return ", ".join(roles) or "no picture"
