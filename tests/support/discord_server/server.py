"""The server as a whole: REST, gateway and CDN on one port of 127.0.0.1."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from tests.support.channel_kinds import channel_kinds_told
from tests.support.discord_server.backend import WireBackend
from tests.support.discord_server.clock import Changes
from tests.support.discord_server.disruptions import Disruptions
from tests.support.discord_server.faults import Fault, Faults
from tests.support.discord_server.gateway import Gateway
from tests.support.discord_server.journal import Journal
from tests.support.discord_server.openapi import open_description
from tests.support.discord_server.people import People
from tests.support.discord_server.rate_limits import RateLimits
from tests.support.discord_server.rest import Rest

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
        self.people = People(self.backend)
        self.limits = RateLimits(clock=self.clock)
        self.disruptions = Disruptions(self.backend, self.gateway, self.people)
        self.faults = Faults(
            journal=self.journal,
            clock=self.clock,
            changes=changes,
            strike=self.disruptions.strike,
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
        self.address = ""

    def move_clock(self, seconds: float) -> None:
        """Let time pass at once, for the server; the bots' own clocks are theirs."""
        self.backend.advance_clock(seconds)
        self.changes.notify()

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        switch = self.faults.for_file(path)
        if switch is not None and switch.fault is Fault.HANGS:
            await self.faults.hold(switch)
        elif switch is not None and switch.fault is not Fault.DROPPED_AFTER:
            return web.Response(status=int(switch.fault))
        query = request.query
        blob = self.backend.cdn.read(path, query.get("ex", "0"), query.get("hm", ""))
        if blob is None:
            return web.Response(status=404, text="This content is no longer available.")
        if switch is not None:
            return await _cut_short(request, blob)
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
        with channel_kinds_told():
            async with self._listening():
                yield self

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        runner = web.AppRunner(self._application(), shutdown_timeout=0.5, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            server: Any = site._server
            port = server.sockets[0].getsockname()[1]
            self.address = f"http://127.0.0.1:{port}"
            self.rest.address = self.address
            self.backend.cdn.base = f"{self.address}/cdn"
            yield
        finally:
            self.faults.clear()
            self.gateway.drop()
            await runner.cleanup()


async def _cut_short(request: web.Request, blob: bytes) -> web.StreamResponse:
    """Send half of a file, and break off."""
    response = web.StreamResponse(headers={"Content-Length": str(len(blob))})
    await response.prepare(request)
    await response.write(blob[: len(blob) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response
