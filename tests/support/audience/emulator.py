"""The emulator in this process, without sockets, and a record of the calls to it.

The one place of these tests that knows how an emulation is made and spoken with.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter
from werkzeug.test import Client, create_environ, run_wsgi_app

from amazon_emulator import EmulatorClient
from amazon_emulator.clock import SettableClock
from amazon_emulator.emulation import Emulation
from amazon_emulator.settings import Settings
from singer_amazon.http.transport import Transport
from target_amazon_audience import target

START = datetime(2026, 11, 21, 7, 0, tzinfo=timezone.utc)
URL = "http://emulator.test"
TOKEN_URL = f"{URL}/auth/o2/token"
INSTANCE = "amclight01"
"""An AMC instance with a connection of its own, and one with a DSP advertiser."""
FREE_INSTANCE = "amclight12"
"""One without a connection, on the second page of its account's instances."""
ACCOUNT = "ENTITY2AMC3LIGHT4H"
"""The AMC account of both."""
ADVERTISER = "574839201746352811"
OWN_CONNECTION = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a01"
DSP_CONNECTION = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a02"
METADATA = "/amc/audiences/metadata"
RECORDS = "/amc/audiences/records"
CONNECTIONS = "/amc/audiences/connections"

CREDENTIALS = {
    name: str(Settings().as_json()[name])
    for name in ("client_id", "client_secret", "refresh_token")
}


@dataclass
class Exchange:
    """One call and its answer; status 0: the connection broke."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    status: int = 0
    answer: bytes = b""
    media: str = ""

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


class InProcessEmulator:
    """An emulation on a clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.emulation = Emulation(Settings(), SettableClock(START, frozen=True))
        self.state = self.emulation.state
        self.client = InProcessClient(self.emulation)
        self.reset()

    def reset(self) -> None:
        self.client.reset()
        self.exchanges: list[Exchange] = []
        self.observer: Callable[[Literal["call", "answer", "lost"]], None] | None = None
        """Called before and after each call, and when its answer is lost."""

    def connect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Lead all calls of the target to URL here; retries do not wait."""
        adapter = _Adapter(self)

        class Connected(Transport):
            def session(self) -> requests.Session:
                session = super().session()
                session.mount(URL, adapter)
                return session

        quick = functools.partial(Connected, retry_wait=0.0)
        monkeypatch.setattr(target, "Transport", quick)

    def answer(self, call: Exchange) -> dict[str, str]:
        """Answer a call and record it; ConnectionError where that is the answer."""
        self._observe("call")
        self.exchanges.append(call)
        environ = create_environ(
            call.path,
            URL,
            query_string=call.query,
            method=call.method,
            headers=call.headers,
            data=call.body,
        )
        try:
            parts, status, headers = run_wsgi_app(self.emulation.api, environ, True)
        except ConnectionError:
            self._observe("lost")
            raise
        call.answer, call.status = b"".join(parts), int(status.split()[0])
        call.media = headers.get("Content-Type", "")
        self._observe("answer")
        return dict(headers)

    def _observe(self, moment: Literal["call", "answer", "lost"]) -> None:
        if self.observer is not None:
            self.observer(moment)

    def poll(self, jobs: Iterable[Any], times: int) -> None:
        """Ask for each of these jobs, which ends those that wait for that."""
        api = Client(self.emulation.api)
        form = {"grant_type": "refresh_token", **CREDENTIALS}
        token = api.post("/auth/o2/token", data=form).get_json()["access_token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "Amazon-Advertising-API-ClientId": CREDENTIALS["client_id"],
        }
        for job in jobs:
            for _ in range(times):
                api.get(f"{RECORDS}/{job.job_id}", headers=headers)

    # What was called

    def calls(self, method: str, path: str) -> list[Exchange]:
        return [e for e in self.exchanges if e.method == method and e.path == path]

    def uploads(self) -> list[dict[str, Any]]:
        """Bodies of the uploads that were accepted."""
        return [e.payload for e in self.calls("POST", RECORDS) if e.status == 202]

    def sent(self) -> list[dict[str, Any]]:
        return [record for body in self.uploads() for record in body["records"]]

    def polls(self) -> list[Exchange]:
        return [e for e in self.exchanges if e.path.startswith(f"{RECORDS}/")]


class InProcessClient(EmulatorClient):
    """The control calls without a socket."""

    def __init__(self, emulation: Emulation) -> None:
        super().__init__(URL)
        self._wsgi = Client(emulation.api)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer = self._wsgi.open(f"/_emulator{path}", method=method, json=body)
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def connections(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "/amc")["connections"]
        return found


class _Adapter(BaseAdapter):
    """Hands requests to the emulation."""

    def __init__(self, emulator: InProcessEmulator) -> None:
        super().__init__()
        self._emulator = emulator

    def send(  # type: ignore[override] # the options of a socket mean nothing here
        self, request: requests.PreparedRequest, **_options: object
    ) -> requests.Response:
        body = request.body or b""
        url = urlsplit(request.url or "")
        call = Exchange(
            request.method or "",
            str(url.path),
            dict(parse_qsl(str(url.query))),
            dict(request.headers),
            body.encode() if isinstance(body, str) else bytes(body),
        )
        try:
            headers = self._emulator.answer(call)
        except ConnectionError:
            raise requests.ConnectionError from None
        answer = requests.Response()
        answer.status_code = call.status
        answer.headers.update(headers)
        answer._content = call.answer
        answer.request = request
        return answer

    def close(self) -> None:
        """Nothing is open."""
