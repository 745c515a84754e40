"""Calls for one selling partner: tokens, restricted calls, parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from singer_amazon.clock import FakeClock
from singer_amazon.errors import RejectedError, TransientError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response, Transport
from support.core.scripted_server import (
    Received,
    Reply,
    ScriptedServer,
    scripted_server,
)
from tap_amazon_sp.client import RATE_HEADER, SELLING_PARTNER, SpClient
from tap_amazon_sp.client import wants_new_token as wants

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
DOCUMENT = "/reports/2021-06-30/documents/d1"
OK = Reply(200, b'{"ok": true}')


class Amazon:
    """A server that hands out tokens t1, t2, ... and answers calls as a test says."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.login = Reply(200, b"")
        self.restricted = Reply(200, b'{"restrictedDataToken": "granted"}')
        self.replies = [OK]
        self._tokens = 0
        server.answer = self._response
        transport = Transport(user_agent="t/1", max_attempts=2, retry_wait=0.0)
        clock = FakeClock(NOON)
        tokens = TokenProvider(
            Credential("id", "the-secret", "the-refresh-token"),
            auth_uri=f"{server.url}/login",
            transport=transport,
            clock=clock,
        )
        self.client = SpClient(
            ApiClient(
                base_url=server.url,
                tokens=tokens,
                transport=transport,
                clock=clock,
                scheme=SELLING_PARTNER,
            )
        )

    def _response(self, received: Received) -> Reply:
        if received.path == "/login":
            if self.login.body:
                return self.login
            self._tokens += 1
            token = {"access_token": f"t{self._tokens}", "expires_in": 3600}
            return Reply(200, json.dumps(token).encode())
        if received.path.startswith("/tokens/"):
            return self.restricted
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [
            (r.path, r.headers.get("x-amz-access-token", ""))
            for r in self.server.received
        ]


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    with scripted_server() as server:
        yield Amazon(server)


def refusal(message: str, details: str = "", status: int = 403) -> Reply:
    error = {"code": "Unauthorized", "message": message, "details": details}
    return Reply(status, json.dumps({"errors": [error]}).encode())


DENIED = refusal("Access to requested resource is denied.")
ENDED = refusal(
    "Access to requested resource is denied.",
    "The access token you provided is revoked, malformed or invalid.",
)


def test_a_call_carries_the_token_in_the_header_of_this_api(amazon: Amazon) -> None:
    found = amazon.client.call(
        "getReports",
        "GET",
        "/reports",
        params={"reportTypes": ["A", "B"], "createdSince": NOON, "nextToken": None},
    )

    assert found.json() == {"ok": True}
    call = amazon.server.received[-1]
    assert call.path == (
        "/reports?reportTypes=A%2CB&createdSince=2026-11-20T12%3A00%3A00Z"
    )
    assert call.headers["x-amz-access-token"] == "t1"
    assert "authorization" not in call.headers


def test_a_body_goes_out_as_json(amazon: Amazon) -> None:
    amazon.replies = [Reply(202, b"{}", headers={RATE_HEADER: "0.5"})]

    found = amazon.client.call("createReport", "POST", "/reports", json={"a": "ä"})

    call = amazon.server.received[-1]
    assert call.headers["content-type"] == "application/json"
    assert json.loads(call.body) == {"a": "ä"}
    assert found.headers.get(RATE_HEADER) == "0.5"


@pytest.mark.parametrize(
    ("status", "details", "expected"),
    [
        (401, "", True),
        (403, "The access token you provided is revoked, malformed or invalid.", True),
        (403, "The access token you provided has expired.", True),
        (403, "Access token is missing in the request header.", False),
        (403, "The LWA secret token you provided has expired.", False),
        (403, "", False),
        (400, "The access token you provided is invalid.", False),
        (429, "", False),
    ],
)
def test_only_a_refused_token_asks_for_a_new_one(
    status: int, details: str, expected: bool
) -> None:
    reply = refusal("Access to requested resource is denied.", details, status)

    assert wants(Response(status, {}, reply.body)) is expected


def test_an_ended_token_is_renewed_once_and_the_call_made_again(amazon: Amazon) -> None:
    amazon.replies = [ENDED, OK]

    assert amazon.client.call("getReport", "GET", "/r").status == 200
    assert amazon.calls == [("/login", ""), ("/r", "t1"), ("/login", ""), ("/r", "t2")]


def test_a_token_that_is_refused_again_is_final(amazon: Amazon) -> None:
    amazon.replies = [ENDED]

    found = amazon.client.call("getReport", "GET", "/r")

    assert found.status == 403
    assert "revoked, malformed or invalid" in found.message()
    assert [path for path, _ in amazon.calls].count("/r") == 2


@pytest.mark.parametrize("reply", [DENIED, Reply(429, b"{}"), Reply(404, b"{}")])
def test_any_other_response_comes_back_at_once(amazon: Amazon, reply: Reply) -> None:
    amazon.replies = [reply]

    assert amazon.client.call("getReport", "GET", "/r").status == reply.status
    assert len(amazon.calls) == 2


def test_a_dead_refresh_token_is_refused_without_further_calls(amazon: Amazon) -> None:
    amazon.login = Reply(400, b'{"error": "invalid_grant"}')

    for _ in range(3):
        with pytest.raises(RejectedError, match="invalid_grant") as caught:
            amazon.client.call("getReport", "GET", "/r")
        assert caught.value.status == 401
        assert "the-refresh-token" not in str(caught.value)
    assert amazon.calls == [("/login", "")]


def test_a_server_in_trouble_is_tried_again_and_then_an_error(amazon: Amazon) -> None:
    amazon.replies = [Reply(503, b"{}")]

    with pytest.raises(TransientError, match="failed 2 times"):
        amazon.client.call("getReport", "GET", "/r")


# --- restricted calls ----------------------------------------------------------


def test_a_restricted_call_gets_a_token_for_just_this_path(amazon: Amazon) -> None:
    amazon.client.call("getReportDocument", "GET", DOCUMENT, restricted=True)

    grant = amazon.server.received[1]
    assert (grant.method, grant.path) == (
        "POST",
        "/tokens/2021-03-01/restrictedDataToken",
    )
    assert json.loads(grant.body) == {
        "restrictedResources": [{"method": "GET", "path": DOCUMENT}]
    }
    assert amazon.calls[-1] == (DOCUMENT, "granted")


@pytest.mark.parametrize("reply", [DENIED, Reply(429, b"{}")])
def test_where_none_is_granted_that_response_comes_back(
    amazon: Amazon, reply: Reply
) -> None:
    amazon.restricted = reply

    found = amazon.client.call("getReportDocument", "GET", DOCUMENT, restricted=True)

    assert (found.status, found.body) == (reply.status, reply.body)
    assert DOCUMENT not in [path for path, _ in amazon.calls]


def test_a_grant_without_a_token_is_an_error(amazon: Amazon) -> None:
    amazon.restricted = Reply(200, b"{}")

    with pytest.raises(RejectedError, match="answers without restrictedDataToken"):
        amazon.client.call("getReportDocument", "GET", DOCUMENT, restricted=True)
