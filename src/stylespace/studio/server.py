"""The studio's server: it hands out a fixed list of files that it holds in memory.

It reads nothing from disk and takes nothing in. The model runs in the page.
"""

from __future__ import annotations

import errno
import hashlib
import ipaddress
import re
import socket
import socketserver
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any

from stylespace.errors import UsageError
from stylespace.studio.page_files import INDEX, POLICY, TYPES

__all__ = ["StudioServer", "is_loopback"]

BUSY = 0.1  # seconds until a connection is looked for again
IDLE = 60  # seconds after which a connection that says nothing is closed
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::\d{1,5})?", re.ASCII)
HEADERS = {
    # frame-ancestors works in a header only; no page may lay its own over this one
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class _File:
    content: bytes
    kind: str
    tag: str


class StudioServer(ThreadingHTTPServer):
    """Serves files from memory; listens from the moment it is made.

    Args:
        files: contents by name; `index.html` is also what `/` gives.
        host: name or address to listen on.
        port: 0 takes a free one.

    Raises:
        UsageError: it cannot listen there.

    Example:
        >>> with StudioServer({"index.html": b"<p>hello"}, "127.0.0.1", 0) as server:
        ...     server.address.startswith("http://127.0.0.1:")
        True
    """

    daemon_threads = True
    block_on_close = False  # an open connection must not keep Ctrl-C waiting
    request_queue_size = 128
    allow_reuse_address = sys.platform != "win32"  # there it would share a port in use

    def __init__(self, files: Mapping[str, bytes], host: str, port: int) -> None:
        self.files: dict[str, _File] = {}
        self.add(files)
        self.files["/"] = self.files[f"/{INDEX}"]
        self.host = host
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            self.address_family, _, _, _, place = found[0]
            super().__init__(place[:2], _Handler)  # type: ignore[arg-type]
        except (OSError, UnicodeError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot listen on {host}, port {port}: {reason}") from None
        self.names = _own_names(host)

    @property
    def address(self) -> str:
        """What to type into a browser."""
        host = self.host
        if _is_any(host):  # all of this machine's addresses; this one surely is
            host = "127.0.0.1" if self.address_family == socket.AF_INET else "::1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_address[1]}/"

    def add(self, files: Mapping[str, bytes]) -> None:
        """Hand out these files too; to be called before the serving begins."""
        self.files |= {f"/{name}": _file(name, content) for name, content in files.items()}

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    def get_request(self) -> tuple[Any, Any]:
        """Wait where no file handle is left for a connection: it would be asked for at once."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(BUSY)
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A browser that hangs up is no news; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def knows(self, host: str) -> bool:
        """Whether a request's Host header names this server.

        A page of another site can make its own name lead here (DNS rebinding), but its requests
        still bear that name. An address cannot be made to lead elsewhere.
        """
        found = HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1].strip("[]").lower().removesuffix(".")
        if name in self.names:
            return True
        return not is_loopback(self.host) and _address(name) is not None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stylespace", ""
    disable_nagle_algorithm = (
        True  # with it, and head and body in two parts, an answer takes 40 ms
    )
    wbufsize = -1
    timeout = IDLE
    server: StudioServer

    def do_GET(self) -> None:
        """One of the files, or why not."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not self.server.knows(hosts[0].strip()):
            self._refuse(HTTPStatus.FORBIDDEN, "this server goes by another name")
            return
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # what follows would be taken for a request
        file = self.server.files.get(self.path.partition("?")[0])
        if file is None:
            self._refuse(HTTPStatus.NOT_FOUND, "no such file")
        elif self.headers.get("If-None-Match") == file.tag:
            self._answer(HTTPStatus.NOT_MODIFIED, None, file.kind, ETag=file.tag)
        else:
            self._answer(HTTPStatus.OK, file.content, file.kind, ETag=file.tag)

    def do_HEAD(self) -> None:
        """The same without the content."""
        self.do_GET()

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """What the library refuses by itself: odd methods, odd versions, long lines."""
        del explain
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", Allow="GET, HEAD")
        else:
            status = HTTPStatus(code) if code < 500 else HTTPStatus.BAD_REQUEST
            self._refuse(status, message or status.phrase)

    def _refuse(self, status: HTTPStatus, why: str, **headers: str) -> None:
        self.close_connection = True
        text = f"{status.value}: {why}\n".encode("ascii", "replace")
        self._answer(status, text, "text/plain; charset=utf-8", Connection="close", **headers)

    def _answer(
        self, status: HTTPStatus, content: bytes | None, kind: str, **headers: str
    ) -> None:
        self.request_version = self.protocol_version  # in HTTP/0.9 an answer has no status
        self.send_response(status)
        if content is not None:
            headers |= {"Content-Type": kind, "Content-Length": str(len(content))}
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if content is not None and self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the page is on the same machine, and shows what is wrong."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    address = _address(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def _is_any(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _own_names(host: str) -> frozenset[str]:
    names = {"localhost", "127.0.0.1", "::1", host.lower()}
    if not is_loopback(host):
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    return frozenset(names)


def _file(name: str, content: bytes) -> _File:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return _File(content, TYPES[PurePosixPath(name).suffix], tag)
