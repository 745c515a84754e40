"""A scripted Selling Partner API for endpoints the emulator does not have.

It answers each path as a test says, page by page, and keeps what was asked. Runs go
over HTTP, with a clock that moves only when the tap sleeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from singer_amazon.clock import FakeClock
from support.core.runs import Json, Run, run_tap
from support.core.scripted_server import (
    Received,
    Reply,
    ScriptedServer,
    scripted_server,
)
from support.sp.runs import NOON, QuickTap

Response = Callable[[Json], Json | Reply]
"""Gets the parameters of a call; returns a body, or a whole answer."""

SELLER = {
    "name": "acme",
    "refresh_token": "Atzr|1",
    "account_type": "seller",
    "marketplace_ids": ["US"],
}


class TickingClock(FakeClock):
    """A fake clock that, like a real one, never gives the same instant twice."""

    def now(self) -> datetime:
        """Return an instant a microsecond after the last one."""
        self.sleep(1e-6)
        return super().now()


class ScriptedApi:
    """The server, the clock, and one run after another."""

    def __init__(self, server: ScriptedServer) -> None:
        self.clock = TickingClock(NOON)
        self.calls: list[tuple[str, Json]] = []
        """Path and parameters of every call but logins."""
        self.responses: dict[str, Response] = {}
        self._server = server
        server.answer = self._response

    def serve(self, path: str, *responses: Json | Reply) -> None:
        """Answer a path in this order; the last one again and again."""
        left = list(responses)

        def response(_: Json) -> Json | Reply:
            return left.pop(0) if len(left) > 1 else left[0]

        self.responses[path] = response

    def _response(self, received: Received) -> Reply:
        parts = urlsplit(received.path)
        if parts.path == "/login":
            return Reply(200, b'{"access_token": "t", "expires_in": 36000}')
        params = dict(parse_qsl(parts.query))
        self.calls.append((parts.path, params))
        response = self.responses.get(parts.path, _nothing)(params)
        return response if isinstance(response, Reply) else Reply(200, _bytes(response))

    def asked(self, path: str) -> list[Json]:
        return [params for called, params in self.calls if called == path]

    def run(
        self,
        *endpoints: Json,
        state: Mapping[str, Any] | None = None,
        streams: tuple[str, ...] = (),
        prepare: Callable[[QuickTap], object] = lambda _: None,
        **changes: object,
    ) -> Run:
        """Read endpoints (all of these, or the streams named) to the end."""
        config = {
            "client_id": "id",
            "client_secret": "the-secret",
            "endpoint_uri": self._server.url,
            "auth_uri": f"{self._server.url}/login",
            "accounts": [SELLER],
            "endpoints": list(endpoints),
            **changes,
        }
        config = {name: value for name, value in config.items() if value is not None}
        chosen = streams or tuple(str(entry["name"]) for entry in endpoints)

        def select(tap: QuickTap, _: object) -> None:
            for stream in tap.streams.values():
                stream.selected = stream.name in chosen
            prepare(tap)

        return run_tap(QuickTap, self.clock, config, state=state, prepare=select)


def _nothing(_: Json) -> Json | Reply:
    return Reply(404, b"{}")


def _bytes(body: Json) -> bytes:
    return json.dumps(body).encode()


def refusal(status: int, message: str, details: str = "") -> Reply:
    """Return an error as Amazon writes it."""
    error = {"code": "X", "message": message, "details": details}
    return Reply(status, _bytes({"errors": [error]}))


THROTTLED = refusal(429, "You exceeded your quota for the requested resource.")


@contextmanager
def scripted_api() -> Iterator[ScriptedApi]:
    with scripted_server() as server:
        yield ScriptedApi(server)
