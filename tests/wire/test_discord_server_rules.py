"""The simulated Discord on the wire keeps Discord's rules, asked by bare HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.support.discord_server.backend import MIB
from tests.support.discord_server.disruptions import Disruption
from tests.support.discord_server.faults import REFUSALS, Fault, Plan
from tests.support.discord_server.people import NotAnsweredError
from tests.support.discord_server.rate_limits import Limit
from tests.support.discord_server.raw import Raw, Socket
from tests.support.discord_server.rules import is_name
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place

pytest_plugins = ["tests.support.wire_fixtures"]

COMMAND: dict[str, Any] = {"name": "draw", "description": "Draw", "type": 1, "options": []}


def commands_path(server: DiscordServer) -> str:
    return f"/applications/{server.backend.application_id}/commands"


def webhook_path(server: DiscordServer, asked: Any, rest: str = "") -> str:
    return f"/webhooks/{server.backend.application_id}/{asked._interaction.token}{rest}"


async def begun(server: DiscordServer, place: Place, raw: Raw, who: Any = None) -> Any:
    """Register a command, and let somebody run it."""
    assert (await raw.ask("PUT", commands_path(server), [COMMAND])).status == 200
    return await server.people.slash(who or place.ada, place.channel, "draw")


async def answer(
    raw: Raw, asked: Any, content: str = "yes", *, files: dict[str, bytes] | None = None
) -> Any:
    record = asked._interaction
    body = {"type": 4, "data": {"content": content}}
    path = f"/interactions/{record.id}/{record.token}/callback?with_response=1"
    return await raw.ask("POST", path, body, files=files)


# Who may ask, and how answers look


async def test_answers_are_json_of_exactly_the_type_discord_py_wants(raw: Raw):
    reply = await raw.ask("GET", "/users/@me")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.body["bot"] is True


async def test_a_wrong_token_is_refused(raw: Raw):
    reply = await raw.ask("GET", "/users/@me", token="wrong")
    assert (reply.status, reply.body["message"]) == (401, "401: Unauthorized")


async def test_every_request_is_written_down(raw: Raw, server: DiscordServer, place: Place):
    await raw.post(place.channel)
    [asked] = server.journal.of("POST", "/channels/{channel_id}/messages")
    assert (asked.bot, asked.status, asked.carried_out) == ("raw", 200, True)
    assert server.journal.of("POST", "/channels/*/messages", bot="other") == []


# Files


async def test_attachments_come_back_byte_for_byte(raw: Raw, place: Place):
    reply = await raw.ask(
        "POST",
        f"/channels/{place.channel.id}/messages",
        {"attachments": [{"id": "0", "description": "noise"}]},
        files={"noise.bin": bytes(range(256)) * 40},
    )
    [attachment] = reply.body["attachments"]
    assert attachment["description"] == "noise"
    async with raw.session.get(attachment["url"]) as response:
        assert await response.read() == bytes(range(256)) * 40
    async with raw.session.get(attachment["url"].replace("hm=", "hm=0")) as response:
        assert response.status == 404


async def test_a_link_to_an_attachment_dies_within_two_days(
    raw: Raw, server: DiscordServer, place: Place
):
    path = f"/channels/{place.channel.id}/messages"
    reply = await raw.ask("POST", path, files={"a.txt": b"a"})
    server.move_clock(2 * 24 * 3600)
    async with raw.session.get(reply.body["attachments"][0]["url"]) as response:
        assert response.status == 404


@pytest.mark.parametrize(("boost", "limit"), [(0, 10 * MIB), (2, 50 * MIB), (3, 100 * MIB)])
async def test_the_upload_limit_grows_with_a_guilds_boosts(
    server: DiscordServer, boost: int, limit: int
):
    guild = server.people.guild(boost=boost)
    assert server.backend.upload_limit(guild.create_text_channel("c").id) == limit


async def test_a_file_above_the_limit_of_its_place_is_refused(
    raw: Raw, server: DiscordServer, place: Place
):
    server.people.limit_uploads(place.channel.id, 1000)
    path = f"/channels/{place.channel.id}/messages"
    assert (await raw.ask("POST", path, files={"a": b"x" * 1000})).status == 200
    reply = await raw.ask("POST", path, files={"a": b"x" * 1001})
    assert (reply.status, reply.code) == (413, 40005)
    asked = await begun(server, place, raw)
    reply = await answer(raw, asked, files={"a": b"x" * 1001})
    assert (reply.status, reply.code) == (413, 40005)
    assert not asked.acknowledged


async def test_eleven_files_are_too_many(raw: Raw, place: Place):
    path = f"/channels/{place.channel.id}/messages"
    ten = {f"{n}.txt": b"x" for n in range(10)}
    assert (await raw.ask("POST", path, files=ten)).status == 200
    reply = await raw.ask("POST", path, files={**ten, "11.txt": b"x"})
    assert (reply.status, reply.code) == (400, 50035)


# Commands


@pytest.mark.parametrize("name", ["draw", "画", "draw-it_2", "नमस्ते", "a" * 32])
def test_names_discord_takes(name: str):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "Draw", "draw it", "draw!", "a" * 33])
async def test_names_discord_refuses(raw: Raw, server: DiscordServer, name: str):
    reply = await raw.ask("PUT", commands_path(server), [{**COMMAND, "name": name}])
    assert (reply.status, reply.code) == (400, 50035)


@pytest.mark.parametrize(
    "change",
    [
        {"description": ""},
        {"description": "x" * 101},
        {"name_localizations": {"zh-CN": "画 图"}},
        {"description_localizations": {"zh-CN": ""}},
        {"options": [{"type": 3, "name": f"o{n}", "description": "x"} for n in range(26)]},
        {"options": [{"type": 3, "name": "Bad", "description": "x"}]},
        {"type": 3, "name": "Menu"},
        {
            "options": [
                {"type": 3, "name": "a", "description": "x"},
                {"type": 3, "name": "b", "description": "x", "required": True},
            ]
        },
        {
            "options": [
                {"type": 3, "name": f"o{n}", "description": "x" * 100, "choices": choices}
                for n in range(4)
                for choices in [[{"name": "n" * 100, "value": "v"}] * 25]
            ]
        },
    ],
)
async def test_commands_discord_refuses(raw: Raw, server: DiscordServer, change: dict[str, Any]):
    reply = await raw.ask("PUT", commands_path(server), [{**COMMAND, **change}])
    assert (reply.status, reply.code) == (400, 50035)
    assert server.backend.commands.get(None, {}) == {}


async def test_two_commands_of_one_name_are_refused(raw: Raw, server: DiscordServer):
    assert (await raw.ask("PUT", commands_path(server), [COMMAND, COMMAND])).status == 400


# Rate limits


async def test_the_sixth_post_within_five_seconds_is_refused(
    raw: Raw, server: DiscordServer, place: Place
):
    other = place.guild.create_text_channel("other")
    replies = [await raw.post(place.channel) for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 5 + [429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies[:5]] == list("43210")
    refused = replies[5]
    assert 0 < refused.body["retry_after"] <= 5
    assert refused.body["global"] is False
    assert refused.headers["Retry-After"] == "5"
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert refused.headers["Via"], "or discord.py takes it for a ban"
    assert refused.headers["X-RateLimit-Bucket"] == replies[0].headers["X-RateLimit-Bucket"]
    assert (await raw.post(other)).status == 200, "each channel has its own bucket"
    server.move_clock(5)
    assert (await raw.post(place.channel)).status == 200


async def test_about_five_edits_in_five_seconds_a_channel(raw: Raw, place: Place):
    message = (await raw.post(place.channel)).body["id"]
    path = f"/channels/{place.channel.id}/messages/{message}"
    statuses = [(await raw.ask("PATCH", path, {"content": str(n)})).status for n in range(6)]
    assert statuses == [200] * 5 + [429]


async def test_the_whole_bot_has_a_limit_too(raw: Raw, server: DiscordServer):
    server.limits.globally = Limit(requests=50, per_s=60.0)
    replies = [await raw.ask("GET", "/users/@me") for _ in range(51)]
    assert [reply.status for reply in replies] == [200] * 50 + [429]
    assert replies[50].body["global"] is True
    assert replies[50].headers["X-RateLimit-Global"] == "true"
    assert server.journal.invalid == 1


# Interactions


async def test_an_interaction_is_dead_after_three_seconds(
    raw: Raw, server: DiscordServer, place: Place
):
    asked = await begun(server, place, raw)
    server.move_clock(3)
    reply = await answer(raw, asked)
    assert (reply.status, reply.code) == (404, 10062)
    with pytest.raises(NotAnsweredError):
        await server.people.answered(asked)


async def test_without_a_bot_nobody_answers(raw: Raw, server: DiscordServer, place: Place):
    asked = await begun(server, place, raw)
    waiting = asyncio.create_task(server.people.answered(asked))
    await asyncio.sleep(0)
    assert not waiting.done()
    server.move_clock(3)
    with pytest.raises(NotAnsweredError):
        await waiting


async def test_an_interaction_is_answered_once(raw: Raw, server: DiscordServer, place: Place):
    asked = await begun(server, place, raw)
    assert (await answer(raw, asked)).status == 200
    reply = await answer(raw, asked)
    assert (reply.status, reply.code) == (400, 40060)
    assert [message.text for message in server.people.messages(place.channel)] == ["yes"]


async def test_the_token_of_an_interaction_lives_fifteen_minutes(
    raw: Raw, server: DiscordServer, place: Place
):
    asked = await begun(server, place, raw)
    await answer(raw, asked)
    original = webhook_path(server, asked, "/messages/@original")
    server.move_clock(14 * 60)
    assert (await raw.ask("PATCH", original, {"content": "still"})).status == 200
    server.move_clock(60)
    reply = await raw.ask("PATCH", original, {"content": "late"})
    assert (reply.status, reply.code) == (401, 50027)
    reply = await raw.ask("POST", webhook_path(server, asked), {"content": "late"})
    assert (reply.status, reply.code) == (401, 50027)


async def test_a_token_tells_an_answer_that_is_deleted_from_one_that_was_never_given(
    raw: Raw, server: DiscordServer, place: Place
):
    asked = await begun(server, place, raw)
    original = webhook_path(server, asked, "/messages/@original")
    reply = await raw.ask("GET", original)
    assert (reply.status, reply.code) == (404, 10015)
    await answer(raw, asked)
    assert (await raw.ask("DELETE", original)).status == 204
    reply = await raw.ask("GET", original)
    assert (reply.status, reply.code) == (404, 10008)


async def test_interactions_carry_languages_and_the_upload_limit(raw: Raw, server: DiscordServer):
    guild = server.people.guild(locale="de", boost=2)
    channel = guild.create_text_channel("bilder")
    ming = server.people.member(guild, "ming", locale="zh-CN")
    await raw.ask("PUT", commands_path(server), [COMMAND])
    async with raw.identified() as socket:
        await server.people.slash(ming, channel, "draw")
        payload = await socket.event("INTERACTION_CREATE")
    assert (payload["locale"], payload["guild_locale"]) == ("zh-CN", "de")
    assert payload["attachment_size_limit"] == 50 * MIB


async def test_a_place_may_take_less_than_its_interactions_say(
    raw: Raw, server: DiscordServer, place: Place
):
    server.people.limit_uploads(place.channel.id, 1000, told=False)
    async with raw.identified() as socket:
        await begun(server, place, raw)
        payload = await socket.event("INTERACTION_CREATE")
    assert payload["attachment_size_limit"] == 10 * MIB
    assert server.backend.upload_limit(place.channel.id) == 1000


async def test_direct_messages_and_threads_work(raw: Raw, server: DiscordServer, place: Place):
    await raw.ask("PUT", commands_path(server), [COMMAND])
    bea = server.people.user("bea")
    thread = server.people.thread(place.channel, "night", place.ada)
    for who, where in ((bea, bea.dm_channel), (place.ada, thread)):
        asked = await server.people.slash(who, where, "draw")
        await answer(raw, asked)
        message = await server.people.answered(asked)
        assert message is not None
        assert message.channel_id == where.id


# Messages


async def test_a_nonce_makes_a_second_post_return_the_first(
    raw: Raw, server: DiscordServer, place: Place
):
    other = place.guild.create_text_channel("other")
    nonce = {"nonce": "zib-1", "enforce_nonce": True}
    first = (await raw.post(place.channel, "one", **nonce)).body
    again = (await raw.post(place.channel, "two", **nonce)).body
    assert again["id"] == first["id"]
    assert again["content"] == "one"
    assert (await raw.post(place.channel, "three", nonce="zib-1")).body["id"] != first["id"]
    assert (await raw.post(other, "four", **nonce)).body["id"] != first["id"]


async def test_a_nonce_is_forgotten_after_some_minutes(
    raw: Raw, server: DiscordServer, place: Place
):
    server.rest.nonces.window_s = 120
    nonce = {"nonce": "zib-1", "enforce_nonce": True}
    first = (await raw.post(place.channel, **nonce)).body["id"]
    server.move_clock(119)
    assert (await raw.post(place.channel, **nonce)).body["id"] == first
    server.move_clock(120)
    assert (await raw.post(place.channel, **nonce)).body["id"] != first


async def test_people_see_an_edit_when_it_comes(raw: Raw, server: DiscordServer, place: Place):
    posted = (await raw.post(place.channel, "before")).body["id"]
    [message] = server.people.messages(place.channel)
    waiting = asyncio.create_task(server.people.edited(message))
    await raw.ask("PATCH", f"/channels/{place.channel.id}/messages/{posted}", {"content": "after"})
    assert "after" in (await waiting).text
    assert message.is_edited


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_what_is_gone_cannot_be_read_edited_or_deleted(raw: Raw, place: Place, method: str):
    path = f"/channels/{place.channel.id}/messages/{(await raw.post(place.channel)).body['id']}"
    await raw.ask("DELETE", path)
    reply = await raw.ask(method, path, {"content": "x"} if method == "PATCH" else None)
    assert (reply.status, reply.code) == (404, 10008)


async def test_a_permission_that_is_missing(raw: Raw, server: DiscordServer, place: Place):
    server.people.forbid(place.channel.id, "attach_files")
    path = f"/channels/{place.channel.id}/messages"
    reply = await raw.ask("POST", path, files={"a.txt": b"a"})
    assert (reply.status, reply.code) == (403, 50013)
    assert (await raw.post(place.channel)).status == 200
    server.people.forbid(place.channel.id, "send_messages")
    reply = await raw.post(place.channel)
    assert (reply.status, reply.code) == (403, 50013)
    server.people.allow_again(place.channel.id)
    assert (await raw.post(place.channel)).status == 200


async def test_a_channel_that_is_gone(raw: Raw, server: DiscordServer, place: Place):
    server.people.delete_channel(place.channel)
    reply = await raw.post(place.channel)
    assert (reply.status, reply.code) == (404, 10003)


# Threads and pins


async def test_an_archived_thread_refuses_edits_and_is_opened_by_a_message(
    raw: Raw, server: DiscordServer, place: Place
):
    thread = server.people.thread(place.channel, "night", place.ada)
    path = f"/channels/{thread.id}/messages/{(await raw.post(thread)).body['id']}"
    server.people.archive(thread.id)
    for method in ("PATCH", "DELETE"):
        reply = await raw.ask(method, path, {"content": "x"} if method == "PATCH" else None)
        assert (reply.status, reply.code) == (400, 50083)
    assert (await raw.ask("GET", path)).status == 200
    assert (await raw.post(thread)).status == 200
    assert (await raw.ask("PATCH", path, {"content": "x"})).status == 200


async def test_an_answer_in_an_archived_thread_is_refused(
    raw: Raw, server: DiscordServer, place: Place
):
    await raw.ask("PUT", commands_path(server), [COMMAND])
    thread = server.people.thread(place.channel, "night", place.ada)
    asked = await server.people.slash(place.ada, thread, "draw")
    server.people.archive(thread.id)
    reply = await answer(raw, asked)
    assert (reply.status, reply.code) == (400, 50083)


async def test_a_thread_is_opened_by_a_change_unless_it_is_locked(
    raw: Raw, server: DiscordServer, place: Place
):
    thread = server.people.thread(place.channel, "night", place.ada)
    path = f"/channels/{thread.id}"
    server.people.archive(thread.id)
    assert (await raw.ask("PATCH", path, {"archived": False})).status == 200
    server.people.archive(thread.id, locked=True)
    reply = await raw.ask("PATCH", path, {"archived": False})
    assert (reply.status, reply.code) == (403, 50013)
    reply = await raw.post(thread)
    assert (reply.status, reply.code) == (403, 160005)


async def test_the_threads_of_a_channel_go_with_it(raw: Raw, server: DiscordServer, place: Place):
    thread = server.people.thread(place.channel, "night", place.ada)
    server.people.delete_channel(place.channel)
    reply = await raw.post(thread)
    assert (reply.status, reply.code) == (404, 10003)


async def test_only_pin_messages_lets_a_bot_pin(raw: Raw, server: DiscordServer, place: Place):
    message = (await raw.post(place.channel)).body["id"]
    path = f"/channels/{place.channel.id}/messages/pins/{message}"
    server.people.forbid(place.channel.id, "pin_messages")
    reply = await raw.ask("PUT", path)
    assert (reply.status, reply.code) == (403, 50013)
    server.people.allow_again(place.channel.id)
    assert (await raw.ask("PUT", path)).status == 204


# Faults


@pytest.mark.parametrize("code", sorted(REFUSALS))
async def test_every_refusal_has_its_code_and_status(
    raw: Raw, server: DiscordServer, place: Place, code: int
):
    server.faults.refuse(code, "POST", "/channels/{channel_id}/messages")
    reply = await raw.post(place.channel)
    assert (reply.status, reply.code) == (REFUSALS[code][0], code)
    assert server.journal.fault_counts == {str(code): 1}
    assert (await raw.post(place.channel)).status == 200


async def test_a_ban_is_a_page_without_json(raw: Raw, server: DiscordServer, place: Place):
    server.faults.next(Fault.PAGE, "POST", "/channels/{channel_id}/messages")
    reply = await raw.post(place.channel)
    assert reply.status == 429
    assert "<html>" in reply.body
    assert "Via" not in reply.headers


@pytest.mark.parametrize(
    "fault",
    [
        Fault.RATE_LIMITED,
        Fault.SERVER_ERROR,
        Fault.BAD_GATEWAY,
        Fault.UNAVAILABLE,
        Fault.TOO_LARGE,
    ],
)
async def test_the_next_matching_request_fails_as_told(
    raw: Raw, server: DiscordServer, place: Place, fault: Fault
):
    server.faults.next(fault, "POST", "/channels/{channel_id}/messages")
    assert (await raw.ask("GET", "/users/@me")).status == 200
    assert (await raw.post(place.channel)).status == int(fault)
    assert server.people.messages(place.channel) == []
    assert (await raw.post(place.channel)).status == 200
    assert server.journal.fault_counts == {str(fault): 1}


@pytest.mark.parametrize(("fault", "posted"), [(Fault.DROPPED_BEFORE, 0), (Fault.DROPPED_AFTER, 1)])
async def test_a_connection_is_dropped_before_or_after_it_counts(
    raw: Raw, server: DiscordServer, place: Place, fault: Fault, posted: int
):
    server.faults.next(fault)
    with pytest.raises(aiohttp.ClientError):
        await raw.post(place.channel)
    assert len(server.people.messages(place.channel)) == posted
    [asked] = server.journal.of()
    assert (asked.status, asked.fault, asked.carried_out) == (0, str(fault), bool(posted))


async def test_a_request_hangs_until_it_is_let_go(raw: Raw, server: DiscordServer, place: Place):
    server.faults.next(Fault.HANGS)
    hanging = asyncio.create_task(raw.post(place.channel))
    await server.changes.until(lambda: server.journal.fault_counts)
    assert not hanging.done()
    server.faults.clear()
    with pytest.raises(aiohttp.ClientError):
        await hanging
    assert server.people.messages(place.channel) == []


async def test_a_plan_strikes_the_same_requests_every_time(raw: Raw, server: DiscordServer):
    outcomes = []
    for _ in range(2):
        server.faults.plan = Plan(
            seed=7, shares={Fault.SERVER_ERROR: 0.3, Fault.UNAVAILABLE: 0.2}, route="/users/@me"
        )
        outcomes.append([(await raw.ask("GET", "/users/@me")).status for _ in range(20)])
        server.move_clock(1)
    assert outcomes[0] == outcomes[1]
    assert {200, 500, 503} == set(outcomes[0])
    assert server.journal.fault_counts.total() == sum(s != 200 for s in outcomes[0]) * 2


@pytest.mark.parametrize(
    ("disruption", "status", "code"),
    [
        (Disruption.MESSAGE_DELETED, 404, 10008),
        (Disruption.CHANNEL_DELETED, 404, 10003),
    ],
)
async def test_a_plan_can_strike_what_a_request_is_about(
    raw: Raw, server: DiscordServer, place: Place, disruption: Disruption, status: int, code: int
):
    message = (await raw.post(place.channel)).body["id"]
    server.faults.plan = Plan(seed=1, shares={disruption: 1.0}, method="PATCH")
    path = f"/channels/{place.channel.id}/messages/{message}"
    reply = await raw.ask("PATCH", path, {"content": "x"})
    assert (reply.status, reply.code) == (status, code)
    assert server.journal.fault_counts == {str(disruption): 1}


async def test_a_permission_that_a_plan_takes_comes_back(
    raw: Raw, server: DiscordServer, place: Place
):
    server.disruptions.permission_back_s = 0.05
    server.faults.plan = Plan(
        seed=1, shares={Disruption.PERMISSION_REMOVED: 1.0}, route="/channels/*"
    )
    assert (await raw.post(place.channel)).code == 50013
    server.faults.clear()
    await server.changes.until(lambda: not server.backend.channels[place.channel.id].overwrites)
    assert (await raw.post(place.channel)).status == 200


# The gateway


async def test_a_bot_identifies_and_is_told_of_guilds_and_beats(
    raw: Raw, server: DiscordServer, place: Place
):
    async with raw.gateway() as socket:
        assert socket.hello["d"]["heartbeat_interval"] == 41250
        await socket.identify()
        assert socket.ready["guilds"] == [{"id": str(place.guild.id), "unavailable": True}]
        guild = await socket.event("GUILD_CREATE")
        assert [channel["name"] for channel in guild["channels"]] == ["pictures"]
        assert socket.seq == 2
        await socket.send(1, socket.seq)
        await socket.next(11)


async def test_a_wrong_token_closes_the_gateway(raw: Raw):
    async with raw.gateway() as socket:
        await socket.identify(token="wrong")
        assert (await socket.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        assert socket.socket.close_code == 4004


async def missed(raw: Raw, server: DiscordServer, place: Place, disruption: Disruption) -> Socket:
    """Identify, lose the connection, and let something happen meanwhile."""
    async with raw.identified() as socket:
        server.faults.disruption(disruption)
        assert (await socket.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED
    await begun(server, place, raw)
    return socket


async def test_resume_tells_what_was_missed(raw: Raw, server: DiscordServer, place: Place):
    old = await missed(raw, server, place, Disruption.DROP)
    async with raw.gateway() as socket:
        await socket.resume(old)
        assert (await socket.event("INTERACTION_CREATE"))["data"]["name"] == "draw"
        await socket.event("RESUMED")
    assert server.gateway.resumed == 1


async def test_an_invalid_session_is_not_resumed(raw: Raw, server: DiscordServer, place: Place):
    old = await missed(raw, server, place, Disruption.INVALIDATE)
    async with raw.gateway() as socket:
        await socket.resume(old)
        assert (await socket.next(9))["d"] is False


async def test_a_session_is_forgotten_after_some_minutes(
    raw: Raw, server: DiscordServer, place: Place
):
    old = await missed(raw, server, place, Disruption.DROP)
    server.move_clock(600)
    async with raw.gateway() as socket:
        await socket.resume(old)
        await socket.next(9)


async def test_reconnect_and_deafness(raw: Raw, server: DiscordServer, place: Place):
    async with raw.identified() as socket:
        server.faults.disruption(Disruption.RECONNECT)
        await socket.next(7)
        server.faults.disruption(Disruption.DEAF)
        await socket.send(1, socket.seq)
        await server.changes.until(lambda: server.gateway.heartbeats)
        with pytest.raises(TimeoutError):
            await socket.socket.receive(timeout=0.05)


async def test_only_wanted_events_are_sent(raw: Raw, server: DiscordServer, place: Place):
    async with raw.identified() as socket:
        server.people.say(place.ada, place.channel, "not for bots without that intent")
        place.guild.create_text_channel("new")
        assert (await socket.event("CHANNEL_CREATE"))["name"] == "new"


# Discord's own description


async def test_requests_that_break_discords_description_are_collected(
    raw: Raw, server: DiscordServer, place: Place
):
    if server.description.reason is not None:
        pytest.skip(server.description.reason)
    await raw.post(place.channel)
    assert server.description.violations == []
    await raw.post(place.channel, nonce="x" * 26)
    await raw.ask("GET", f"/channels/{place.channel.id}/messages?limit=200")
    await raw.ask("GET", f"/channels/{place.channel.id}/messages?size=2")
    assert [each.where for each in server.description.violations] == [
        "body['nonce']",
        "query limit",
        "query size",
    ]
