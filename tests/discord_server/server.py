"""The server as a whole: REST, gateway and CDN on one port of 127.0.0.1."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from simcord.backend.errors import BackendError

from tests.discord_server.backend import WireBackend
from tests.discord_server.clock import Changes
from tests.discord_server.faults import Blow, Faults
from tests.discord_server.gateway import Gateway
from tests.discord_server.journal import Journal
from tests.discord_server.openapi import open_description
from tests.discord_server.people import People
from tests.discord_server.rate_limits import RateLimits
from tests.discord_server.rest import Rest

TOKEN = "wire-test-token"


class DiscordServer:
    """A simulated Discord that bots in other processes connect to.

    Attributes:
        people: The people in it, and what they do and see.
        faults: What goes wrong.
        journal: What was asked.
        description: Discord's own description of its API, and what broke it.

    """

    def __init__(self) -> None:
        changes = Changes()
        self.backend = WireBackend(changes)
        self.clock = self.backend.clock
        self.changes = changes
        self.journal = Journal()
        self.token = TOKEN
        self.gateway = Gateway(self.backend, token=TOKEN)
        self.limits = RateLimits(clock=self.clock)
        self.faults = Faults(
            journal=self.journal, now=lambda: self.clock.elapsed, strike=self.strike
        )
        self.description = open_description()
        self.rest = Rest(
            self.backend,
            token=TOKEN,
            journal=self.journal,
            faults=self.faults,
            limits=self.limits,
            description=self.description,
        )
        self.people = People(self.backend, self.gateway)
        self.address = ""

    def move_clock(self, seconds: float) -> None:
        """Let time pass at once, for the server; the bots' own clocks are theirs."""
        self.backend.advance_clock(seconds)
        self.changes.notify()

    def strike(self, blow: Blow, path: str) -> bool:
        """Do what a plan drew; say whether there was anything it could be done to."""
        gateway = {
            Blow.DROP: self.gateway.drop,
            Blow.INVALIDATE: self.gateway.invalidate,
            Blow.RECONNECT: self.gateway.ask_to_reconnect,
            Blow.DEAF: self.gateway.go_deaf,
        }
        if blow in gateway:
            return gateway[blow]() > 0
        return self._strike_place(blow, path)

    def _strike_place(self, blow: Blow, path: str) -> bool:
        segments = path.strip("/").split("/")
        if segments[0] != "channels" or len(segments) < 2:
            return False
        channel_id = int(segments[1])
        try:
            if blow is Blow.CHANNEL_DELETED:
                self.backend.delete_channel(channel_id)
            elif blow is Blow.PERMISSION_REMOVED:
                self.people.forbid(channel_id, "send_messages")
            elif len(segments) > 3 and segments[3].isdigit():
                self.backend.delete_message(channel_id, int(segments[3]))
            else:
                return False
        except BackendError:
            return False
        return True

    async def _attachment(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        query = request.query
        blob = self.backend.cdn.read(path, query.get("ex", "0"), query.get("hm", ""))
        if blob is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=blob, content_type="application/octet-stream")

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=512 * 1024**2)
        application.router.add_get("/cdn/{path:.*}", self._attachment)
        application.router.add_get("/{bot}/gateway", self.gateway.serve)
        application.router.add_get("/{bot}/gateway/", self.gateway.serve)
        application.router.add_route("*", "/{bot}/api/v10/{path:.*}", self.rest.serve)
        return application

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[DiscordServer]:
        """Listen on a free port of 127.0.0.1."""
        runner = web.AppRunner(self._application(), shutdown_timeout=0.5)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            server: Any = site._server
            port = server.sockets[0].getsockname()[1]
            self.address = f"http://127.0.0.1:{port}"
            self.backend.cdn.base = f"{self.address}/cdn"
            yield self
        finally:
            self.faults.clear()
            self.gateway.drop()
            await runner.cleanup()
