"""The gateway's WebSocket: HELLO, IDENTIFY, RESUME, heartbeats, and how it can break."""

from __future__ import annotations

import asyncio
import contextlib
import json
import zlib
from typing import Any

from aiohttp import WSMsgType, web
from simcord.backend import serializers

from tests.support.discord_server.backend import WireBackend
from tests.support.discord_server.sessions import Session, Sessions

HEARTBEAT_S = 41.25  # Discord's own
AUTHENTICATION_FAILED = 4004
NOT_AUTHENTICATED = 4003
ALREADY_AUTHENTICATED = 4005
OVER_FOR_GOOD = (1000, 1001)  # closed by the bot with these, a session is not resumed


class Connection:
    """One open socket: writes in order, in the compression the bot asked for."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.bot = request.match_info["bot"]
        self.session: Session | None = None
        self.is_deaf = False  # heartbeats stay unanswered, events are not sent
        self.base = f"ws://{request.host}/{self.bot}/gateway"
        self._transport = request.transport
        self._outgoing: asyncio.Queue[dict[str, Any] | int] = asyncio.Queue()
        is_zlib = request.query.get("compress") == "zlib-stream"
        self._zlib = zlib.compressobj() if is_zlib else None

    def send(self, payload: dict[str, Any]) -> None:
        """Queue a payload."""
        if not self.is_deaf:
            self._outgoing.put_nowait(payload)

    def close(self, code: int) -> None:
        """Close behind what is queued."""
        self._outgoing.put_nowait(code)

    def cut(self) -> None:
        """Drop the connection without a word, as a broken line would."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Send what is queued, until the socket is closed."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                payload = await self._outgoing.get()
                if isinstance(payload, int):
                    await self.socket.close(code=payload)
                    return
                text = json.dumps(payload, default=str)
                if self._zlib is None:
                    await self.socket.send_str(text)
                    continue
                packed = self._zlib.compress(text.encode())
                await self.socket.send_bytes(packed + self._zlib.flush(zlib.Z_SYNC_FLUSH))


class Gateway:
    """All connections of all bots."""

    def __init__(self, backend: WireBackend, *, token: str) -> None:
        self.sessions = Sessions(backend)
        self.heartbeat_s = HEARTBEAT_S
        self.heartbeats = 0
        self.resumed = 0  # how often a session was taken up again
        self.identified = 0
        self.refuses_with: int | None = None  # the code that an IDENTIFY is closed with
        self._backend = backend
        self._token = token
        self._connections: list[Connection] = []

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to one bot until its socket is gone."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self._connections.append(connection)
        writer = asyncio.create_task(connection.write(), name="gateway writer")
        connection.send({"op": 10, "d": {"heartbeat_interval": int(self.heartbeat_s * 1000)}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(connection, json.loads(message.data))
        finally:
            self._connections.remove(connection)
            writer.cancel()
            self._gone(connection)
        return socket

    # How it can break

    def drop(self) -> int:
        """Cut every socket; RESUME works. Return how many there were."""
        for connection in self._open():
            connection.cut()
        return len(self._open())

    def refuse_from_now_on(self, code: int) -> None:
        """Close every socket with a code, and each that comes."""
        self.refuses_with = code
        for connection in self._open():
            connection.close(code)

    def invalidate(self) -> int:
        """Cut every socket and forget the sessions: RESUME is refused."""
        count = self.drop()
        for connection in self._open():
            if connection.session is not None:
                self.sessions.end(connection.session)
        return count

    def ask_to_reconnect(self) -> int:
        """Send RECONNECT, as Discord does before it takes a gateway down."""
        for connection in self._open():
            connection.send({"op": 7, "d": None})
        return len(self._open())

    def go_deaf(self) -> int:
        """Answer nothing more on the sockets there are; new ones work."""
        for connection in self._open():
            connection.is_deaf = True
        return len(self._open())

    def _open(self) -> list[Connection]:
        return [each for each in self._connections if each.session is not None]

    # What bots say

    def _receive(self, connection: Connection, payload: dict[str, Any]) -> None:
        op, data = payload["op"], payload.get("d")
        if op == 1:
            self.heartbeats += 1
            connection.send({"op": 11})
            self._backend.changes.notify()
        elif op == 2:
            self._identify(connection, data)
        elif op == 6:
            self._resume(connection, data)
        elif connection.session is None:
            connection.close(NOT_AUTHENTICATED)

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        if data["token"].removeprefix("Bot ") != self._token:
            connection.close(AUTHENTICATION_FAILED)
            return
        if connection.session is not None:
            connection.close(ALREADY_AUTHENTICATED)
            return
        if self.refuses_with is not None:
            connection.close(self.refuses_with)
            return
        number, count = data.get("shard", (0, 1))
        session = self.sessions.begin(connection.bot, data["intents"], (number, count))
        self._attach(connection, session)
        self.identified += 1
        session.dispatch("READY", self._ready(connection, session, data))
        for guild in filter(lambda each: session.has(each.id), self._backend.guilds.values()):
            payload = self._backend.guild_payload(guild)
            session.dispatch(
                "GUILD_CREATE", self.sessions.shown("GUILD_CREATE", payload, session.intents)
            )
        self._backend.changes.notify()

    def _ready(
        self, connection: Connection, session: Session, data: dict[str, Any]
    ) -> dict[str, Any]:
        ready = {
            "v": 10,
            "user": dict(serializers.user_payload(self._backend.bot_user)),
            "guilds": [
                {"id": str(id_), "unavailable": True}
                for id_ in self._backend.guilds
                if session.has(id_)
            ],
            "session_id": session.id,
            "resume_gateway_url": connection.base,
            "application": {"id": str(self._backend.application_id), "flags": 0},
        }
        return {**ready, "shard": data["shard"]} if "shard" in data else ready

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        session = self.sessions.find(data.get("session_id") or "")
        missed = None if session is None else session.missed_since(data.get("seq") or 0)
        if session is None or missed is None or data["token"] != self._token:
            connection.send({"op": 9, "d": False})
            return
        self._attach(connection, session)
        for payload in missed:
            connection.send(payload)
        session.dispatch("RESUMED", {})
        self.resumed += 1
        self._backend.changes.notify()

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session = session
        session.send = connection.send
        session.left_at_s = None

    def _gone(self, connection: Connection) -> None:
        session = connection.session
        if session is not None and session.send == connection.send:
            if connection.socket.close_code in OVER_FOR_GOOD:
                self.sessions.end(session)
            else:
                self.sessions.leave(session)
        self._backend.changes.notify()
