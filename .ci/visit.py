"""Visit a playground as its page does: ask for one image and look at the picture that comes.

    python3 .ci/visit.py http://127.0.0.1:PORT/#KEY

Only the standard library, so that it runs wherever Python does. The page of the simulated Discord
is a client of a small JSON interface; this is another one.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from typing import Any, Final

PATIENCE_S: Final = 300.0  # for one image, weights included, on a slow machine


class Visitor:
    """Somebody at the page."""

    def __init__(self, url: str) -> None:
        """Open the page at the address that the playground printed."""
        self._origin, _, self._key = url.partition("/#")
        self._page: str | None = None
        self.state: dict[str, Any] = json.loads(self._ask("/api/pages", {}))
        self._page = self.state["context"]["id"]

    def _ask(self, path: str, body: object = None) -> bytes:
        headers = {"X-Simcord-Capability": self._key, "Content-Type": "application/json"}
        if self._page:
            headers["X-Simcord-Context"] = self._page
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._origin + path, content, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            read: bytes = answer.read()
            return read

    def type_imagine(self, prompt: str) -> None:
        """Send the slash command, as the composer does."""
        entries = json.loads(self._ask("/api/commands"))["entries"]
        [imagine] = [entry for entry in entries if entry["path"] == ["imagine"]]
        self.state = json.loads(self._ask("/api/state"))
        action = {
            "kind": "run_command", "protocol_version": 3, "sequence": 1, "request_id": "visit",
            "generation": self.state["context"]["generation"],
            "bot_generation": self.state["botGeneration"],
            "published_revision": self.state["publishedRevision"],
            "command_id": imagine["commandId"], "path": imagine["path"],
            "schema_fingerprint": imagine["schemaFingerprint"],
            "options": {"prompt": prompt},
        }  # fmt: skip
        receipt = json.loads(self._ask("/api/action", action))
        if receipt["rejected"]:
            raise SystemExit(f"The command was refused: {receipt['diagnostics']}")

    def picture(self) -> bytes:
        """Wait for the image, which is the only PNG that is no person's avatar."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.state = json.loads(self._ask("/api/state"))
            for name, asset in self.state["assets"].items():
                file = asset["filename"]
                if file.endswith(".png") and not file.startswith("avatar-"):
                    return self._ask(f"/api/assets/{name}")
            time.sleep(0.5)
        raise SystemExit(f"No picture came within {PATIENCE_S:.0f} s: {self.state['messages']}")


def main() -> None:
    """Ask for an apple."""
    visitor = Visitor(sys.argv[1])
    visitor.type_imagine("a red apple")
    picture = visitor.picture()
    if not picture.startswith(b"\x89PNG"):
        raise SystemExit("What came is no PNG.")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    print(f"a picture of {width}x{height} pixels, {len(picture)} bytes")


if __name__ == "__main__":
    main()
