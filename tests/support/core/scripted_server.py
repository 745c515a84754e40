"""A small HTTP server on loopback that answers as a test says and keeps what came.

It can also do what servers should not: promise more than they send, close the
line in the middle, or say nothing at all.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. `promised` is the Content-Length where it is a lie."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None


class Reset:
    """Close the line at once, without an answer."""


class Silence:
    """Say nothing until the server ends."""


@dataclass(frozen=True, slots=True)
class Trickle:
    """Send a byte now and then, until the server ends or the client goes."""

    seconds: float = 0.05


Response = Reply | Reset | Silence | Trickle


class ScriptedServer:
    """A running server; `answer` may be changed at any time."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Response] = lambda _: Reply()
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.connections = 0
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def script(self, *answers: Response) -> None:
        """Answer in this order; the last one again and again."""
        left = list(answers)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def take(self, received: Received) -> Response:
        with self._lock:
            self.received.append(received)
            return self.answer(received)

    def close(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def scripted_server(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    server = ScriptedServer(tls)
    try:
        yield server
    finally:
        server.close()


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:  # noqa: C901
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            server.connections += 1
            super().handle()

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.command, self.path, headers, body)
            self._send(server.take(received))

        def _send(self, answer: Response) -> None:
            self.close_connection = not isinstance(answer, Reply)
            if isinstance(answer, Silence):
                server.ended.wait()
            elif isinstance(answer, Reset):
                self._reset()
            elif isinstance(answer, Trickle):
                self._trickle(answer)
            else:
                self._reply(answer)

        def _reply(self, reply: Reply) -> None:
            promised = len(reply.body) if reply.promised is None else reply.promised
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(promised))
            self.end_headers()
            with suppress(OSError):  # the client may have gone
                self.wfile.write(reply.body)
            self.close_connection |= promised > len(reply.body)

        def _trickle(self, trickle: Trickle) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            with suppress(OSError):
                while not server.ended.wait(trickle.seconds):
                    self.wfile.write(b" ")

        def _reset(self) -> None:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

        def log_message(self, *_: object) -> None:
            pass

        do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815 - http.server's names

    return Handler
