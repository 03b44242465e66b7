"""Who wrote a recipe: proven by a signature or a row, else said to be anybody."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

import pytest

from bot.domain.drawing import Drawing, RawImage
from bot.domain.recipe import HASH_KEY, Recipe, canonical, make_recipe, parse_recipe, signed_text
from bot.domain.signature import SigningKey
from bot.domain.verdict import Verdict, verdict
from bot.media.encoding import encode_png
from bot.media.image_input import read_picture
from bot.storage import Store
from tests.unit.domain.test_recipe import CONDITIONS, REQUEST

KEY = SigningKey(secret=b"k" * 32)
IMAGE = RawImage(width=1, height=1, pixels=b"abc")
RECIPE = make_recipe(REQUEST, Drawing(image=IMAGE, conditions=CONDITIONS))


def judged(recipe: Recipe | None, key: SigningKey | None = KEY) -> Verdict:
    assert recipe is not None
    return verdict(recipe, [], key)


def test_a_picture_proves_that_it_was_made_here():
    signed = read_picture(encode_png(IMAGE, recipe=RECIPE, key=KEY))
    assert judged(signed.recipe) is Verdict.SIGNED
    plain = read_picture(encode_png(IMAGE, recipe=RECIPE))
    assert judged(plain.recipe) is Verdict.CONSISTENT


def test_a_recipe_as_a_file_carries_its_signature_and_keeps_its_hash():
    text = signed_text(canonical(RECIPE), KEY)
    recipe = parse_recipe(json.dumps(json.loads(text), indent=2))
    assert judged(recipe) is Verdict.SIGNED
    assert recipe.sha256 == RECIPE[HASH_KEY]
    assert canonical(recipe.document) == canonical(RECIPE)


def test_the_signature_of_one_recipe_proves_no_other():
    """Whoever changes a recipe can compute its hash again, but not its signature."""
    stolen = read_picture(encode_png(IMAGE, recipe=RECIPE, key=KEY)).recipe
    assert stolen is not None
    forged = make_recipe(REQUEST, Drawing(image=IMAGE, conditions={**CONDITIONS, "model": "other"}))
    assert judged(parse_recipe(canonical(forged), stolen.signature)) is Verdict.ALTERED


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (SigningKey(secret=b"o" * 32).sign(canonical(RECIPE)), Verdict.OTHER_KEY),
        (f"{KEY.id}:{'0' * 64}", Verdict.ALTERED),
        ("", Verdict.OTHER_KEY),
        ("\ud800 é" * 9999, Verdict.OTHER_KEY),
    ],
)
def test_other_signatures_prove_nothing(signature: str, expected: Verdict):
    assert judged(parse_recipe(canonical(RECIPE), signature)) is expected
    assert judged(parse_recipe(canonical({**RECIPE, "signature": 7}))) is Verdict.CONSISTENT


def test_without_a_key_nothing_is_proven():
    signed = read_picture(encode_png(IMAGE, recipe=RECIPE, key=KEY))
    assert judged(signed.recipe, None) is Verdict.OTHER_KEY


def test_the_key_is_shown_nowhere():
    assert "k" * 8 not in repr(KEY)
    assert repr(KEY.secret) not in f"{KEY}"
    assert KEY.id not in KEY.secret.hex()


async def test_an_installation_makes_its_key_once_and_its_backups_have_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path, images = tmp_path / "bot.sqlite3", tmp_path / "images"
    with caplog.at_level(logging.INFO):
        async with Store(path, images=images) as store:
            key = store.key
            backup = await store.database.back_up()
        async with Store(path, images=images) as store:
            assert store.key == key
    assert key is not None
    assert len(key.secret) == 32
    [told] = [record.message for record in caplog.records if "key" in record.message]
    assert told.startswith("Made the key that signs recipes.")
    assert key.secret.hex() not in caplog.text
    with sqlite3.connect(backup) as db:
        assert db.execute("SELECT secret FROM signing_key").fetchall() == [(key.secret,)]
    db.close()
    async with Store(backup, images=images).to_read() as restored:
        assert restored.key == key
