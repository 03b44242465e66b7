"""What canvas an extension has, and where the picture lies on it."""

from __future__ import annotations

import pytest

from bot.domain.extents import PANS, ZOOMS, extent_of
from bot.domain.requests import ModelRules, Size
from bot.errors import InvalidRequestError

LARGE, DEMO = ModelRules(), ModelRules(native=256)


@pytest.mark.parametrize(
    ("how", "own", "canvas", "picture", "place", "lost"),
    [
        ("zoom-2", (1024, 1024), "1024x1024", (512, 512), (256, 256), 0),
        ("zoom-1.5", (1152, 896), "1152x896", (768, 597), (192, 149), 0),
        ("left", (1024, 1024), "1536x1024", (1024, 1024), (512, 0), 0),
        ("right", (1024, 1024), "1536x1024", (1024, 1024), (0, 0), 0),
        ("up", (1024, 1024), "1024x1536", (1024, 1024), (0, 512), 0),
        ("down", (1024, 1024), "1024x1536", (1024, 1024), (0, 0), 0),
        # As large as it grows: it moves on, and what it leaves is lost.
        ("left", (1536, 1024), "2048x1024", (1536, 1024), (768, 0), 256),
        ("right", (1536, 1024), "2048x1024", (1536, 1024), (-256, 0), 256),
        ("down", (1024, 2048), "1024x2048", (1024, 2048), (0, -1024), 1024),
        ("landscape", (1024, 1024), "1152x896", (896, 896), (128, 0), 0),
        ("1536x1024", (1024, 1024), "1536x1024", (1024, 1024), (256, 0), 0),
        ("Square", (768, 768), "1024x1024", (768, 768), (128, 128), 0),
        # A photograph comes to a size that the model draws.
        ("zoom-2", (4000, 3000), "2048x1536", (1024, 768), (512, 384), 0),
        ("right", (601, 400), "912x400", (608, 400), (0, 0), 0),
    ],
)
def test_the_picture_lies_where_it_is_said(how, own, canvas, picture, place, lost):
    found = extent_of(how, own, LARGE)
    assert (str(found.canvas), found.picture, found.place, found.lost) == (
        canvas, picture, place, lost,
    )  # fmt: skip


@pytest.mark.parametrize("how", [*ZOOMS, *PANS, *DEMO.named])
@pytest.mark.parametrize("own", [(128, 128), (256, 192), (512, 128), (1024, 1024), (640, 333)])
def test_every_canvas_can_be_drawn(how: str, own: tuple[int, int]):
    if how in DEMO.named and (DEMO.named[how].width, DEMO.named[how].height) == own:
        return
    found = extent_of(how, own, DEMO)
    assert DEMO.check(found.canvas) == found.canvas
    assert all(side >= 1 for side in found.picture)


@pytest.mark.parametrize("how", ["", "sideways", "zoom-3", "0x0", "100000x100000", "1000x1000"])
def test_what_does_not_work_is_refused(how: str):
    with pytest.raises(InvalidRequestError):
        extent_of(how, (1024, 1024), LARGE)


def test_the_same_shape_leaves_nothing_to_draw():
    with pytest.raises(InvalidRequestError, match="already has 1024x1024"):
        extent_of("square", (1024, 1024), LARGE)
    assert extent_of("square", (1024, 768), LARGE).canvas == Size(width=1024, height=1024)
