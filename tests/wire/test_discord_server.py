"""The bot as a process of its own against a Discord on the wire, killed and started again.

The bot is the real one; where nothing is said, a quick engine without a model stands in.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, ModelRules
from tests.support.boards_env import picture
from tests.support.discord_env import SMALL, gallery_of, private_sentence, texts_of
from tests.support.discord_server.bot_process import BotProcess, bot_process
from tests.support.discord_server.clock import PATIENCE_S
from tests.support.discord_server.disruptions import Disruption
from tests.support.discord_server.faults import CDN, Fault
from tests.support.discord_server.people import NotAnsweredError
from tests.support.discord_server.raw import Raw
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.stand_in import pixels_of
from tests.support.discord_server.world import Place, Seen

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.wire_fixtures", "tests.support.bot_fixtures"]

SEND = "/channels/{channel_id}/messages"
CALLBACK = "/interactions/{interaction_id}/{token}/callback"
EDIT = "/channels/{channel_id}/messages/{message_id}"
SYNC = "/applications/{application_id}/commands"
FOLLOW_UP = "/webhooks/{webhook_id}/{token}"
BY_TOKEN = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
SLOW_S = 0.05  # a forward: a job takes 0.4 s, long enough to be met while it is drawn


@pytest.fixture(autouse=True)
def every_request_is_as_discord_describes_it(server: DiscordServer):
    yield
    assert server.rest.unknown == []
    assert server.description.violations == []


async def imagine(server: DiscordServer, place: Place, prompt: str = "a red apple", **more: Any):
    """Run /imagine, and wait for the acknowledgement."""
    who = more.pop("who", place.ada)
    options = {"size": SMALL, "seed": 5, **more}
    asked = await server.people.slash(who, place.channel, "imagine", prompt=prompt, **options)
    await server.people.answered(asked)
    return asked


def slow(server: DiscordServer, tmp_path: Path, **more: Any) -> BotProcess:
    return BotProcess(server=server, data_dir=tmp_path / "data", seconds_per_forward=SLOW_S, **more)


def pixels(prompt: str = "a red apple", **more: Any) -> str:
    """Return the hash of the pixels the quick engine makes of a request."""
    return pixels_of(asked_for(prompt, **more)).pixel_sha256


def asked_for(prompt: str = "a red apple", **more: Any) -> ImageRequest:
    values = {"seed": 5, "size": SMALL, **more}
    return ImageRequest.parse(prompt=prompt, rules=ModelRules(native=256), **values)


async def shown_pixels(raw: Raw, message: Seen) -> list[str]:
    """Return the hashes of the pixels of a message's PNGs, as anybody may fetch them."""
    from io import BytesIO  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415

    found = []
    for attachment in message.attachments:
        async with raw.session.get(attachment["url"]) as response:
            content = await response.read()
        with Image.open(BytesIO(content)) as image:
            found.append(hashlib.sha256(image.convert("RGB").tobytes()).hexdigest())
    return found


async def only_one(server: DiscordServer, place: Place, raw: Raw, sha: str) -> Seen:
    """Assert that the channel shows this image once and nothing that still promises one."""
    [message] = server.people.messages(place.channel)
    assert len(message.images) == 1
    assert await shown_pixels(raw, message) == [sha]
    assert set(server.people.posted().values()) == {1}
    return message


# From a command to images


async def test_a_bot_in_another_process_answers_imagine(
    server: DiscordServer, place: Place, raw: Raw, bot: BotProcess
):
    asked = await imagine(server, place)
    await server.people.image(asked)
    message = await only_one(server, place, raw, pixels())
    assert "seed `5`" in message.text
    assert await bot.terminate() == 0


@pytest.mark.nightly
async def test_the_real_engine_draws_what_another_process_draws(
    server: DiscordServer, place: Place, raw: Raw, demo_engine: ZImageEngine, tmp_path: Path
):
    here = await asyncio.to_thread(demo_engine.draw, DrawTask(request=asked_for()))
    bot = BotProcess(
        server=server, data_dir=tmp_path / "data", engine="real", environment={"CPU_THREADS": "1"}
    )
    async with bot_process(bot):
        asked = await imagine(server, place)
        message = await server.people.image(asked, timeout_s=60)
        assert "seed `5`" in message.text
        assert await shown_pixels(raw, message) == [here.image.pixel_sha256]
        again = await server.people.press(place.ming, message, "Same seed")
        message = await server.people.image(again, timeout_s=60)
        assert "✅" in message.text, "the pixels are the same again"
        assert await bot.terminate() == 0


async def test_people_are_answered_in_their_language_and_place(
    server: DiscordServer, place: Place, bot: BotProcess
):
    bea = server.people.user("bea", locale="zh-CN")
    thread = server.people.thread(place.channel, "night", place.ada)
    for who, where in ((bea, bea.dm_channel), (place.ming, thread)):
        asked = await server.people.slash(who, where, "imagine", prompt="月亮", size=SMALL, seed=1)
        assert (await server.people.image(asked)).channel_id == where.id
        assert "种子 `1`" in server.people.response(asked).text


async def test_forms_menus_and_suggestions_work(
    server: DiscordServer, place: Place, bot: BotProcess
):
    offers = await server.people.complete(place.ada, place.channel, "imagine", "size", "portr")
    assert [offer["value"] for offer in offers] == ["portrait"]
    message = await server.people.image(await imagine(server, place))
    shown = await server.people.press(place.ada, message, "Edit")
    await server.people.answered(shown)
    asked = await server.people.fill_in(
        place.ada, shown, {"prompt": "a blue pear", "size": SMALL, "seed": "7"}
    )
    message = await server.people.image(asked)
    assert "a blue pear" in message.text
    recipe = await server.people.menu(place.ming, place.channel, "Recipe", message)
    await server.people.answered(recipe)
    assert "a blue pear" in texts_of(recipe.response)


async def test_what_channels_hide_is_read_from_the_wire(
    server: DiscordServer, place: Place, bot: BotProcess
):
    """A spoiler channel's flag, which discord.py drops, an age limit, and a channel shut to all."""
    people, guild = server.people, place.guild
    rooms = {
        "finale": guild.create_text_channel("finale"),
        "adult": guild.create_text_channel("adult"),
        "shut": guild.create_text_channel("shut"),
    }
    people.mark(rooms["finale"], is_spoiler=True)
    people.mark(rooms["adult"], nsfw=True)
    ids = {}
    for name, room in rooms.items():
        asked = await people.slash(place.ada, room, "imagine", prompt=f"a {name} apple", size=SMALL)
        [ids[name]] = (await people.image(asked)).images
    people.hide(rooms["shut"])
    found = {}
    for name, id_ in ids.items():
        asked = await people.slash(place.ming, place.channel, "show", id=id_)
        await people.answered(asked)
        found[name] = await people.image(asked) if name == "finale" else people.response(asked)
    assert [each["spoiler"] for each in gallery_of(found["finale"])] == [True]
    for name in ("adult", "shut"):
        assert f"`{ids[name]}`" in found[name].text
        assert not found[name].images
    offers = await people.complete(place.ming, place.channel, "recipe", "id", "apple")
    assert [offer["value"] for offer in offers] == [ids["finale"]]


async def test_while_no_bot_runs_nobody_answers(
    server: DiscordServer, place: Place, bot: BotProcess
):
    await bot.kill()
    asked = await server.people.slash(place.ada, place.channel, "imagine", prompt="a")
    server.move_clock(3)
    with pytest.raises(NotAnsweredError):
        await server.people.answered(asked)
    await bot.start()
    assert server.people.messages(place.channel) == []


# Killed


async def test_commands_are_registered_once_and_buttons_work_after_a_kill(
    server: DiscordServer, place: Place, raw: Raw, bot: BotProcess
):
    assert "imagine" in {name for name, _ in server.backend.commands[None]}
    message = await server.people.image(await imagine(server, place))
    await bot.kill()
    assert bot.exit_codes == [-9]
    await bot.start()
    assert [asked.bot for asked in server.journal.of("PUT", SYNC)] == ["bot-1"]
    again = await server.people.press(place.ming, message, "Same seed")
    repeated = await server.people.image(again)
    assert await shown_pixels(raw, repeated) == await shown_pixels(raw, message)


@pytest.mark.nightly
async def test_a_file_that_cannot_be_fetched_is_one_sentence_and_nothing_is_left(
    server: DiscordServer, place: Place, bot: BotProcess
):
    people, channel = server.people, place.channel
    await people.answered(
        await people.slash(place.moderator, channel, "board create", name="Spring")
    )
    for fault in (Fault.GONE, Fault.SERVER_ERROR, Fault.DROPPED_AFTER):
        for command in ("inspect", "board add"):
            server.faults.next(fault, "GET", CDN)
            asked = await people.slash(place.ada, channel, command, image=("evil`.png", picture(1)))
            await people.text(channel, "cannot be fetched from Discord", viewer=place.ada)
            refused = people.response(asked) or people.followups(asked)[-1]
            people.delete(refused)
    assert "Traceback" not in bot.log
    asked = await people.slash(place.ada, channel, "board add", image=("a.png", picture(1)))
    await people.text(channel, "Picture **1**", viewer=place.ada)


async def test_a_form_is_sent_after_a_kill_and_offered_again_after_another(
    server: DiscordServer, place: Place, raw: Raw, bot: BotProcess
):
    people = server.people
    message = await people.image(await imagine(server, place))
    shown = await people.press(place.ada, message, "Edit")
    await people.answered(shown)
    await bot.restart()
    typed = {"prompt": "a green apple", "size": "1x1", "seed": "6", "variety": "0"}
    refusal = await people.answered(await people.fill_in(place.ada, shown, typed))
    assert refusal is not None
    assert "The size 1x1 does not work" in refusal.text
    await bot.restart()
    again = await people.press(place.ada, refusal, "Edit again")
    await people.answered(again)
    sent = await people.fill_in(place.ada, again, {**typed, "size": SMALL})
    drawn = await people.image(sent)
    assert await shown_pixels(raw, drawn) == [pixels("a green apple", seed=6)]


async def test_a_job_killed_while_it_is_drawn_is_finished_by_the_next_start(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)) as bot:
        await imagine(server, place)
        await imagine(server, place, prompt="a second one", who=place.ming)
        await bot.restart()
        messages = await server.people.images(place.channel, 2)
        assert [await shown_pixels(raw, message) for message in messages] == [
            [pixels()],
            [pixels("a second one")],
        ]
        assert len(server.people.messages(place.channel)) == 2
        assert set(server.people.posted().values()) == {1}


async def drawn(server: DiscordServer, bot: BotProcess, index: int) -> None:
    """Wait until an image of the only job is kept on disk; nothing else tells of it."""
    async with asyncio.timeout(PATIENCE_S):
        while not list((bot.data_dir / "unfinished").glob(f"*-{index}.png")):
            await server.changes.within(0.02)


async def test_four_images_killed_at_two_of_them_are_all_finished(
    server: DiscordServer, place: Place, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)) as bot:
        asked = await imagine(server, place, count=4)
        for index in (0, 2):
            await drawn(server, bot, index)
            await bot.restart()
        message = await server.people.image(asked, count=4)
        assert "The others" not in message.text


@pytest.mark.nightly
async def test_a_channel_that_hangs_after_a_restart_holds_no_other_up(
    server: DiscordServer, place: Place, tmp_path: Path
):
    other = place.guild.create_text_channel("other")
    async with bot_process(slow(server, tmp_path)) as bot:
        hanging = [server.people.response(await imagine(server, place)) for _ in range(2)]
        asked = await server.people.slash(place.ming, other, "imagine", prompt="a", size=SMALL)
        await server.people.answered(asked)
        await bot.kill()
        for message in hanging:
            for path in (f"/webhooks/*/messages/{message.id}", f"/channels/*/{message.id}"):
                server.faults.next(Fault.HANGS, "PATCH", path, times=None)
        await bot.start()
        await server.people.image(asked, timeout_s=15)
        assert server.people.with_images(place.channel) == []


async def test_what_was_posted_before_a_kill_is_not_posted_again(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    """The post is carried out, its answer is lost, and the process dies before it asks again."""
    async with bot_process(slow(server, tmp_path)) as bot:
        asked = await imagine(server, place)
        server.people.delete(server.people.response(asked))
        server.faults.next(Fault.DROPPED_AFTER, "POST", SEND)
        await server.people.images(place.channel)
        await bot.kill()
        server.move_clock(20 * 60)  # beyond the nonce's window, so the channel is looked at
        await bot.start()
        await bot.ready(jobs_taken_up=True)
        assert await bot.terminate() == 0
        await only_one(server, place, raw, pixels())


async def test_an_acknowledgement_the_kill_kept_from_being_recorded_is_used(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    server.faults.next(Fault.DROPPED_AFTER, "POST", CALLBACK)
    async with bot_process(slow(server, tmp_path)) as bot:
        await imagine(server, place)
        await bot.restart()
        await server.people.images(place.channel)
        await only_one(server, place, raw, pixels())


async def test_an_acknowledgement_that_was_not_recorded_is_found_behind_a_dead_token(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    server.faults.next(Fault.DROPPED_AFTER, "POST", CALLBACK)
    async with bot_process(slow(server, tmp_path)) as bot:
        await imagine(server, place)
        await bot.kill()
        server.move_clock(16 * 60)
        await bot.start()
        await server.people.images(place.channel)
        await only_one(server, place, raw, pixels())


async def test_stopping_in_order_finishes_what_runs(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)) as bot:
        await imagine(server, place)
        assert await bot.terminate() == 0
        await only_one(server, place, raw, pixels())


# Lost answers and dead tokens


async def test_a_post_whose_answer_is_lost_is_one_message(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)) as bot:
        asked = await imagine(server, place)
        server.people.delete(server.people.response(asked))
        server.faults.next(Fault.DROPPED_AFTER, "POST", SEND)
        await server.people.images(place.channel)
        await server.changes.until(
            lambda: len(server.journal.of("POST", SEND)) == 2 or server.journal.of("PATCH", EDIT)
        )
        assert await bot.terminate() == 0
        await only_one(server, place, raw, pixels())


async def test_behind_a_dead_token_the_bot_edits_its_message_itself(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)):
        asked = await imagine(server, place)
        server.move_clock(15 * 60)
        await server.people.image(asked)
        await only_one(server, place, raw, pixels())
        assert 50027 in {request.code for request in server.journal.of("PATCH", BY_TOKEN)}


async def test_where_the_message_is_gone_too_the_images_are_posted_anew(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)):
        asked = await imagine(server, place)
        server.move_clock(15 * 60)
        server.people.delete(server.people.response(asked))
        await server.people.images(place.channel)
        await only_one(server, place, raw, pixels())


async def test_an_acknowledgement_whose_answer_is_lost_leaves_no_second_message(
    server: DiscordServer, place: Place, raw: Raw, bot: BotProcess
):
    server.faults.next(Fault.DROPPED_AFTER, "POST", CALLBACK)
    await imagine(server, place)
    await server.people.images(place.channel)
    await only_one(server, place, raw, pixels())


# Trouble on the way


async def test_discord_refuses_for_a_moment(
    server: DiscordServer, place: Place, raw: Raw, bot: BotProcess
):
    for fault in (Fault.SERVER_ERROR, Fault.RATE_LIMITED):  # the other way round takes 3 s
        server.faults.next(fault, "POST", CALLBACK)
        server.faults.next(fault, "PATCH", BY_TOKEN)
    await server.people.image(await imagine(server, place))
    await only_one(server, place, raw, pixels())
    assert server.journal.fault_counts == {"429": 2, "500": 2}


@pytest.mark.nightly
async def test_the_line_breaks_when_the_images_are_sent(
    server: DiscordServer, place: Place, raw: Raw, bot: BotProcess
):
    server.faults.next(Fault.DROPPED_AFTER, "PATCH", BY_TOKEN)
    asked = await imagine(server, place)
    await server.changes.until(
        lambda: [each.status for each in server.journal.of("PATCH", BY_TOKEN)][1:] == [200]
    )
    assert server.people.response(asked).images
    await only_one(server, place, raw, pixels())


@pytest.mark.nightly
async def test_an_acknowledgement_that_hangs_does_not_hold_the_images_up(
    server: DiscordServer, place: Place, raw: Raw, bot: BotProcess
):
    server.faults.next(Fault.HANGS, "POST", CALLBACK)
    await server.people.slash(
        place.ada, place.channel, "imagine", prompt="a red apple", size=SMALL, seed=5
    )
    await server.people.images(place.channel, timeout_s=10)
    await only_one(server, place, raw, pixels())


@pytest.mark.nightly
async def test_a_list_of_channels_that_hangs_keeps_nobody_waiting(
    server: DiscordServer, place: Place, bot: BotProcess
):
    message = await server.people.image(await imagine(server, place))
    server.faults.next(Fault.HANGS, "GET", "/guilds/{guild_id}/channels")
    again = await server.people.press(place.ming, message, "Same seed")
    await server.people.answered(again)
    assert len((await server.people.image(again)).images) == 1


async def test_a_failure_is_told_though_the_line_breaks(
    server: DiscordServer, place: Place, bot: BotProcess
):
    """Without its reason: only the answer to the private message may be lost."""
    server.faults.next(Fault.DROPPED_BEFORE, "POST", FOLLOW_UP)
    asked = await imagine(server, place, prompt="poison:nan")
    await server.changes.until(
        lambda: "This was not drawn" in server.people.response(asked).text, timeout_s=10
    )


async def test_where_the_channel_is_gone_the_user_is_written_to(
    server: DiscordServer, place: Place, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)):
        await imagine(server, place)
        server.faults.disruption(Disruption.CHANNEL_DELETED, f"/channels/{place.channel.id}")
        told = await server.people.text(place.ada.user.dm_channel, "/history")
        assert told.author_id == server.backend.bot_user.id


async def test_a_start_while_discord_is_down_ends_with_one_sentence(
    server: DiscordServer, tmp_path: Path
):
    server.faults.next(Fault.UNAVAILABLE, "GET", "/users/@me")
    bot = BotProcess(server=server, data_dir=tmp_path / "data")
    await bot.start(wait=False)
    assert await bot.ended() == 2
    assert "Traceback" not in bot.log
    assert "503" in bot.lines[-1]


async def test_commands_that_cannot_be_registered_now_do_not_keep_the_bot_from_starting(
    server: DiscordServer, tmp_path: Path
):
    server.faults.next(Fault.UNAVAILABLE, "PUT", SYNC)
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        await bot.restart()
        assert [each.status for each in server.journal.of("PUT", SYNC)] == [503, 200]


@pytest.mark.parametrize("fault", [Fault.BAD_REQUEST, Fault.FORBIDDEN, Fault.PAGE])
async def test_commands_that_are_refused_do_not_keep_the_bot_from_working(
    server: DiscordServer, place: Place, tmp_path: Path, fault: Fault
):
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        (bot.data_dir / "commands.json").unlink()
        server.faults.next(fault, "PUT", SYNC)
        await bot.restart()
        await imagine(server, place)
        assert "Discord could not register the commands" in bot.log
        assert "Traceback" not in bot.log


async def test_an_address_that_is_blocked_waits_and_logs_in_again(
    server: DiscordServer, place: Place, tmp_path: Path
):
    server.faults.next(Fault.PAGE, "GET", "/users/@me", times=2, retry_after_s=0)
    server.faults.next(Fault.PAGE, "GET", "/gateway/bot", retry_after_s=0)
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        await imagine(server, place)
        assert bot.log.count("Discord blocks this machine's address") == 3
        assert "logs in again at" in bot.log
        assert "Traceback" not in bot.log
        assert await bot.terminate() == 0


async def test_a_blocked_bot_can_be_stopped_while_it_waits(server: DiscordServer, tmp_path: Path):
    server.faults.next(Fault.PAGE, "GET", "/users/@me", retry_after_s=3600)
    bot = BotProcess(server=server, data_dir=tmp_path / "data")
    await bot.start(wait=False)
    await server.changes.until(lambda: "logs in again" in bot.log, what="the bot waiting")
    assert await bot.terminate() == 0
    assert "Traceback" not in bot.log


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014])
@pytest.mark.nightly
async def test_a_connection_that_is_closed_for_good_ends_with_one_sentence(
    server: DiscordServer, place: Place, tmp_path: Path, code: int
):
    server.gateway.refuses_with = code
    bot = BotProcess(server=server, data_dir=tmp_path / "data")
    await bot.start(wait=False)
    assert await bot.ended() == 2
    assert "Traceback" not in bot.log
    assert ("Reset Token" if code == 4004 else f"(code {code})") in bot.lines[-1]


@pytest.mark.nightly
async def test_a_bot_at_work_that_is_closed_for_good_says_so_and_ends_its_jobs_in_order(
    server: DiscordServer, place: Place, tmp_path: Path
):
    bot = slow(server, tmp_path)
    await bot.start()
    asked = [
        await server.people.slash(place.ada, place.channel, "imagine", prompt=each, size=SMALL)
        for each in ("a red apple", "a blue pear")
    ]
    for each in asked:
        await server.people.answered(each)
    await server.people.slash(place.ming, place.channel, "imagine", prompt="too late", size=SMALL)
    server.gateway.refuse_from_now_on(4014)
    assert await bot.ended() == 2
    assert "Traceback" not in bot.log
    assert "(code 4014)" in bot.lines[-1]
    first, second = (server.people.response(each) for each in asked)
    assert first is not None
    assert first.images, "what ran is drawn and posted while Discord can still be asked"
    assert second is not None
    assert "place is kept" in second.text, bot.log
    server.gateway.refuses_with = None
    async with bot_process(bot):
        await server.people.image(asked[1])


@pytest.mark.parametrize("name", ["queue", "history", "imagine"])
@pytest.mark.nightly
async def test_a_command_that_a_stop_meets_before_its_answer_is_answered(
    server: DiscordServer, place: Place, bot: BotProcess, name: str
):
    server.faults.next(Fault.SERVER_ERROR, "POST", CALLBACK, times=3)
    options = {"prompt": "a red apple", "size": SMALL} if name == "imagine" else {}
    asked = await server.people.slash(place.ada, place.channel, name, **options)
    await server.changes.until(lambda: server.journal.fault_counts[Fault.SERVER_ERROR])
    assert await bot.terminate() == 0
    assert asked.acknowledged
    assert not asked._interaction.loading
    assert "Traceback" not in bot.log
    if name == "imagine":
        await bot.start()
        await server.people.image(asked)


@pytest.mark.nightly
async def test_a_star_outlasts_a_page_of_discords_outer_wall(
    server: DiscordServer, place: Place, bot: BotProcess
):
    people = server.people
    for name, options in (
        ("board create", {"name": "Spring"}),
        ("board star", {"enabled": True, "board": "Spring"}),
    ):
        asked = await people.slash(place.moderator, place.channel, name, **options)
        await server.changes.until(
            lambda asked=asked: asked.acknowledged and not asked._interaction.loading,
            what="an answer",
        )
    image = await people.image(await imagine(server, place))
    server.faults.next(Fault.PAGE, "GET", EDIT)
    server.faults.next(Fault.PAGE, "PUT", f"{EDIT}/reactions/{{emoji_name}}/@me")
    await place.moderator.react(image, "⭐")
    await server.changes.until(
        lambda: any(each.emoji == "📌" for each in _reactions(server, image)), what="a pin under it"
    )


@pytest.mark.parametrize("fault", [Fault.PAGE, Fault.GONE])  # none of them Discord's own word
@pytest.mark.nightly
async def test_a_boards_message_follows_though_discord_refuses_for_a_while(
    server: DiscordServer, place: Place, bot: BotProcess, fault: Fault
):
    async def run(name: str, /, **options: Any) -> None:
        asked = await server.people.slash(place.moderator, place.channel, name, **options)
        await server.changes.until(lambda: asked.acknowledged and not asked._interaction.loading)

    await run("board create", name="Spring", channel=place.channel)
    sheet = await server.people.text(place.channel, "Spring", viewer=place.ming)
    server.faults.next(fault, "PATCH", EDIT)
    await run("board edit", board="Spring", name="Autumn")
    assert (await server.people.text(place.channel, "Autumn", viewer=place.ming)).id == sheet.id
    server.faults.next(fault, "DELETE", EDIT)
    await run("board edit", board="Autumn", detach=True)
    await server.changes.until(
        lambda: sheet.id not in {each.id for each in server.people.messages(place.channel)},
        what="the board's message gone",
    )
    assert server.journal.fault_counts[fault] == 2


def _reactions(server: DiscordServer, message: Seen) -> list[Any]:
    return list(server.backend.get_message(message.channel_id, message.id).reactions)


@pytest.mark.nightly
async def test_suggestions_that_do_not_get_through_leave_no_trace(
    server: DiscordServer, place: Place, bot: BotProcess
):
    server.faults.next(Fault.DROPPED_BEFORE, "POST", CALLBACK)
    with pytest.raises(NotAnsweredError):
        await server.people.complete(place.ada, place.channel, "imagine", "size", "a")
    offered = await server.people.complete(place.ada, place.channel, "imagine", "size", "a")
    assert offered, "the next key is answered again"
    assert "in autocomplete for 'imagine'" in bot.log
    assert "Traceback" not in bot.log


async def test_a_bot_connects_in_as_many_shards_as_discord_asks_for(
    server: DiscordServer, place: Place, tmp_path: Path
):
    server.rest.shards = 2
    while len({(guild.id >> 22) % 2 for guild in server.backend.guilds.values()}) < 2:
        other = server.people.guild()
    channel = other.create_text_channel("pictures")
    bert = server.people.member(other, "bert")
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        assert server.gateway.identified == 2
        for who, where in ((place.ada, place.channel), (bert, channel)):
            asked = await server.people.slash(
                who, where, "imagine", prompt="a red apple", size=SMALL
            )
            await server.people.answered(asked)
        assert "in 2 guilds" in bot.log or len(server.backend.guilds) > 2
        assert await bot.terminate() == 0
        assert "Traceback" not in bot.log


@pytest.mark.parametrize("route", ["/users/@me", "/gateway/bot", SYNC])
async def test_a_stop_during_the_start_leaves_no_trace(
    server: DiscordServer, place: Place, tmp_path: Path, route: str
):
    server.faults.next(Fault.HANGS, "*", route)
    bot = BotProcess(server=server, data_dir=tmp_path / "data")
    await bot.start(wait=False)
    await server.changes.until(
        lambda: any(each.route == route for each in server.faults.switches) is False,
        what="the bot hanging at its start",
    )
    assert await bot.terminate() == 0
    assert "Traceback" not in bot.log


async def test_a_wrong_token_ends_with_one_sentence(server: DiscordServer, tmp_path: Path):
    bot = BotProcess(
        server=server, data_dir=tmp_path / "data", environment={"DISCORD_TOKEN": "wrong"}
    )
    await bot.start(wait=False)
    assert await bot.ended() == 2
    assert "Reset Token" in bot.lines[-1]


async def test_files_that_turn_out_too_large_are_sent_smaller(
    server: DiscordServer, place: Place, bot: BotProcess
):
    server.people.limit_uploads(place.guild.id, 300_000, told=False)
    asked = await imagine(server, place, "noise", size="512x512")
    message = await server.people.image(asked)
    [attachment] = message.attachments
    assert attachment["filename"].endswith(".webp")
    assert attachment["size"] <= 300_000
    assert 413 in {request.status for request in server.journal.of("PATCH", BY_TOKEN)}


async def test_a_gateway_that_drops_is_resumed(
    server: DiscordServer, place: Place, bot: BotProcess
):
    for times, disruption in enumerate((Disruption.DROP, Disruption.RECONNECT), start=1):
        server.faults.disruption(disruption)
        await server.people.image(await imagine(server, place))
        await server.changes.until(lambda: server.gateway.resumed == times)  # noqa: B023
    assert server.gateway.identified == 1


async def test_a_lost_session_is_begun_anew(server: DiscordServer, place: Place, bot: BotProcess):
    server.faults.disruption(Disruption.INVALIDATE)
    await server.changes.until(lambda: server.gateway.identified == 2)
    asked = await imagine(server, place)
    await server.people.image(asked)
    assert server.gateway.resumed == 0
    assert len(server.journal.of("PUT", SYNC)) == 1


async def test_a_gateway_that_no_longer_answers_is_left(
    server: DiscordServer, place: Place, tmp_path: Path
):
    server.gateway.heartbeat_s = 0.2
    bot = BotProcess(server=server, data_dir=tmp_path / "data", heartbeat_timeout_s=0.5)
    async with bot_process(bot):
        server.faults.disruption(Disruption.DEAF)
        await server.changes.until(lambda: server.gateway.resumed == 1)
        await server.people.image(await imagine(server, place))


async def test_images_wait_for_a_permission_that_comes_back(
    server: DiscordServer, place: Place, raw: Raw, tmp_path: Path
):
    async with bot_process(slow(server, tmp_path)):
        asked = await imagine(server, place)
        server.people.delete(server.people.response(asked))
        server.people.forbid(place.channel.id, "send_messages")
        await server.changes.until(
            lambda: 403 in {request.status for request in server.journal.of("POST", SEND)}
        )
        assert server.people.messages(place.channel) == []
        server.people.allow_again(place.channel.id)
        await server.people.images(place.channel)
        await only_one(server, place, raw, pixels())


# An engine in trouble


async def test_an_engine_that_fails_is_told_and_the_next_job_is_drawn(
    server: DiscordServer, place: Place, bot: BotProcess
):
    for poison in ("raise", "nan", "memory"):
        asked = await imagine(server, place, prompt=f"poison:{poison}")
        await server.changes.until(lambda: server.people.followups(asked))  # noqa: B023
        assert private_sentence(asked)
    await server.people.image(await imagine(server, place))


async def test_a_job_that_ends_the_process_twice_is_given_up(
    server: DiscordServer, place: Place, bot: BotProcess
):
    asked = await imagine(server, place, prompt="poison:crash")
    assert await bot.ended() == -9
    await bot.start(wait=False)
    assert await bot.ended() == -9
    await bot.start()
    message = await server.people.text(place.channel, "twice, so it is not tried again")
    assert message.id == server.people.response(asked).id
    await server.people.image(await imagine(server, place))


async def test_the_other_images_of_a_job_that_ends_the_process_are_delivered(
    server: DiscordServer, place: Place, bot: BotProcess
):
    asked = await imagine(server, place, prompt="poison:crash@7", count=4)
    assert await bot.ended() == -9
    await bot.start(wait=False)
    assert await bot.ended() == -9
    await bot.start()
    message = await server.people.image(asked, count=3)
    assert "3 of 4 are here. The others: Drawing this stopped the engine twice" in message.text


async def test_a_job_that_ends_the_process_once_is_drawn(
    server: DiscordServer, place: Place, bot: BotProcess
):
    asked = await imagine(server, place, prompt="poison:crash:1")
    assert await bot.ended() == -9
    await bot.start()
    await server.people.image(asked)
