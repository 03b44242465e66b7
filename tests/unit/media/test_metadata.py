"""What other image generators wrote is read as they wrote it, and nothing in it does harm."""

from __future__ import annotations

import gzip
import json
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.domain.recipe import parameters_text
from bot.domain.requests import ImageRequest, ModelProfile, ModelRules
from bot.media.image_input import read_picture
from bot.media.metadata import LeftOut, ToolMetadata, read_source, read_tool_metadata, take_over
from bot.media.metadata.parameters import LoraUse
from bot.models import LoraFolder
from tests.support.loras import write_lora
from tests.unit.media.test_reading import chunk, encoded, with_chunks

INFOTEXT = (
    "a fox, (snow:1.3) <lora:inks:0.8>\nsecond line\n"
    "Negative prompt: blurry, bad\nalso this\n"
    "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 123456789, "
    'Size: 512x768, Model hash: 6ce0161689, Model: dreamshaper, Lora hashes: "inks: 0f, b: 1", '
    "Version: v1.10.1"
)
A1111 = ToolMetadata(
    tool="AUTOMATIC1111",
    prompt="a fox, (snow:1.3) <lora:inks:0.8>\nsecond line",
    negative_prompt="blurry, bad\nalso this",
    model="dreamshaper",
    seed=123456789,
    size=(512, 768),
    steps=20,
    sampler="DPM++ 2M Karras",
    guidance="7",
    loras=("inks",),
    lora_uses={"inks": LoraUse(scale=0.8, digits="0f")},
)
# As ComfyUI writes it, also with NaN.
GRAPH: dict[str, Any] = {
    "3": {
        "class_type": "KSampler", "is_changed": [float("nan")],
        "inputs": {
            "seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "euler",
            "scheduler": "normal", "denoise": 1, "model": ["10", 0], "positive": ["6", 0],
            "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
    "5": {"class_type": "EmptyLatentImage",
          "inputs": {"width": 832, "height": 1216, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a glass fox", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": ["8", 0], "clip": ["4", 1]}},
    "8": {"class_type": "PrimitiveString", "inputs": {"value": "watermark"}},
    "10": {"class_type": "LoraLoader",
           "inputs": {"lora_name": "ink.safetensors", "model": ["4", 0], "clip": ["4", 1]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}},
}  # fmt: skip
COMFYUI = ToolMetadata(
    tool="ComfyUI", prompt="a glass fox", negative_prompt="watermark", model="sdxl.safetensors",
    seed=156680208700286, size=(832, 1216), steps=20, sampler="euler", guidance="8",
    loras=("ink.safetensors",), lora_uses={"ink.safetensors": LoraUse()},
)  # fmt: skip
# A graph of newer models: the sampler is put together from nodes.
FLUX: dict[str, Any] = {
    "13": {"class_type": "SamplerCustomAdvanced",
           "inputs": {"noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0],
                      "sigmas": ["17", 0], "latent_image": ["27", 0]}},
    "25": {"class_type": "RandomNoise", "inputs": {"noise_seed": 42}},
    "22": {"class_type": "BasicGuider", "inputs": {"model": ["12", 0], "conditioning": ["26", 0]}},
    "26": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["6", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red kite", "clip": ["11", 0]}},
    "12": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
    "16": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "17": {"class_type": "BasicScheduler", "inputs": {"steps": 28, "model": ["12", 0]}},
    "27": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 768}},
}  # fmt: skip
NOVELAI = {
    "Title": "NovelAI generated image",
    "Description": "1girl, night",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4 7ABFFA2A",
    "Comment": json.dumps({
        "prompt": "1girl, night", "steps": 28, "height": 1216, "width": 832, "scale": 5.0,
        "uc": "lowres", "seed": 77, "sampler": "k_euler",
    }),
}  # fmt: skip
FROM_NOVELAI = ToolMetadata(
    tool="NovelAI", prompt="1girl, night", negative_prompt="lowres",
    model="NovelAI Diffusion V4 7ABFFA2A", seed=77, size=(832, 1216), steps=28, sampler="k_euler",
    guidance="5",
)  # fmt: skip


def png(texts: dict[str, str], image: Image.Image | None = None) -> bytes:
    info = PngInfo()
    for key, words in texts.items():
        info.add_text(key, words)
    return encoded(image or Image.new("RGB", (64, 64)), pnginfo=info)


def with_exif(format_: str, values: dict[int, object], comment: bytes = b"") -> bytes:
    exif = Image.Exif()
    for tag, value in values.items():
        exif[tag] = value
    if comment:
        exif.get_ifd(0x8769)[0x9286] = comment
    return encoded(Image.new("RGB", (64, 64)), format_, exif=exif)


def hidden(words: str, name: bytes = b"stealth_pngcomp") -> bytes:
    """Return a PNG whose alpha channel spells a text, as NovelAI writes it."""
    body = gzip.compress(words.encode()) if name.endswith(b"comp") else words.encode()
    spelt = name + (len(body) * 8).to_bytes(4) + body
    bits = np.unpackbits(np.frombuffer(spelt, np.uint8))
    pixels = np.full((128, 96, 4), 254, np.uint8)
    columns = np.full(128 * 96, 254, np.uint8)
    columns[: len(bits)] |= bits
    pixels[:, :, 3] = columns.reshape(96, 128).T
    return encoded(Image.fromarray(pixels))


def read(content: bytes) -> ToolMetadata | None:
    return read_tool_metadata(read_picture(content).texts)


UNICODE = b"UNICODE\0"
CASES: dict[str, tuple[bytes, ToolMetadata]] = {
    "A1111, PNG": (png({"parameters": INFOTEXT}), A1111),
    "A1111, JPEG": (with_exif("JPEG", {}, UNICODE + INFOTEXT.encode("utf-16-be")), A1111),
    "A1111, WebP": (with_exif("WEBP", {}, UNICODE + INFOTEXT.encode("utf-16-le")), A1111),
    "A1111, ASCII": (with_exif("JPEG", {}, b"ASCII\0\0\0" + INFOTEXT.encode()), A1111),
    "like A1111": (png({"parameters": "a cat\nSteps: 8, Seed: 0"}),
                   ToolMetadata(tool="", prompt="a cat", seed=0, steps=8)),
    "Forge": (png({"parameters": "a cat\nSteps: 8, Version: f2.0.1v1.10.1-previous"}),
              ToolMetadata(tool="Forge", prompt="a cat", steps=8)),
    "A1111, alpha": (hidden(INFOTEXT, b"stealth_pnginfo"), A1111),
    "ComfyUI": (png({"prompt": json.dumps(GRAPH), "workflow": "{}"}), COMFYUI),
    "ComfyUI, WebP": (with_exif("WEBP", {0x0110: "prompt:" + json.dumps(GRAPH),
                                         0x010F: "workflow:{}"}), COMFYUI),
    "ComfyUI, Flux": (png({"prompt": json.dumps(FLUX)}), ToolMetadata(
        tool="ComfyUI", prompt="a red kite", model="flux1-dev.safetensors", seed=42,
        size=(1024, 768), steps=28, sampler="euler", guidance="3.5")),
    "ComfyUI, workflow alone": (png({"workflow": "{}"}), ToolMetadata(tool="ComfyUI")),
    "InvokeAI": (png({"invokeai_metadata": json.dumps({
        "positive_prompt": "a boat", "negative_prompt": "rain", "seed": 5, "steps": 30,
        "width": 768, "height": 512, "cfg_scale": 6.5, "scheduler": "euler_a",
        "model": {"key": "x", "name": "juggernaut", "hash": "y"},
        "loras": [{"model": {"name": "paint"}, "weight": 0.5}]})}), ToolMetadata(
        tool="InvokeAI", prompt="a boat", negative_prompt="rain", model="juggernaut", seed=5,
        size=(768, 512), steps=30, sampler="euler_a", guidance="6.5", loras=("paint",))),
    "InvokeAI 2": (png({"sd-metadata": json.dumps({"model_weights": "sd-1.5", "image": {
        "prompt": [{"prompt": "a boat [rain]", "weight": 1}], "seed": 5, "steps": 30, "width": 768,
        "height": 512, "cfg_scale": 7.5, "sampler": "k_lms"}})}), ToolMetadata(
        tool="InvokeAI", prompt="a boat", negative_prompt="rain", model="sd-1.5", seed=5,
        size=(768, 512), steps=30, sampler="k_lms", guidance="7.5")),
    "InvokeAI 1": (png({"Dream": '"a boat [rain]" -s 30 -S 5 -W 768 -H 512 -C 7.5 -A k_lms'}),
        ToolMetadata(tool="InvokeAI", prompt="a boat", negative_prompt="rain", seed=5,
                     size=(768, 512), steps=30, sampler="k_lms", guidance="7.5")),
    "NovelAI": (png(NOVELAI), FROM_NOVELAI),
    "NovelAI, alpha": (hidden(json.dumps(NOVELAI)), FROM_NOVELAI),
    "SwarmUI": (png({"parameters": json.dumps({"sui_image_params": {
        "prompt": "a lamp", "negativeprompt": "", "model": "sdxl", "seed": 9, "steps": 20,
        "cfgscale": 7, "width": 1024, "height": 1024, "sampler": "euler"}})}), ToolMetadata(
        tool="SwarmUI", prompt="a lamp", model="sdxl", seed=9, size=(1024, 1024), steps=20,
        sampler="euler", guidance="7")),
    "Fooocus": (with_exif("JPEG", {}, UNICODE + json.dumps({
        "prompt": "a pond", "negative_prompt": "", "base_model": "juggernautXL", "seed": "88",
        "steps": 30, "guidance_scale": 4, "sampler": "dpmpp_2m_sde_gpu",
        "resolution": "(896, 1152)", "loras": [["offset", 0.1, "ab"]]}).encode("utf-16-be")),
        ToolMetadata(tool="Fooocus", prompt="a pond", model="juggernautXL", seed=88,
                     size=(896, 1152), steps=30, sampler="dpmpp_2m_sde_gpu", guidance="4",
                     loras=("offset",))),
    "Draw Things": (with_chunks(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0"
        b"<exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>{&quot;c&quot;: &quot;a hat&quot;"
        b", &quot;uc&quot;: &quot;&quot;, &quot;seed&quot;: 4, &quot;size&quot;: "
        b"&quot;512x512&quot;, &quot;steps&quot;: 8, &quot;sampler&quot;: &quot;DDIM&quot;, "
        b"&quot;scale&quot;: 1.5, &quot;model&quot;: &quot;flux&quot;}</rdf:li></rdf:Alt>"
        b"</exif:UserComment>")),
        ToolMetadata(tool="Draw Things", prompt="a hat", seed=4, size=(512, 512), steps=8,
                     sampler="DDIM", guidance="1.5", model="flux")),
    "Midjourney": (png({"Description": "a bridge --ar 16:9 --v 6.1 Job ID: "
                                       "0f1e2d3c-0000-1111-2222-333344445555"}),
        ToolMetadata(tool="Midjourney", prompt="a bridge")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_program_writes_is_read(name: str):
    content, expected = CASES[name]
    assert read(content) == expected


@pytest.mark.parametrize("texts", [
    {}, {"Software": "GIMP"}, {"parameters": "just words"}, {"prompt": "a fox"},
    {"Comment": "Created with GIMP"}, {"Comment": "{}"}, {"Description": "a holiday"},
])  # fmt: skip
def test_other_texts_are_taken_for_no_program(texts: dict[str, str]):
    assert read(png(texts)) is None


def test_what_was_hidden_in_an_opaque_picture_is_not_looked_for_long():
    assert read(encoded(Image.new("RGBA", (8, 8), (1, 2, 3, 255)))) is None
    assert read(hidden("x" * 2000)[:-40] + encoded(Image.new("RGB", (8, 8)))[-40:]) is None


HOSTILE_VALUES: list[Any] = [
    None, True, [], {}, "", "\x1b[31m", -1, 10**19, 1e308, float("inf"), float("nan"), "9" * 5000,
    ["3", 0], [["3", 0]], {"a": {"b": []}}, "[[" * 500, "(" * 3000, " " * 30_000 + "!", "\ud800",
]  # fmt: skip


def _spoilt(value: Any, choice: random.Random) -> Any:
    """Return JSON with some values exchanged for ones that nobody expects."""
    if choice.random() < 0.15:
        return choice.choice(HOSTILE_VALUES)
    if isinstance(value, dict):
        return {key: _spoilt(each, choice) for key, each in value.items()}
    return [_spoilt(each, choice) for each in value] if isinstance(value, list) else value


def test_invented_metadata_never_raises():
    documents = {
        "prompt": [GRAPH, FLUX],
        "invokeai_metadata": [{"positive_prompt": "a", "model": {"name": "b"}, "loras": [{}]}],
        "sd-metadata": [{"image": {"prompt": [{"prompt": "a"}], "seed": 1}}],
        "Comment": [json.loads(NOVELAI["Comment"])],
        "parameters": [{"sui_image_params": {"prompt": "a", "seed": 1}}, {"base_model": "a"},
                       {"prompt": GRAPH}, {"c": "a", "sampler": "b"}],
    }  # fmt: skip
    choice = random.Random(3)
    for _ in range(300):
        for key, values in documents.items():
            for value in values:
                text = json.dumps(_spoilt(value, choice))
                found = read_tool_metadata({key: text})
                if found is not None:
                    take_over(found, ModelRules(native=256), (64, 64))


@pytest.mark.parametrize("text", [
    "[" * 200_000, '{"a":' * 100_000, "{" + '"a":[],' * 100_000, "Steps: 1\n" * 100_000,
    "a\nSteps: 1, " + 'b: "\\"' * 100_000, "\nSteps: 1" + " " * 500_000, "(" * 400_000,
    "<lora:" * 100_000 + "\nSteps: 1, Seed: 1", " " * 500_000 + "!", "[a" * 200_000,
    "\n\t" * 200_000, '"' + "a" * 500_000, 'UserComment="' * 50_000, "CreatorTool" * 50_000,
])  # fmt: skip
def test_long_texts_take_no_long_time(text: str):
    keys = ("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream", "Make",
            "Comment", "Description", "Source", "xmp", "UserComment")  # fmt: skip
    began = time.process_time()
    for key in keys:
        found = read_tool_metadata({key: text, "Comment" if key == "Source" else "x": '{"uc": ""}'})
        if found is not None:
            take_over(found, ModelRules(native=256), (64, 64))
        read_source({key: text})
    assert time.process_time() - began < 5


def test_a_graph_that_runs_in_circles_ends():
    graph = {str(i): {"inputs": {"seed": ["0", 0], "positive": [str((i + 1) % 3000), 0],
                                 "negative": [str(i), 0], "latent_image": [str(i - 1), 0]}}
             for i in range(3000)}  # fmt: skip
    found = read(png({"prompt": json.dumps(graph)}))
    assert found == ToolMetadata(tool="ComfyUI")


def test_what_can_be_drawn_here_is_taken_over_and_the_rest_is_said():
    takeover = take_over(A1111, ModelRules(native=1024), (64, 64))
    assert takeover is not None
    assert takeover.prompt == "a fox, snow second line"
    assert str(takeover.size) == "512x768"
    assert takeover.request(ModelRules()).seed == takeover.seed == 123456789
    assert takeover.left_out == (
        LeftOut.NEGATIVE_PROMPT, LeftOut.SAMPLER, LeftOut.GUIDANCE, LeftOut.LORAS, LeftOut.WEIGHTS,
    )  # fmt: skip


def known_loras(folder: Path, *names: str) -> ModelRules:
    for seed, name in enumerate(names):
        write_lora(folder, name, seed=seed)
    return ModelRules(loras=LoraFolder(folder))


def test_loras_that_are_here_too_are_taken_over_by_name(tmp_path: Path):
    rules = known_loras(tmp_path, "inks", "sub/ink")
    takeover = take_over(A1111, rules, (64, 64))
    assert takeover is not None
    assert takeover.prompt == "a fox, snow second line <lora:inks:0.800>"
    assert (LeftOut.LORAS in takeover.left_out, takeover.missing_loras) == (False, ())
    request = takeover.request(rules)
    assert request.prompt == "a fox, snow second line"
    assert [(each.name, each.scale) for each in request.adapters] == [("inks", 0.8)]
    assert takeover.request(ModelRules()).prompt == "a fox, snow second line"
    comfy = take_over(COMFYUI, rules, (64, 64))
    assert comfy is not None
    assert [each.name for each in comfy.request(rules).adapters] == ["ink"]


def test_loras_are_known_by_their_hash_and_not_by_a_name_that_is_only_like_theirs(tmp_path: Path):
    rules = known_loras(tmp_path, "inks-and-washes")
    missed = take_over(A1111, rules, (64, 64))
    assert missed is not None
    assert missed.missing_loras == ("inks",)
    assert LeftOut.LORAS in missed.left_out
    sha = write_lora(tmp_path, "inks-and-washes")
    uses = {"inks": LoraUse(scale=9.0, digits=sha[:10])}
    found = take_over(replace(A1111, lora_uses=uses), rules, (64, 64))
    assert found is not None
    assert found.prompt.endswith("<lora:inks-and-washes:2.000>")


def test_our_own_parameters_bring_the_loras_back(tmp_path: Path):
    rules = known_loras(tmp_path, "inks", "neon")
    request = ImageRequest.parse(rules=rules, prompt="a cat", lora="inks:0.5, neon:-1")
    document = {**request.to_json(), "num_inference_steps": 8, "model": "demo"}
    found = read(png({"parameters": parameters_text(document)}))
    assert found is not None
    takeover = take_over(found, rules, (64, 64))
    assert takeover is not None
    assert takeover.request(rules).adapters == request.adapters
    assert takeover.missing_loras == ()


@pytest.mark.parametrize(("seed", "taken"), [
    (0, 0), (2**32 - 1, 2**32 - 1), (2**32, None), (-1, None), (None, None),
])  # fmt: skip
def test_a_seed_is_taken_over_if_it_is_one_here(seed: int | None, taken: int | None):
    takeover = take_over(
        ToolMetadata(tool="x", prompt="a", seed=seed), ModelRules(native=256), (300, 200)
    )
    assert takeover is not None
    assert takeover.seed == taken
    assert (LeftOut.SEED in takeover.left_out) == (seed is not None and taken is None)
    assert str(takeover.size) == "304x208"


@pytest.mark.parametrize(("native", "size", "expected"), [
    (1024, (832, 1216), "832x1216"), (1024, (513, 767), "512x768"),
    (1024, (4096, 2048), "2048x1024"),
    (256, (1024, 1024), "512x512"), (256, (1, 1), "128x128"), (256, (99_999, 1), "512x128"),
])  # fmt: skip
def test_a_size_from_elsewhere_becomes_the_nearest_one(
    native: int, size: tuple[int, int], expected: str
):
    assert str(ModelRules(native=native).nearest(*size)) == expected


@pytest.mark.parametrize("prompt", ["", " \u200b ", "<lora:a:1>", "x" * 4001])
def test_without_a_prompt_that_can_be_drawn_nothing_is_offered(prompt: str):
    assert take_over(ToolMetadata(tool="x", prompt=prompt), ModelRules(), (64, 64)) is None


def test_what_a_file_declares_of_its_source_is_read():
    xmp = (
        "<rdf:Description xmp:CreatorTool='Adobe Firefly' Iptc4xmpExt:DigitalSourceType="
        "'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'/>"
    )
    for content in (
        encoded(Image.new("RGB", (8, 8)), "JPEG", xmp=xmp.encode()),
        encoded(Image.new("RGB", (8, 8)), "WEBP", xmp=xmp.encode()),
        with_chunks(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp.encode())),
    ):
        source = read_source(read_picture(content).texts)
        assert source.is_generated
        assert source.program == "Adobe Firefly"
    nothing = read_source(read_picture(png({"Software": "GIMP"})).texts)
    assert not nothing.is_generated
    assert nothing.program == "GIMP"


def test_content_credentials_are_noticed():
    assert read_picture(with_chunks(chunk(b"caBX", b"jumb c2pa"))).has_credentials
    jpeg = encoded(Image.new("RGB", (8, 8)), "JPEG")
    segment = b"\xff\xeb\x00\x18JP\0\0\0\0\0\0 jumb  c2pa  "
    assert read_picture(jpeg[:2] + segment + jpeg[2:]).has_credentials
    assert not read_picture(jpeg).has_credentials


def test_a_negative_prompt_is_taken_over_where_the_model_heeds_it():
    takeover = take_over(A1111, ModelRules(profile=ModelProfile.BASE), (64, 64))
    assert takeover is not None
    assert takeover.negative == "blurry, bad also this"
    assert LeftOut.NEGATIVE_PROMPT not in takeover.left_out
    request = takeover.request(ModelRules(profile=ModelProfile.BASE))
    assert (request.negative, request.guidance_scale) == ("blurry, bad also this", 4.0)
    long = ToolMetadata(tool="x", prompt="a", negative_prompt="word " * 1000)
    takeover = take_over(long, ModelRules(profile=ModelProfile.BASE), (64, 64))
    assert takeover is not None
    assert takeover.left_out == (LeftOut.NEGATIVE_PROMPT,)
