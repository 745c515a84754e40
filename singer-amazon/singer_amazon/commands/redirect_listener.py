"""Waits on this machine for the redirect that ends a consent."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

from singer_amazon.errors import ConfigError

PATH = "/callback"
_PAGE = b"<!doctype html><title>auth</title><p>You can close this page."


class _Handler(BaseHTTPRequestHandler):
    server: RedirectListener

    def do_GET(self) -> None:
        """Keep the address of the one redirect; a browser asks for icons, too."""
        parts = urlsplit(self.path)
        is_answer = parts.path == PATH and bool(parts.query)
        if is_answer:
            self.server.answer = self.path
        self.send_response(200 if is_answer else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, *_: object) -> None:
        """Log nothing: the address holds the code."""


class RedirectListener(HTTPServer):
    """Listens on 127.0.0.1; nobody else's machine can reach it.

    Raises:
        ConfigError: the port is taken, or may not be used.
    """

    allow_reuse_address = False

    def __init__(self, port: int) -> None:
        self.answer: str | None = None
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            msg = (
                f"port {port} cannot be listened on ({error.strerror}): end what uses "
                "it, or name another by --port and list its address at Amazon"
            )
            raise ConfigError(msg) from None

    @property
    def redirect_uri(self) -> str:
        """What has to be listed at Amazon."""
        return f"http://localhost:{self.server_port}{PATH}"

    def wait(self, seconds: float) -> str:
        """Return the address of the redirect.

        Raises:
            ConfigError: none came in time.
        """
        end = time.monotonic() + seconds
        while self.answer is None and (left := end - time.monotonic()) > 0:
            self.timeout = min(left, 1.0)
            self.handle_request()
        if self.answer is None:
            msg = (
                f"no answer came within {seconds:.0f} s. If Amazon's page refused the "
                f"redirect address, add {self.redirect_uri} to the Allowed Return URLs "
                "of the security profile; on a machine without a browser use --paste"
            )
            raise ConfigError(msg)
        return self.answer
