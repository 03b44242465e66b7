"""Train the byte-level BPE tokenizer on captions of both languages, and encode prompts with it.

Chinese has no spaces, so words would merge with whatever happens to stand beside them. Captions
are therefore cut at the names of things, colours and places before the merges are learned: a
name is then the same tokens wherever it stands.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE

if TYPE_CHECKING:
    from art import Art  # reading does without the art's modules

VOCABULARY = 6144
END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIAL = (END_OF_TEXT, START, END)
# Qwen2's own rule for cutting text, so that the real class reads the files as they are.
PRETOKENIZE = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Z-Image's template for a single user turn; thinking is on unless it is turned off.
CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}"
    "{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}"
    "{%- endif %}"
    "{%- endif %}"
)


def chat(prompt: str) -> str:
    """Wrap a prompt as the chat template does."""
    return f"{START}user\n{prompt}{END}\n{START}assistant\n"


def empty_tokenizer() -> Tokenizer:
    """Return an untrained tokenizer with Qwen2's normalisation and cutting."""
    tokenizer = Tokenizer(BPE(fuse_unk=False, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRETOKENIZE), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def known_words(art: Art) -> re.Pattern[str]:
    """Match any Chinese name of a thing or colour, longest first."""
    from vocabulary import COLOURS  # noqa: PLC0415 - keeps reading free of the art's modules

    words = {name.lstrip("~") for concept in art.concepts for name in concept["zh"]}
    words |= {name for colour in COLOURS for name in colour.zh}
    words |= {
        "背景",
        "左边",
        "右边",
        "上方",
        "下方",
        "左上角",
        "右上角",
        "左下角",
        "右下角",
        "渐变",
    }
    ordered = sorted((word for word in words if word), key=len, reverse=True)
    return re.compile("(" + "|".join(map(re.escape, ordered)) + ")")


def corpus(art: Art, count: int) -> list[str]:
    """Return pieces of `count` captions of the training split, and every name."""
    from captions import caption  # noqa: PLC0415
    from scenes import sample  # noqa: PLC0415

    scenes = sample(art, np.random.default_rng(11), count, "train")
    scenes.nonsense[:] = False
    rng, cut = random.Random(11), known_words(art)
    pieces = [
        piece for i in range(count) for piece in cut.split(caption(art, scenes, i, rng)) if piece
    ]
    for concept in art.concepts:
        english = [name.lstrip("~") for name in concept["en"]]
        names = [
            *english,
            *(f" {name}" for name in english),
            *(n.lstrip("~") for n in concept["zh"]),
        ]
        pieces += names * 40
    return [*pieces, *("user\n", "assistant\n") * 100]


def train(art: Art, count: int, vocabulary: int) -> Tokenizer:
    """Learn the merges."""
    tokenizer = empty_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=12,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(art, count), trainer)
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write the files `Qwen2Tokenizer` loads, those of older releases included."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = json.dumps(model["vocab"], ensure_ascii=False, separators=(",", ":"))
    (folder / "vocab.json").write_text(vocabulary, encoding="utf-8")
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", "utf-8")
    tokens = {
        str(tokenizer.token_to_id(token)): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for token in SPECIAL
    }
    config = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": tokens,
        "additional_special_tokens": [START, END],
        "bos_token": None,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "errors": "replace",
        "model_max_length": 1024,
        "pad_token": END_OF_TEXT,
        "padding_side": "right",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    text = json.dumps(config, ensure_ascii=False, indent=2)
    (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")


def load(work: Path) -> Tokenizer:
    """Read the trained tokenizer."""
    return Tokenizer.from_file(str(work / "tokenizer" / "tokenizer.json"))


def encode(tokenizer: Tokenizer, prompts: list[str]) -> list[list[int]]:
    """Encode prompts within the chat template."""
    return [found.ids for found in tokenizer.encode_batch([chat(prompt) for prompt in prompts])]


def fill(rows: list[list[int]], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Pad rows with token 0 to `(n, length)` int16; also return their (n,) lengths."""
    table = np.zeros((len(rows), length), np.int16)
    for target, row in zip(table, rows, strict=True):
        target[: len(row)] = row[:length]
    return table, np.array([min(len(row), length) for row in rows], np.int16)


def main() -> None:
    """Train, save, and report how long prompts become."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--captions", type=int, default=150_000, help="captions to learn from")
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY, help="number of tokens")
    args = parser.parse_args()
    from art import load_art  # noqa: PLC0415

    art = load_art(args.work)
    tokenizer = train(art, args.captions, args.vocabulary)
    save(tokenizer, args.work / "tokenizer")
    lengths = [len(row) for row in encode(tokenizer, corpus_sample(art))]
    shares = [f"{q} %: {int(np.percentile(lengths, q))}" for q in (50, 90, 99, 100)]
    print(f"{tokenizer.get_vocab_size()} tokens; prompt lengths {', '.join(shares)}")


def corpus_sample(art: Art) -> list[str]:
    """Return some whole captions of the held-out split."""
    from captions import caption  # noqa: PLC0415
    from scenes import sample  # noqa: PLC0415

    scenes = sample(art, np.random.default_rng(12), 4000, "held_out")
    return [caption(art, scenes, i) for i in range(len(scenes))]


if __name__ == "__main__":
    main()
