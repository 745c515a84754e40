"""Login with Amazon: one token for all threads, renewed in time."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from singer_amazon.clock import FakeClock
from singer_amazon.errors import AuthError, TransientError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.transport import Transport
from support.core.reports import NOON
from support.core.scripted_server import (
    Received,
    Reply,
    Reset,
    ScriptedServer,
    scripted_server,
)

CREDENTIAL = Credential("client-id", "client-secret", "refresh-token")


class Login:
    """A token endpoint, and a provider that uses it."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.clock = FakeClock(NOON)
        self.transport = Transport(
            user_agent="tests/1", max_attempts=2, retry_wait=0.001
        )
        self.provider = TokenProvider(
            CREDENTIAL,
            auth_uri=f"{server.url}/auth/o2/token",
            transport=self.transport,
            clock=self.clock,
        )
        self.hand_out(3600)

    def hand_out(self, lifetime: object) -> None:
        """Answer with tokens numbered by call, living this long."""
        self.server.answer = lambda _: _token(len(self.server.received), lifetime)

    @property
    def calls(self) -> int:
        return len(self.server.received)


def _token(number: int, lifetime: object) -> Reply:
    body = {"access_token": f"t{number}", "token_type": "bearer"}
    if lifetime is not None:
        body["expires_in"] = lifetime  # type: ignore[assignment]  # any JSON value
    return Reply(200, json.dumps(body).encode())


def refusal(error: str, description: str, status: int = 400) -> Reply:
    body = {"error": error, "error_description": description}
    return Reply(status, json.dumps(body).encode())


@pytest.fixture
def login() -> Iterator[Login]:
    with scripted_server() as server:
        yield Login(server)


def test_the_token_is_asked_for_as_login_with_amazon_wants(login: Login) -> None:
    assert login.provider.token() == "t1"
    (call,) = login.server.received
    assert (call.method, call.path) == ("POST", "/auth/o2/token")
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(call.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh-token"],
        "client_id": ["client-id"],
        "client_secret": ["client-secret"],
    }


def test_eight_threads_cost_one_call(login: Login) -> None:
    barrier = threading.Barrier(8)

    def slow(_: Received) -> Reply:
        time.sleep(0.05)
        return _token(login.calls, 3600)

    def fetch() -> str:
        barrier.wait()
        return login.provider.token()

    login.server.answer = slow
    with ThreadPoolExecutor(8) as pool:
        tokens = [f.result() for f in [pool.submit(fetch) for _ in range(8)]]
    assert tokens == ["t1"] * 8
    assert login.calls == 1


def test_a_token_refused_to_eight_threads_is_renewed_once(login: Login) -> None:
    old = login.provider.token()
    barrier = threading.Barrier(8)

    def renew() -> str:
        barrier.wait()
        login.provider.discard(old)
        return login.provider.token()

    with ThreadPoolExecutor(8) as pool:
        tokens = [f.result() for f in [pool.submit(renew) for _ in range(8)]]
    assert tokens == ["t2"] * 8
    assert login.calls == 2


def test_a_token_is_renewed_a_minute_before_it_ends(login: Login) -> None:
    login.provider.token()
    login.clock.sleep(3539)
    assert login.provider.token() == "t1"
    login.clock.sleep(1)
    assert login.provider.token() == "t2"


@pytest.mark.parametrize(("lifetime", "kept"), [(30, 15), (100, 50), (200, 140)])
def test_a_short_lived_token_is_used_all_the_same(
    login: Login, lifetime: int, kept: float
) -> None:
    """Not one call for each use, and never one that has ended."""
    login.hand_out(lifetime)
    login.provider.token()
    login.clock.sleep(kept - 0.1)
    assert login.provider.token() == "t1"
    login.clock.sleep(0.1)
    assert login.provider.token() == "t2"


@pytest.mark.parametrize("lifetime", [None, "an hour", "nan", "1e400", -5, "3600"])
def test_any_lifetime_is_lived_with(login: Login, lifetime: object) -> None:
    login.hand_out(lifetime)
    assert login.provider.token().startswith("t")
    login.clock.sleep(timedelta(days=2).total_seconds())
    assert login.provider.token() == "t2"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            refusal("invalid_grant", "The request has an invalid grant parameter"),
            ["invalid_grant", "invalid grant parameter", "authorise the application"],
        ),
        (
            refusal("invalid_client", "Client authentication failed", 401),
            ["invalid_client", "client_id and client_secret do not match"],
        ),
        (refusal("unauthorized_client", "no", 400), ["approved for the API"]),
        (refusal("invalid_scope", "no", 400), ["advertising::campaign_management"]),
        (Reply(404, b"<h1>Not Found</h1>"), ["HTTP 404", "HTML page", "auth_uri"]),
        (Reply(200, b"<h1>Hello</h1>"), ["HTTP 200", "HTML page", "auth_uri"]),
        (Reply(200, b'{"access_token": ""}'), ["HTTP 200"]),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(
    login: Login, answer: Reply, words: list[str]
) -> None:
    login.server.script(answer)
    for _ in range(3):
        with pytest.raises(AuthError) as caught:
            login.provider.token()
        for part in [*words, "What to do: "]:
            assert part in str(caught.value)
    assert login.calls == 1


@pytest.mark.parametrize("trouble", [Reply(503, b"busy"), Reset()])
def test_trouble_on_the_way_is_not_final(login: Login, trouble: Reply | Reset) -> None:
    login.server.script(trouble, trouble, _token(3, 3600))
    with pytest.raises(TransientError):
        login.provider.token()
    assert login.provider.token() == "t3"


def test_throttling_is_waited_out(login: Login) -> None:
    throttled = Reply(429, b"{}", headers={"Retry-After": "20"})
    login.server.script(throttled, Reply(429, b"{}"), _token(3, 3600))
    assert login.provider.token() == "t3"
    assert 20 < (login.clock.now() - NOON).total_seconds() < 30


def test_throttling_without_end_is_no_fault_of_the_credential(login: Login) -> None:
    login.server.script(Reply(429, b"{}", headers={"Retry-After": "5000"}))
    with pytest.raises(TransientError, match="throttled 8 requests"):
        login.provider.token()
    assert (login.clock.now() - NOON) <= timedelta(minutes=10)


def test_no_secret_shows_anywhere(
    login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    repeated = refusal("invalid_grant", "refresh-token of client-secret is no good")
    token = Reply(200, b'{"access_token": "Atza|token", "expires_in": 3600}')
    login.server.script(token, Reply(503), Reply(503), repeated)
    shown = [repr(CREDENTIAL), str(CREDENTIAL), repr(login.provider)]
    shown.append(repr(vars(login.provider)))
    with caplog.at_level(logging.DEBUG, logger="singer_amazon"):
        login.provider.discard(login.provider.token())
        for kind in (TransientError, AuthError):
            with pytest.raises(kind) as caught:
                login.provider.token()
            shown += [str(caught.value), repr(caught.value)]
    shown.append(caplog.text)
    for text in shown:
        for secret in ("client-secret", "refresh-token", "Atza"):
            assert secret not in text
