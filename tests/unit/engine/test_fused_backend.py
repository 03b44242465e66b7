"""The fast path is the same function as the reference, and as repeatable."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Quality, Size
from bot.errors import SettingsError
from bot.media.encoding import to_pillow
from bot.media.pixel_comparison import compare
from tests.support.later import imported_later
from tests.support.sampling import sampled

with imported_later():
    import torch
    from diffusers import AutoencoderKL, ZImageTransformer2DModel
    from transformers import Qwen3Model

    from bot.engine.backends.fused.attention import plain_attention
    from bot.engine.backends.fused.decoder import FusedDecoder
    from bot.engine.backends.fused.decoder_ops import TorchDecoderOps
    from bot.engine.backends.fused.graphs import Graphs
    from bot.engine.backends.fused.text_encoder import FusedTextEncoder
    from bot.engine.backends.fused.transformer import FusedTransformer, filled
    from bot.engine.backends.fused.transformer_ops import TorchTransformerOps, linear, quantise
    from bot.engine.z_image import ZImageEngine

SIGMAS = (1.0, 0.8, 0.3)
OF_FLOAT32 = 1e-5  # relative: sums in another order; measured: 5e-7


def apart(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@pytest.fixture(scope="module")
def engines(demo_model: Path) -> Iterator[dict[str, ZImageEngine]]:
    made = {
        path: ZImageEngine(demo_model, model_id="demo", revision="test", device="cpu", path=path)
        for path in ("fast", "reference")
    }
    yield made
    for engine in made.values():
        engine.close()


@pytest.fixture(scope="module")
def source(demo_model: Path) -> ZImageTransformer2DModel:
    return ZImageTransformer2DModel.from_pretrained(demo_model, subfolder="transformer").eval()


@pytest.fixture
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("tokens", [5, 32, 41])
@pytest.mark.parametrize(("height", "width"), sampled([(16, 16), (16, 18), (20, 34)], first=1))
@pytest.mark.usefixtures("without_gradients")
def test_the_transformer_is_diffusers_own(
    source: ZImageTransformer2DModel, tokens: int, height: int, width: int
):
    generator = torch.Generator().manual_seed(tokens)
    embedding = torch.randn((tokens, 256), generator=generator)
    latents = torch.randn((1, 16, height, width), generator=generator)
    wanted = [
        -source([latents[0][:, None]], torch.tensor([1 - sigma]), [embedding], return_dict=False)[
            0
        ][0].squeeze(1)[None]
        for sigma in SIGMAS
    ]
    fast = FusedTransformer(source, TorchTransformerOps(), plain_attention)
    whole, is_token = filled(embedding)
    caption = fast.refine(whole, is_token, fast.rotation(len(whole)))
    reading = fast.reading(caption, height=height, width=width)
    for step, each in zip(fast.steps(SIGMAS), wanted, strict=True):
        assert apart(fast.velocity(latents, step, reading), each) < OF_FLOAT32
    after = source([latents[0][:, None]], torch.tensor([0.2]), [embedding], return_dict=False)[0]
    assert torch.equal(-after[0].squeeze(1)[None], wanted[1])  # it still has its own weights


@pytest.mark.usefixtures("without_gradients")
def test_the_text_encoder_is_transformers_own(demo_model: Path):
    source = Qwen3Model.from_pretrained(demo_model / "text_encoder", dtype=torch.float32).eval()
    source.norm = torch.nn.Identity()
    ids = torch.arange(100, 137)
    wanted = source(input_ids=ids[None], use_cache=False).last_hidden_state[0]
    fast = FusedTextEncoder(source, TorchTransformerOps())
    assert apart(fast.states(fast.embed(ids)), wanted) < OF_FLOAT32
    longer = fast.states(fast.embed(torch.nn.functional.pad(ids, (0, 27))))[: len(ids)]
    assert apart(longer, wanted) < OF_FLOAT32  # what follows changes nothing


@pytest.mark.usefixtures("without_gradients")
def test_the_decoder_is_diffusers_own(demo_model: Path):
    source = AutoencoderKL.from_pretrained(demo_model, subfolder="vae").eval()
    latents = torch.randn((1, 16, 16, 20), generator=torch.Generator().manual_seed(1))
    wanted = source.decode(latents, return_dict=False)[0]
    source.decoder = FusedDecoder(source.decoder, TorchDecoderOps(), Graphs(torch.device("cpu")))
    assert apart(source.decode(latents, return_dict=False)[0], wanted) < OF_FLOAT32


def test_eight_bits_keep_a_product_to_a_few_percent():
    generator = torch.Generator().manual_seed(2)
    rows = torch.randn((64, 128), generator=generator) * 10.0
    small = quantise(rows)
    assert apart(small.values.float() * small.scale, rows) < 0.04  # 3 bits of mantissa
    assert small.values.float().abs().max() == 448.0
    assert torch.equal(quantise(torch.zeros(2, 4)).values.float(), torch.zeros(2, 4))
    assert linear(rows, torch.eye(128)).shape == (64, 128)


REQUESTS = {
    "plain": ImageRequest(prompt="红苹果", seed=3, size=Size(width=128, height=128)),
    "guided": ImageRequest(
        prompt="a fox", seed=4, size=Size(width=144, height=128), guidance_scale=1.4
    ),
    "varied": ImageRequest(
        prompt="a red apple", seed=5, size=Size(width=128, height=160), variety=40,
        quality=Quality.FINAL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(REQUESTS, first=1))
def test_both_paths_draw_the_same_picture_and_say_which_they_are(
    engines: dict[str, ZImageEngine], name: str
):
    drawings = {
        path: engine.draw(DrawTask(request=REQUESTS[name])) for path, engine in engines.items()
    }
    assert {path: each.conditions["path"] for path, each in drawings.items()} == {
        "fast": "fast", "reference": "reference"
    }  # fmt: skip
    pictures = [to_pillow(each.image) for each in drawings.values()]
    difference = compare(*pictures)
    assert difference is not None
    assert difference.max <= 2  # rounding to 8 bits; a wrong rotation or norm is above 20
    again = engines["fast"].draw(DrawTask(request=REQUESTS[name]))
    assert again.image.pixel_sha256 == drawings["fast"].image.pixel_sha256


@pytest.mark.nightly
def test_other_sizes_and_qualities_between_change_nothing(engines: dict[str, ZImageEngine]):
    fast, request = engines["fast"], REQUESTS["plain"]
    first = fast.draw(DrawTask(request=request)).image.pixel_sha256
    for i in range(3):
        fast.draw(
            DrawTask(request=replace(request, size=Size(width=128 + 16 * i, height=144), seed=i))
        )
    fast.draw(
        DrawTask(
            request=replace(request, quality=Quality.DRAFT, prompt="a much longer prompt " * 9)
        )
    )
    assert fast.draw(DrawTask(request=request)).image.pixel_sha256 == first


def test_eight_bits_are_refused_where_there_are_none(demo_model: Path):
    with pytest.raises(SettingsError, match="PRECISION 'fp8' does not work here"):
        ZImageEngine(
            demo_model, model_id="demo", revision="test", device="cpu", path="fast", precision="fp8"
        )


def test_a_softmax_over_zero_scores_is_the_mean():
    q, v = torch.zeros((3, 2, 4)), torch.arange(24.0).view(3, 2, 4)
    found = plain_attention(q, q, v)
    assert found.shape == (3, 8)
    assert math.isclose(float(found[0, 0]), float(v[:, 0, 0].mean()), rel_tol=1e-6)
