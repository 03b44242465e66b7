"""The pictures that an image on the command line begins with: a source, and what of it is drawn."""

from __future__ import annotations

import argparse
from pathlib import Path

from bot.domain.drawing import RawImage
from bot.domain.extents import extent_of
from bot.domain.regions import USUAL_GRID, parse_cells, region_of, region_of_cells
from bot.domain.requests import SIZE, ControlKind, ModelRules, OperationKind, Size
from bot.environment.streams import say
from bot.errors import InvalidRequestError
from bot.media.canvas import extended
from bot.media.control_pictures import MapPicture, map_of
from bot.media.image_input import Picture, read_file, read_picture_file
from bot.media.masks import mask_of_file, mask_of_region
from bot.media.source_pictures import Fit, StartPictures, check_source, source_of

_MASKS = ("mask", "region", "cells")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options of a new image to the parser of a command."""
    add = parser.add_argument
    add(
        "--source",
        metavar="FILE",
        help="a picture to begin with; --strength says how much of it is drawn anew (strong)",
    )
    add(
        "--fit",
        choices=tuple(Fit),
        default=Fit.CROP,
        help="how a source of another shape comes to the size: crop (default) or pad with white",
    )
    _add_parts(parser)
    add(
        "--control",
        metavar="FILE",
        help="a picture whose shapes the image follows; --control-scale says how strongly",
    )
    add(
        "--control-kind",
        choices=tuple(ControlKind),
        help="what of it: canny (edges, as usual), scribble or gray are made of the picture here; "
        "depth, pose and mlsd are ready maps",
    )


def add_again_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that hand in once more what an image was made from."""
    add = parser.add_argument
    add(
        "--source",
        metavar="FILE",
        help="the picture that the image began with, where it is not kept here",
    )
    _add_parts(parser)
    add(
        "--control",
        metavar="FILE",
        help="the picture whose shapes it follows, or the map, where it is not kept here",
    )
    # Taken, so that what was said can be said again, but found without.
    add("--fit", choices=tuple(Fit), default=Fit.CROP, help=argparse.SUPPRESS)
    add("--control-kind", choices=tuple(ControlKind), help=argparse.SUPPRESS)


def _add_parts(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument(
        "--mask",
        metavar="FILE",
        help="what of the source is drawn, all else stays: white on black, painted red, or "
        "transparent",
    )
    parts.add_argument("--region", metavar="WORDS", help='likewise in words: "left half"')
    parts.add_argument("--cells", metavar="N,N", help="likewise as cells of a grid: 1,2,5")
    parts.add_argument(
        "--extend",
        metavar="HOW",
        help="draw around the source: zoom-1.5, zoom-2, left, right, up, down, WIDTHxHEIGHT or "
        "the name of a size",
    )
    add("--grid", default=str(USUAL_GRID), metavar="N", help="cells a side for --cells: 3 or 4")


def inputs_of(options: argparse.Namespace, rules: ModelRules) -> StartPictures | None:
    """Read what an image is to begin with; None where it is words alone.

    Raises:
        BotError: A file or an option does not work.

    """
    if options.source is None:
        for name in (*_MASKS, "extend"):
            if getattr(options, name) is not None:
                raise InvalidRequestError(
                    f"--{name} belongs to no picture: give the source that it is for, too."
                )
        return None
    picture = read_picture_file(Path(options.source))
    size = None if options.size is None else SIZE.read(options.size, rules)
    if options.extend is not None:
        return _extended(picture, options.extend, size, rules)
    source, own = source_of(picture, rules=rules, size=size, fit=Fit(options.fit))
    if all(getattr(options, name) is None for name in _MASKS):
        return StartPictures(picture=source)
    mask = _mask(options, picture, own)
    return StartPictures(picture=source, mask=mask)


def map_for(options: argparse.Namespace, rules: ModelRules) -> MapPicture | None:
    """Read what an image is to follow; None where nothing is given.

    Raises:
        BotError: The file does not work, or no control weights are installed.

    """
    if options.control is None:
        if options.control_kind is not None:
            raise InvalidRequestError(
                f"--control-kind {options.control_kind} belongs to no picture: give --control, too."
            )
        return None
    rules.check_control()
    kind, fit = ControlKind(options.control_kind or ControlKind.CANNY), Fit(options.fit)
    picture = read_picture_file(Path(options.control))
    size = None if options.size is None else rules.parse(options.size)
    return MapPicture(kind=kind, picture=map_of(picture, kind, rules=rules, size=size, fit=fit))


def _mask(options: argparse.Namespace, picture: Picture, size: Size) -> RawImage:
    if options.mask is not None:
        content = read_file(Path(options.mask))
        return mask_of_file(content, of=picture.image, size=size, fit=Fit(options.fit))
    if options.region is not None:
        return mask_of_region(region_of(options.region), size)
    [grid] = parse_cells(options.grid)[:1] or [0]
    region = region_of_cells(parse_cells(options.cells), grid=grid)
    return mask_of_region(region or region_of(""), size)


def _extended(picture: Picture, how: str, size: Size | None, rules: ModelRules) -> StartPictures:
    if size is not None:
        raise InvalidRequestError(
            f"--extend {how} says the size already: leave --size out, or give --extend {size}."
        )
    check_source(picture, rules)
    extent = extent_of(how, picture.image.size, rules)
    if extent.lost:
        say(
            f"Note: {extent.canvas} is as large as this grows: {extent.lost} pixels on the other "
            "side are gone."
        )
    source, mask = extended(picture.image, extent)
    return StartPictures(picture=source, mask=mask, kind=OperationKind.OUTPAINT)
