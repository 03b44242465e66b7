"""A hub on this machine: the file API of Hugging Face and of ModelScope over one folder.

Its switches break what real networks break: a connection that ends in the middle of a file, a file
that arrives with a wrong byte, a file that is not there.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(kw_only=True)
class Hub:
    """The served folder, the faults to come, and the requests that came."""

    folder: Path
    address: str = ""
    cut_once_after: dict[str, int] = field(default_factory=dict)  # path -> bytes
    corrupt: Counter[str] = field(default_factory=Counter)  # path -> how many times
    missing: set[str] = field(default_factory=set)
    fetched: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    others: list[str] = field(default_factory=list)


@contextmanager
def serve(folder: Path) -> Iterator[Hub]:
    """Serve a folder until the context ends."""
    hub = Hub(folder=folder)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_HEAD(self) -> None:
        """Answer what a file is."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """Answer with the file, or with a list of files."""
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self._file_path()
        if path is None:
            self._answer_other()
        elif path in self.hub.missing or not (self.hub.folder / path).is_file():
            self._json(404, {"Code": 404, "Message": "not found", "Success": False})
        else:
            self._send_file(path, body=body)

    def _file_path(self) -> str | None:
        """Return the file a URL of either hub means."""
        url = urlsplit(self.path)
        if match := re.fullmatch(r"/[^/]+/[^/]+/resolve/[^/]+/(.+)", url.path):
            return unquote(match[1])
        if re.fullmatch(r"/api/v1/models/[^/]+/[^/]+/repo", url.path):
            return parse_qs(url.query)["FilePath"][0]
        return None

    def _answer_other(self) -> None:
        """Answer ModelScope's list of files, and refuse everything else."""
        self.hub.others.append(self.path)
        url = urlsplit(self.path)
        if re.fullmatch(r"/api/v1/models/[^/]+/[^/]+/repo/files", url.path):
            self._json(200, {"Code": 200, "Success": True, "Data": {"Files": self._listing()}})
        elif url.path == "/api/v1/repos/internalAccelerationInfo":
            self._json(200, {"Code": 200, "Success": True, "Data": {}})  # not inside its own cloud
        else:
            self._json(404, {"Code": 404, "Message": "not found", "Success": False})

    def _listing(self) -> list[dict[str, object]]:
        files = [path for path in self.hub.folder.rglob("*") if path.is_file()]
        return [
            {
                "Path": path.relative_to(self.hub.folder).as_posix(),
                "Name": path.name,
                "Type": "blob",
                "Size": path.stat().st_size,
            }
            for path in files
        ]

    def _send_file(self, path: str, *, body: bool) -> None:
        content = bytearray((self.hub.folder / path).read_bytes())
        etag = hashlib.sha256(content).hexdigest()
        if body:
            self.hub.fetched.append((path, self.headers.get("Range")))
            if self.hub.corrupt[path] > 0:
                self.hub.corrupt[path] -= 1
                content[-1] ^= 1
        start = self._start()
        self.send_response(206 if start is not None else 200)
        part = bytes(content[start or 0 :])
        self.send_header("Content-Length", str(len(part)))
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self._send_until_cut(path, part)

    def _start(self) -> int | None:
        match = re.fullmatch(r"bytes=(\d+)-\d*", self.headers.get("Range", ""))
        return int(match[1]) if match else None

    def _send_until_cut(self, path: str, part: bytes) -> None:
        limit = self.hub.cut_once_after.pop(path, None)
        self.wfile.write(part[:limit])
        if limit is not None:
            self.wfile.flush()
            self.close_connection = True

    def _json(self, status: int, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
