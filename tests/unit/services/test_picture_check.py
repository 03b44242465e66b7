"""The check of pictures on its thread: it never blocks, and what breaks is replaced."""

from __future__ import annotations

import asyncio
import threading

import pytest
from PIL import Image

from bot.domain.picture_score import PictureScore
from bot.services.picture_check import PictureCheck, PictureCheckError
from tests.support.steered_classifier import PATIENCE_S, SteeredClassifier

PICTURE = Image.new("RGB", (8, 8))


async def test_a_picture_is_looked_at_on_a_thread_of_its_own_while_the_loop_goes_on():
    classifier, threads = SteeredClassifier(), []

    class Noting(SteeredClassifier):
        def score(self, picture: Image.Image) -> PictureScore:
            threads.append(threading.current_thread().name)
            return classifier.score(picture)

    check = PictureCheck(Noting)
    classifier.may_answer.clear()
    asked = asyncio.create_task(check.score(PICTURE))
    assert await asyncio.to_thread(classifier.is_asked.wait, PATIENCE_S)
    assert not asked.done()
    classifier.may_answer.set()
    assert (await asked).unsafe == 0
    assert threads == ["picture check"]
    check.close()


async def test_models_are_loaded_once_and_again_after_a_failure():
    made: list[SteeredClassifier] = []

    def load() -> SteeredClassifier:
        made.append(SteeredClassifier())
        return made[-1]

    check = PictureCheck(load)  # type: ignore[arg-type]
    await check.prepare()
    await check.score(PICTURE)
    made[0].failure = RuntimeError("no memory")
    with pytest.raises(PictureCheckError, match="could not be checked, so it is not shown"):
        await check.score(PICTURE)
    assert (await check.score(PICTURE)).unsafe == 0
    assert len(made) == 2
    check.close()


async def test_models_that_cannot_be_loaded_let_no_picture_through():
    def load() -> SteeredClassifier:
        raise RuntimeError("the file is gone")

    check = PictureCheck(load)  # type: ignore[arg-type]
    for ask in (check.prepare(), check.score(PICTURE)):
        with pytest.raises(PictureCheckError):
            await ask


async def test_a_check_that_hangs_is_given_up_and_the_next_one_works():
    made: list[SteeredClassifier] = []

    def load() -> SteeredClassifier:
        made.append(SteeredClassifier())
        if len(made) == 1:
            made[0].may_answer.clear()
        return made[-1]

    check = PictureCheck(load, within_s=0.5)  # type: ignore[arg-type]
    with pytest.raises(PictureCheckError):
        await check.score(PICTURE)
    assert (await check.score(PICTURE)).unsafe == 0
    made[0].may_answer.set()
    check.close()
