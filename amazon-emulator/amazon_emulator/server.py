"""The two servers of an emulator, in threads, on loopback only.

`Emulator` starts them on free ports and stops them: the way in for tests.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from amazon_emulator.client import EmulatorClient
from amazon_emulator.clock import SettableClock
from amazon_emulator.emulation import Emulation
from amazon_emulator.http import ResetError
from amazon_emulator.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Self

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
_MESSAGE_SECONDS = 0.1
_BACKLOG = 128
_SMALL = 64


class Emulator:
    """A running emulator: `with Emulator(seed=1) as emulator: emulator.url`."""

    def __init__(
        self,
        *,
        port: int = 0,
        download_port: int = 0,
        now: datetime | None = None,
        frozen: bool = False,
        faults: Sequence[Mapping[str, object]] = (),
        **settings: object,
    ) -> None:
        clock = SettableClock(now, frozen=frozen)
        self.emulation = Emulation(Settings().changed(settings), clock)
        self._ports = (port, download_port)
        self._servers: list[_Server] = []
        self._stopped = threading.Event()
        for fault in faults:
            self.emulation.state.faults.add(fault)

    def __enter__(self) -> Self:
        """Start both servers and return once they listen."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop both servers and remove the temporary files."""
        self.stop()

    def start(self) -> None:
        """Start both servers; a taken port raises OSError."""
        try:
            for port, app in zip(
                self._ports, (self.emulation.api, self.emulation.storage), strict=True
            ):
                self._servers.append(_Server(port, app))
        except OSError:
            self.stop()
            raise
        self.emulation.signer.origin = self.download_url
        for server in self._servers:
            server.start()
        self._stopped.clear()
        threading.Thread(target=self._send_messages, daemon=True).start()

    def stop(self) -> None:
        """Stop both servers, open connections included."""
        self._stopped.set()
        for server in self._servers:
            server.stop()
        self._servers.clear()
        self.emulation.close()

    def _send_messages(self) -> None:
        """Send messages of what is over, while the servers run."""
        while not self._stopped.wait(_MESSAGE_SECONDS):
            self.emulation.selling.sender.send_due()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Refuse connections to the API and the token call inside a `with` block."""
        port = self._servers[0].port
        self._servers[0].stop()
        try:
            yield
        finally:
            self._servers[0] = _Server(port, self.emulation.api)
            self._servers[0].start()

    @property
    def url(self) -> str:
        """Base URL of all emulated APIs (setting `endpoint_uri` of the plugins)."""
        return self._servers[0].url

    @property
    def token_url(self) -> str:
        """URL of the token call (setting `auth_uri` of the plugins)."""
        return f"{self.url}/auth/o2/token"

    @property
    def download_url(self) -> str:
        """Origin of the report documents."""
        return self._servers[1].url

    @property
    def credentials(self) -> dict[str, str]:
        """The client id, client secret and refresh token that are accepted."""
        settings = self.emulation.state.settings
        names = ("client_id", "client_secret", "refresh_token")
        return {name: getattr(settings, name) for name in names}

    @property
    def sp_refresh_tokens(self) -> dict[str, str]:
        """The refresh tokens of the selling partners, by the name of the account."""
        partners = self.emulation.selling.accounts.partners()
        return {partner.name: partner.refresh_token for partner in partners}

    @property
    def client(self) -> EmulatorClient:
        """A client for the control calls."""
        return EmulatorClient(self.url)


class _Handler(WSGIRequestHandler):
    """HTTP/1.1 with keep-alive, which Werkzeug's own handler always ends."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def run_wsgi(self) -> None:
        """Answer one request and leave the connection usable for the next."""
        self.environ = environ = self.make_environ()
        try:
            if self.headers.get("Expect", "").lower().strip() == "100-continue":
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.wfile.flush()
            self._respond(environ)
            self.wfile.flush()
        except ResetError:
            self._reset()
        except ConnectionError:
            self._end()

    def finish(self) -> None:
        """Close the connection, also that of a client that was killed meanwhile."""
        try:
            super().finish()
        except ConnectionError:
            self.rfile.close()

    def _respond(self, environ: dict[str, Any]) -> None:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: object = None,  # noqa: ARG001 - the WSGI signature
        ) -> Any:  # noqa: ANN401 - the legacy write callable, which nobody uses
            started.append((status, headers))

        body = self.server.app(environ, start_response)
        status, headers = started[-1]
        chunks = self._begin(status, headers, iter(body))
        try:
            for chunk in chunks:
                self.wfile.write(chunk)
                if len(chunk) < _SMALL:
                    self.wfile.flush()  # a body that trickles
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def _begin(
        self, status: str, headers: Iterable[tuple[str, str]], body: Iterator[bytes]
    ) -> Iterator[bytes]:
        """Write the head; return the body, in HTTP chunks if its length is unknown."""
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        is_sized = "content-length" in names or self.command == "HEAD"
        if not is_sized:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        return body if is_sized else _chunked(body)

    def _reset(self) -> None:
        """Close without the usual farewell, so that the client sees a reset."""
        self.close_connection = True
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        # The files hold the socket open: it only resets when the last one is closed.
        self.rfile.close()
        self.connection.close()

    def _end(self) -> None:
        self.close_connection = True
        if not self.wfile.closed:
            with suppress(ConnectionError):
                self.wfile.flush()


def _chunked(body: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in body:
        if chunk:
            yield b"%x\r\n%b\r\n" % (len(chunk), chunk)
    yield b"0\r\n\r\n"


class _Server(ThreadedWSGIServer):
    """One origin in a thread of its own."""

    def __init__(self, port: int, app: WSGIApplication) -> None:
        # Bound here: Werkzeug answers a taken port with sys.exit.
        with socket.create_server((HOST, port), backlog=_BACKLOG) as listening:
            super().__init__(HOST, port, app, _Handler, fd=listening.fileno())
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread and all connections, also idle ones."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._open_lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in socketserver
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as in socketserver
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - as in Werkzeug
        """Say nothing in normal running."""
