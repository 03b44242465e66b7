"""A bot of bare HTTP and bare JSON, to see that the server itself keeps the rules."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.discord_server.server import DiscordServer

GUILDS_INTENT = 1


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a raw request was answered."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> int | None:
        return self.body["code"] if isinstance(self.body, dict) else None


@dataclass(kw_only=True)
class Raw:
    """A bot of bare HTTP: nothing of discord.py stands between the test and the server."""

    server: DiscordServer
    session: aiohttp.ClientSession

    @property
    def base(self) -> str:
        return f"{self.server.address}/raw"

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: dict[str, bytes] | None = None,
        token: str | None = None,
    ) -> Reply:
        """Ask once; a lost connection raises what aiohttp raises."""
        async with self.session.request(
            method,
            f"{self.base}/api/v10{path}",
            headers={"Authorization": f"Bot {token or self.server.token}"},
            **_content(body, files),
        ) as response:
            text = await response.text()
            is_json = response.headers.get("Content-Type") == "application/json"
            body = json.loads(text) if is_json else text
            return Reply(status=response.status, body=body, headers=response.headers)

    async def post(self, channel: Any, content: str = "hello", **more: Any) -> Reply:
        return await self.ask(
            "POST", f"/channels/{channel.id}/messages", {"content": content, **more}
        )

    @contextlib.asynccontextmanager
    async def gateway(self) -> AsyncIterator[Socket]:
        """Open a socket, and take the HELLO from it."""
        async with self.session.ws_connect(f"{self.base}/gateway?v=10&encoding=json") as socket:
            raw = Socket(socket=socket, token=self.server.token)
            raw.hello = await raw.next(10)
            yield raw

    @contextlib.asynccontextmanager
    async def identified(self) -> AsyncIterator[Socket]:
        """Open a socket and identify; all guilds have been told."""
        async with self.gateway() as socket:
            await socket.identify()
            for _ in self.server.backend.guilds:
                await socket.event("GUILD_CREATE")
            yield socket


@dataclass(kw_only=True)
class Socket:
    """A gateway connection of bare JSON."""

    socket: aiohttp.ClientWebSocketResponse
    token: str
    hello: Any = None
    ready: Any = None
    seq: int | None = None

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def next(self, op: int | None = None) -> Any:
        """Return the next payload; it must have this opcode."""
        payload = await self.socket.receive_json(timeout=5)
        assert op in {None, payload["op"]}, payload
        self.seq = payload.get("s") or self.seq
        return payload

    async def event(self, name: str) -> Any:
        """Return the data of the next event, which must have this name."""
        payload = await self.next(0)
        assert payload["t"] == name, payload
        return payload["d"]

    async def identify(self, *, intents: int = GUILDS_INTENT, token: str | None = None) -> None:
        data = {"token": token or self.token, "intents": intents, "properties": {}}
        await self.send(2, data)
        if token is None:
            self.ready = await self.event("READY")

    async def resume(self, old: Socket) -> None:
        data = {"token": self.token, "session_id": old.ready["session_id"], "seq": old.seq}
        await self.send(6, data)


def _content(body: Any, files: dict[str, bytes] | None) -> dict[str, Any]:
    if files is None:
        return {} if body is None else {"json": body}
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(body or {}), content_type="application/json")
    for number, (name, content) in enumerate(files.items()):
        form.add_field(f"files[{number}]", content, filename=name)
    return {"data": form}
