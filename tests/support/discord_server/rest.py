"""Discord's REST interface over real HTTP, in front of simcord's routes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from simcord.backend.errors import BackendError
from simcord.http import client as _routes  # noqa: F401 - importing registers every route
from simcord.http.router import RouteNotImplemented, UnsupportedField, dispatch

from tests.support.discord_server.backend import WireBackend
from tests.support.discord_server.faults import CARRIED_OUT, REFUSALS, Fault, Faults, Switch
from tests.support.discord_server.journal import Asked, Journal, route_of
from tests.support.discord_server.openapi import Description, NoDescription
from tests.support.discord_server.rate_limits import RateLimits, refusal_headers
from tests.support.discord_server.rules import (
    Nonces,
    Uploaded,
    check_commands,
    check_files,
    check_may_attach,
    check_may_open,
    check_may_pin,
    check_thread,
    check_token,
)

SEND = "/channels/{channel_id}/messages"
PIN = "/channels/{channel_id}/messages/pins/{message_id}"
WITHOUT_TOKEN = ("/interactions/", "/webhooks/{webhook_id}/{token}")


# What stands before Discord answers a banned address with; it is no JSON and has no `Via`.
PAGE = "<html><head><title>Access denied</title></head><body>error 1015</body></html>"


@dataclass(kw_only=True)
class Question:
    """One request, read."""

    bot: str
    method: str
    path: str
    route: str
    params: dict[str, str]
    body: Any = None
    files: list[Uploaded] = field(default_factory=list)
    reason: str | None = None

    def part(self, name: str) -> str:
        """Return the segment of the path that stands for `{name}`."""
        pairs = zip(self.route.strip("/").split("/"), self.path.strip("/").split("/"), strict=True)
        return next(segment for template, segment in pairs if template == "{" + name + "}")


@dataclass(kw_only=True)
class Answer:
    """What goes back: nothing at all where the connection is dropped."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: str | None = None
    carried_out: bool = False
    is_dropped: bool = False

    @property
    def code(self) -> int | None:
        return self.body.get("code") if self.status >= 400 and isinstance(self.body, dict) else None


class Rest:
    """Answer every request of every bot."""

    def __init__(
        self,
        backend: WireBackend,
        *,
        token: str,
        journal: Journal,
        faults: Faults,
        limits: RateLimits,
        description: Description | NoDescription,
    ) -> None:
        self.nonces = Nonces(backend=backend)
        self.address = ""  # of the server, when it listens
        self.shards = 1  # that a bot is told to connect in
        self.unknown: list[str] = []  # what simcord cannot do: always a defect of the test
        self._backend = backend
        self._token = token
        self._journal = journal
        self._faults = faults
        self._limits = limits
        self._description = description

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Read, judge, carry out, answer and log one request."""
        began = self._backend.clock.elapsed
        question = await _read(request)
        answer = await self._answer(question, request.headers.get("Authorization"))
        self._log(question, answer, began)
        self._backend.changes.notify()
        if answer.is_dropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)  # nobody is there to read it
        return _response(answer)

    async def _answer(self, question: Question, authorization: str | None) -> Answer:
        switch = self._faults.for_request(question.method, question.route, question.path)
        if switch is not None and switch.fault not in CARRIED_OUT:
            return await self._fail(switch)
        if not self._is_known(question, authorization):
            return Answer(status=401, body={"message": "401: Unauthorized", "code": 0})
        verdict = self._limits.judge(question.method, question.route, question.path)
        if not verdict.passes:
            body = _too_many(verdict.retry_after_s, is_global=verdict.is_global)
            return Answer(status=429, body=body, headers=verdict.headers)
        self._description.check(
            question.method,
            question.path,
            body=question.body,
            params=question.params,
            has_files=bool(question.files),
        )
        answer = self._carry_out(question)
        answer.headers = verdict.headers
        if switch is not None:
            if switch.fault is Fault.HANGS_AFTER:
                await self._faults.hold(switch)
            answer.fault, answer.is_dropped = str(switch.fault), True
        return answer

    async def _fail(self, switch: Switch) -> Answer:
        """Fail as a switch says, without carrying anything out."""
        fault = switch.fault
        if fault in {Fault.HANGS, Fault.DROPPED_BEFORE}:
            if fault is Fault.HANGS:
                await self._faults.hold(switch)
            return Answer(status=0, fault=str(fault), is_dropped=True)
        if fault is Fault.RATE_LIMITED:
            headers = refusal_headers(switch.retry_after_s, scope="shared")
            body: Any = _too_many(switch.retry_after_s, is_global=False)
            return Answer(status=429, body=body, headers=headers, fault=str(fault))
        if fault is Fault.PAGE:
            headers = {"Retry-After": str(int(switch.retry_after_s))}
            return Answer(status=429, body=PAGE, headers=headers, fault=str(fault))
        if fault is Fault.REFUSED:
            return _refused(switch)
        if fault is Fault.TOO_LARGE:
            body = {"message": "Request entity too large", "code": 40005}
        else:
            body = {"message": f"{fault}: an injected fault", "code": 0}
        return Answer(status=int(fault), body=body, fault=str(fault))

    def _is_known(self, question: Question, authorization: str | None) -> bool:
        return question.route.startswith(WITHOUT_TOKEN) or authorization == f"Bot {self._token}"

    def _carry_out(self, question: Question) -> Answer:
        try:
            body = self._dispatch(question)
        except (RouteNotImplemented, UnsupportedField) as error:
            self.unknown.append(str(error))
            return Answer(status=501, body=error.to_json())
        except BackendError as error:
            return Answer(status=error.status, body=error.to_json())
        status = 204 if body is None else 200
        if question.route.endswith("/callback") and not _is_true(question, "with_response"):
            status, body = 204, None
        return Answer(status=status, body=body, carried_out=True)

    def _dispatch(self, question: Question) -> Any:
        """Keep Discord's own rules, then let simcord do it."""
        if question.path == "/gateway/bot":
            return self._gateway(question.bot)
        body = question.body if isinstance(question.body, dict) else {}
        self._check_thread(question)
        check_files(self._backend, self._channel_of(question), question.files)
        if question.route == SEND and question.method == "POST":
            channel_id = int(question.part("channel_id"))
            check_may_attach(self._backend, channel_id, question.files)
            repeated = self.nonces.first(channel_id, body)
            if repeated is not None:
                return repeated
            answer = self._simulate(question)
            self.nonces.remember(channel_id, body, answer)
            return answer
        if question.method == "PUT" and question.route.endswith("/commands"):
            check_commands(question.body)
        return self._simulate(question)

    def _gateway(self, bot: str) -> dict[str, Any]:
        limits = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        address = self.address.replace("http://", "ws://")
        return {
            "url": f"{address}/{bot}/gateway",
            "shards": self.shards,
            "session_start_limit": limits,
        }

    def _check_thread(self, question: Question) -> None:
        """Keep the rules of threads that are archived or locked, and of pinning."""
        is_send = question.route == SEND and question.method == "POST"
        if question.route == "/channels/{channel_id}" and question.method == "PATCH":
            check_may_open(self._backend, int(question.part("channel_id")))
        elif question.method != "GET":
            check_thread(self._backend, self._channel_of(question), is_new_message=is_send)
        if question.route == PIN and question.method in {"PUT", "DELETE"}:
            check_may_pin(self._backend, int(question.part("channel_id")))

    def _simulate(self, question: Question) -> Any:
        return dispatch(
            self._backend,
            question.method,
            question.path,
            json=question.body,
            params=question.params,
            files=question.files,
            reason=question.reason,
        )

    def _channel_of(self, question: Question) -> int | None:
        """Return the channel a request is about; an interaction's token leads to one."""
        if "{channel_id}" in question.route:
            return int(question.part("channel_id"))
        if not question.route.startswith(WITHOUT_TOKEN):
            return None
        token = question.part("token")
        if question.route.startswith("/interactions/"):
            interaction_id = self._backend.interaction_tokens.get(token)
            record = self._backend.interactions.get(interaction_id or 0)
        else:
            record = check_token(self._backend, token)
        return None if record is None else record.channel_id

    def _log(self, question: Question, answer: Answer, began: float) -> None:
        now = self._backend.clock.elapsed
        self._journal.note(
            Asked(
                number=self._journal.request_counts.total() + 1,
                bot=question.bot,
                method=question.method,
                route=question.route,
                path=question.path,
                status=0 if answer.is_dropped else answer.status,
                code=answer.code,
                fault=answer.fault,
                carried_out=answer.carried_out,
                at_s=began,
                duration_s=now - began,
            )
        )


async def _read(request: web.Request) -> Question:
    path = "/" + request.match_info["path"]
    question = Question(
        bot=request.match_info["bot"],
        method=request.method,
        path=path,
        route=route_of(request.method, path),
        params=dict(request.query),
        reason=request.headers.get("X-Audit-Log-Reason"),
    )
    if request.content_type == "multipart/form-data":
        await _read_parts(request, question)
    elif request.can_read_body:
        text = await request.text()
        question.body = json.loads(text) if text else None
    return question


async def _read_parts(request: web.Request, question: Question) -> None:
    """Read payload_json and files[n]; a file's description stands in the payload."""
    files: dict[str, Uploaded] = {}
    async for part in await request.multipart():
        content = bytes(await part.read())
        if part.name == "payload_json":
            question.body = json.loads(content)
        elif part.filename is not None:
            files[part.name] = Uploaded(filename=part.filename, content=content)
    described = (question.body or {}).get("data") or question.body or {}
    by_id = {str(each.get("id")): each for each in described.get("attachments") or ()}
    for name, file in files.items():
        number = name.removeprefix("files[").removesuffix("]")
        file.description = by_id.get(number, {}).get("description")
        question.files.append(file)


def _refused(switch: Switch) -> Answer:
    """Refuse with one of Discord's codes; discord.py asks again after those that are a 429."""
    assert switch.code is not None
    status, message = REFUSALS[switch.code]
    body: dict[str, Any] = {"message": message, "code": switch.code}
    headers: dict[str, str] = {}
    if status == 429:
        body |= {"retry_after": switch.retry_after_s, "global": False}
        headers = refusal_headers(switch.retry_after_s, scope="shared")
    return Answer(status=status, body=body, headers=headers, fault=str(switch.code))


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    if isinstance(answer.body, str):
        return web.Response(
            status=answer.status, text=answer.body, headers=answer.headers, content_type="text/html"
        )
    # discord.py reads JSON only where the type is exactly this, without a charset.
    return web.Response(
        status=answer.status,
        body=json.dumps(answer.body, default=str).encode(),
        headers={**answer.headers, "Content-Type": "application/json"},
    )


def _too_many(retry_after_s: float, *, is_global: bool) -> dict[str, Any]:
    return {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after_s, 3),
        "global": is_global,
    }


def _is_true(question: Question, name: str) -> bool:
    return question.params.get(name, "").lower() in {"1", "true"}
