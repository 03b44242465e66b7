"""The playground: a stranger's path through the page, with a real browser where there is one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.cli import run, serve
from bot.domain.rules import Entry
from bot.domain.scenes import Layer
from bot.domain.viewers import Viewer
from bot.errors import LoadFailedError, ModelFilesError, SettingsError
from bot.playground import CHANNELS, PEOPLE, open_playground, run_playground
from bot.services import open_service
from tests.discord.test_settings import change
from tests.support.discord_env import (
    SMALL,
    SteeredEngine,
    answer_of,
    labels_of,
    private_sentence,
)
from tests.support.model_folders import link_model

pytest_plugins = ["tests.support.bot_fixtures"]

PATIENCE_S = 60.0
PRESS_PATIENCE_S = 15.0
IN_MENU = {"Same seed"}  # all other labels are of buttons
ENTER = "\ue007"  # as WebDriver writes the key


async def test_images_of_the_visit_before_come_back_with_live_buttons(
    settings, engine: SteeredEngine
):
    async with open_playground(settings, lambda: engine, port=0) as page:
        ada, channel = page.viewers[0], page.channel
        await ada.slash(channel, "imagine", prompt="红苹果", size=SMALL, seed=1)
        await page.env.bot.service.idle()
    async with open_playground(settings, lambda: engine, port=0) as page:
        [message] = page.channel.history()
        assert page.viewers[0].id == ada.id
        result = await page.viewers[0].click(message, label="Same seed")
        await page.env.bot.service.idle()
        assert "Pixel for pixel" in str(result.response.components)


async def test_everybody_speaks_their_language(settings, engine: SteeredEngine):
    async with open_playground(settings, lambda: engine, port=0) as page:
        help_of = [await viewer.slash(page.channel, "help") for viewer in page.viewers]
        chinese = ["用文字作画" in str(result.response.components) for result in help_of]
        assert chinese == [locale.startswith("zh") for _, _, locale, _ in PEOPLE]


async def test_owners_try_their_rules(settings, engine: SteeredEngine):
    async with open_playground(settings, lambda: engine, port=0) as page:
        ada, _, _, olga = page.viewers
        shown = answer_of(await olga.slash(page.channel, "settings show"))
        await change(olga, shown, **{"use.imagine": "deny"})
        refused = await ada.slash(page.channel, "imagine", prompt="红苹果", size=SMALL)
        assert "do not let you use 'imagine' here" in private_sentence(refused)
        await olga.click(shown, label="Undo")
        await ada.slash(page.channel, "imagine", prompt="红苹果", size=SMALL)
        await page.env.bot.service.idle()
        assert len(page.channel.history()) == 2


async def test_another_channel_shows_the_same_servers_images(settings, engine: SteeredEngine):
    async with open_playground(settings, lambda: engine, port=0) as page:
        await page.viewers[0].slash(page.channel, "imagine", prompt="红苹果", size=SMALL)
        await page.env.bot.service.idle()
    async with open_playground(settings, lambda: engine, port=0, channel=CHANNELS[1]) as page:
        assert page.channel.name == CHANNELS[1]
        result = await page.viewers[1].slash(page.channel, "history")
        assert "红苹果" in str(result.response.components)


async def test_a_moderator_decides_what_the_rules_send_there(settings, engine: SteeredEngine):
    """Also what was held in the visit before, whose messages are forgotten."""
    async with open_playground(settings, lambda: engine, port=0) as page:
        service, manager = (
            page.env.bot.service,
            Viewer(user_id=1, guild_id=page.viewers[0].guild.id, is_manager=True),
        )
        ask_first = Entry(layer=Layer.SERVER, name="words", value="ask")
        await service.rules.change([ask_first], viewer=manager)
        await page.viewers[0].slash(page.channel, "imagine", prompt="gore", size=SMALL)
        await with_button(page, "Approve")
    async with open_playground(settings, lambda: engine, port=0) as page:
        message = await with_button(page, "Approve")
        refused = await page.viewers[1].click(message, label="Approve")
        assert "只有本服务器的管理员可以这样做" in str(refused.response.content)
        assert engine.drawn == []
        await page.viewers[2].click(message, label="Approve")
        await page.env.bot.service.idle()
        assert [each.prompt for each in engine.drawn] == ["gore"]


async def with_button(page: Any, label: str) -> Any:
    """Wait until the page's channel has a message with such a button, and return it."""
    changed = asyncio.Event()
    page.env.backend.subscribers.append(lambda *_: changed.set())
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for message in page.channel.history():
                if label in labels_of(message):
                    return message
            changed.clear()
            await changed.wait()


def test_the_command_line_offers_the_playgrounds_channels():
    assert serve._CHANNELS == CHANNELS


async def test_the_page_answers_only_on_this_machine(settings, engine: SteeredEngine):
    async with open_playground(settings, lambda: engine, port=0) as page:
        addresses = {s.getsockname()[0] for s in page._server.site._server.sockets}
        assert addresses == {"127.0.0.1"}
        origin = page.url.split("#")[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(origin, headers={"Host": "elsewhere.example"}) as answer:
                assert answer.status == 403
            async with session.get(f"{origin}api/state") as answer:
                assert answer.status == 401


async def test_the_address_reaches_a_pipe_at_once(
    settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdout", os.fdopen(writing, "w"))  # buffered, as Python opens it
    told = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(told), os.fdopen(reading, "rb", 0)
    )
    running = asyncio.create_task(run_playground(settings, lambda: engine, open_browser=False))
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert b"http://127.0.0.1:" in await told.readline()
    finally:
        signal.raise_signal(signal.SIGTERM)
        await running
        pipe.close()
        sys.stdout.close()


async def test_a_port_in_use_is_told(settings, engine: SteeredEngine):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} is in use"):
            async with open_playground(settings, lambda: engine, port=port):
                pytest.fail("the page must not start")


class Visitor:
    """A person at the page, who waits for what they look for."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser

    def until(self, what: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                if found := what():
                    return found
            except Exception:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                words = self.words()
                raise AssertionError(f"{words[:300]} ... {words[-1500:]}")
            time.sleep(0.1)

    def words(self) -> str:
        return self._browser.find_element("tag name", "body").text

    def sees(self, words: str, times: int = 1, patience_s: float = PATIENCE_S) -> None:
        self.until(lambda: self.words().count(words) >= times, patience_s)

    def command(self, name: str, **options: str) -> None:
        composer = self.until(lambda: self._browser.find_element("id", "channel-composer-input"))
        composer.click()
        composer.send_keys(f"/{name}")
        self.until(lambda: self._browser.find_elements("css selector", "[role=option]"))
        composer.send_keys(ENTER)
        for option, value in options.items():
            field = self.until(
                lambda option=option: self._browser.find_element(
                    "css selector", f"[data-option={option}]"
                )
            )
            field.send_keys(value)
        self.until(lambda: self._browser.find_element("id", "send-message").click() or True)

    def press(self, label: str, which: int = -1) -> None:
        def button() -> Any:
            xpath = f"//button[span[@class='button-label' and .='{label}']]"
            return self._browser.find_elements("xpath", xpath)

        self.until(lambda: button()[which].click() or True)

    def choose(self, label: str) -> None:
        """Open the menu under the last image, and choose a line of it."""
        line = f"//*[@role='option'][.//*[@class='option-label' and .='{label}']]"
        menus = "//button[@aria-label='More…']"

        def chosen() -> bool:
            menu = self._browser.find_elements("xpath", menus)[-1]
            if menu.get_attribute("aria-expanded") == "false":
                self._click(menu)
            open_now = "//*[contains(@class, 'is-open')]" + line
            self._click(self._browser.find_elements("xpath", open_now)[-1])
            return True

        self.until(chosen)

    def _click(self, element: Any) -> None:
        """Click without the scrolling of a real one, which closes the page's open menus."""
        self._browser.execute_script("arguments[0].click()", element)

    def press_until(self, label: str, words: str, times: int = 1) -> None:
        """Press, and again where the page was being drawn anew under the pointer."""
        for is_last in (False, False, True):
            (self.choose if label in IN_MENU else self.press)(label)
            try:
                self.sees(words, times, patience_s=PATIENCE_S if is_last else PRESS_PATIENCE_S)
            except AssertionError:
                if is_last:
                    raise
            else:
                return

    def press_in_form(self) -> None:
        submit = "//*[contains(@class, 'modal-dialog')]//button[normalize-space(.)='Submit']"
        self.until(lambda: self._browser.find_elements("xpath", submit)[0].click() or True)

    def sees_pictures(self, count: int) -> None:
        script = "return [...document.images].filter(i => i.naturalWidth > 60).length"
        self.until(lambda: self._browser.execute_script(script) >= count)


async def test_a_new_users_path_through_the_page(
    settings, engine: SteeredEngine, browser, request: pytest.FixtureRequest
):
    if "SCREENSHOT" in os.environ:  # of a new user's path, for the README
        engine = SteeredEngine(request.getfixturevalue("demo_engine"))
    async with open_playground(settings, lambda: engine, port=0) as page:
        await asyncio.to_thread(first_visit, browser, page.url)
    async with open_playground(settings, lambda: engine, port=0) as page:
        await asyncio.to_thread(second_visit, browser, page.url)


def first_visit(browser: Any, url: str) -> None:
    browser.get(url)
    visitor = Visitor(browser)
    visitor.sees("This is the playground")
    visitor.command("imagine", prompt="红苹果")
    visitor.sees("New seed")
    visitor.sees_pictures(1)
    visitor.press_until("Same seed", "Pixel for pixel the same as")
    visitor.sees_pictures(2)
    if "SCREENSHOT" in os.environ:
        browser.save_screenshot(os.environ["SCREENSHOT"])
    visitor.press_until("New seed", "New seed", times=3)
    visitor.press_until("Edit", "Edit and draw again")
    visitor.press_in_form()
    visitor.sees("New seed", times=4)
    visitor.command("history")
    visitor.sees("Images made here")


def second_visit(browser: Any, url: str) -> None:
    browser.get("about:blank")
    browser.get(url)
    visitor = Visitor(browser)
    visitor.sees("New seed", times=4)
    visitor.press_until("Same seed", "Pixel for pixel the same as")


class Unloadable:
    """An engine whose model cannot be loaded, which shows when it is told to."""

    def __init__(self, failure: Exception) -> None:
        self.shows = threading.Event()
        self._failure = failure

    def load(self) -> None:
        self.shows.wait(PATIENCE_S)
        raise self._failure

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ModelFilesError("The vae is not right."), "The vae is not right."),
        (NotImplementedError("Cannot copy out of meta tensor"), "the log says where"),
    ],
)
async def test_a_model_that_cannot_be_loaded_ends_the_page_also_when_it_is_up(
    failure: Exception, said: str, settings
):
    engine = Unloadable(failure)

    def announce(_: str) -> None:
        engine.shows.set()

    with pytest.raises(LoadFailedError, match=said):
        async with asyncio.timeout(PATIENCE_S):
            await run_playground(settings, lambda: engine, open_browser=False, announce=announce)


async def test_a_job_that_waited_for_a_model_that_cannot_be_loaded_is_kept(
    settings, engine: SteeredEngine
):
    broken = Unloadable(ModelFilesError("The vae is not right."))
    async with open_playground(settings, lambda: broken, port=0) as page:
        await page.viewers[0].slash(page.channel, "imagine", prompt="红苹果", size=SMALL)
        broken.shows.set()
        async with asyncio.timeout(PATIENCE_S):
            await page.env.bot.service.lost.wait()
    async with open_service(settings, lambda: engine) as service:
        assert [job.requests[0].prompt for job in service.jobs._resumption.left_over] == ["红苹果"]


def test_broken_files_end_the_playground_with_code_1(
    demo_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    folder = link_model(demo_model, tmp_path / "model")
    (folder / "vae/config.json").unlink()
    monkeypatch.setenv("MODEL", str(folder))
    monkeypatch.setenv("DISCORD_TOKEN", "unused")
    said = rf"The model in {folder} is broken: vae/config.json (missing); "
    for arguments in (["playground", "--no-browser"], []):
        assert run(arguments) == 1
        assert capsys.readouterr().err.splitlines()[-1].startswith(said)
