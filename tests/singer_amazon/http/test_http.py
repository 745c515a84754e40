"""The transport and the API client, over real sockets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests_mock

from singer_amazon.clock import FakeClock
from singer_amazon.documents.download import download
from singer_amazon.documents.spool import Spool
from singer_amazon.errors import RejectedError, TransientError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.client import BEARER, ApiClient, Scheme
from singer_amazon.http.transport import Response, Transport
from support.core.reports import NOON
from support.core.scripted_server import (
    Reply,
    Reset,
    ScriptedServer,
    Silence,
    scripted_server,
)

HTML = Reply(503, b"<html><body><h1>503</h1> Service  Unavailable</body></html>")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def transport() -> Transport:
    return Transport(
        user_agent="tests/1", max_attempts=3, retry_wait=0.001, timeout=(1.0, 0.1)
    )


def answer(**headers: str) -> Response:
    return Response(429, {k.replace("_", "-"): v for k, v in headers.items()}, b"")


# --- what is tried again ---------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(500, b'{"message": "Internal Failure"}'),
        HTML,
        Reply(529),
        Reset(),
        Silence(),
        Reply(200, b'{"half": ', promised=100),
        Reply(200, b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "html page", "529", "reset", "time-out", "cut", "damaged"],
)
def test_what_may_pass_is_tried_again(
    server: ScriptedServer,
    transport: Transport,
    trouble: Reply | Reset | Silence,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.script(trouble, trouble, Reply(200, b'{"ok": true}'))
    with caplog.at_level(logging.INFO):
        found = transport.send("GET", f"{server.url}/things?signature=secret")
    assert found.json() == {"ok": True}
    assert len(server.received) == 3
    assert "try 2 of 3 failed" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("trouble", "words", "status"),
    [
        (HTML, "HTTP 503: 503 Service Unavailable", 503),
        (Reply(529), "HTTP 529: no explanation", 529),
        (Reset(), "connection lost (ConnectionResetError)", None),
        (Silence(), "no answer in time", None),
    ],
)
def test_after_so_many_tries_it_is_told_what_went_wrong(
    server: ScriptedServer,
    transport: Transport,
    trouble: Reply | Reset | Silence,
    words: str,
    status: int | None,
) -> None:
    server.script(trouble)
    with pytest.raises(TransientError) as caught:
        transport.send("GET", f"{server.url}/things?signature=secret")
    assert str(caught.value) == f"GET {server.url}/things failed 3 times, last: {words}"
    assert caught.value.status == status
    assert len(server.received) == 3


def test_a_server_that_is_not_there_is_named(transport: Transport) -> None:
    with pytest.raises(TransientError, match=r"lost \((NewConnection|Connect)"):
        transport.send("GET", "http://127.0.0.1:1/things")


@pytest.mark.parametrize("url", ["advertising-api", "http://[broken/", "http:///x"])
def test_what_is_no_address_is_not_tried_again(transport: Transport, url: str) -> None:
    with pytest.raises(RejectedError, match="is it an address"):
        transport.send("GET", url)


@pytest.mark.parametrize("status", [200, 202, 400, 401, 403, 404, 422, 425, 429])
def test_every_other_answer_is_handed_back_at_once(
    server: ScriptedServer, transport: Transport, status: int
) -> None:
    server.script(Reply(status, b"{}"))
    assert transport.send("GET", server.url).status == status
    assert len(server.received) == 1


def test_every_request_has_time_outs(tmp_path: Path) -> None:
    """To connect and to read; requests itself would wait for ever."""
    transport, spool = Transport(user_agent="tests/1"), Spool(str(tmp_path), 1000)
    with requests_mock.Mocker() as amazon:
        amazon.get("https://api.test/x", content=b"{}")
        transport.send("GET", "https://api.test/x")
        file = spool.create()
        download(transport, lambda: "https://api.test/x", file, max_attempts=1)
        waits = [call.timeout for call in amazon.request_history]
    assert waits == [(10.0, 60.0)] * 2
    spool.close()


# --- where credentials go --------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    server: ScriptedServer, transport: Transport, status: int
) -> None:
    """It would carry the token to another host."""
    with scripted_server() as elsewhere:
        server.script(Reply(status, headers={"Location": elsewhere.url}))
        headers = {"Authorization": "Bearer t"}
        found = transport.send("POST", server.url, headers=headers)
        assert found.status == status
        assert elsewhere.received == []


def test_a_netrc_file_is_not_used(
    server: ScriptedServer,
    transport: Transport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    transport.send("GET", server.url)
    transport.session().get(server.url, timeout=1)
    assert [r.headers.get("authorization") for r in server.received] == [None, None]


def test_cookies_are_not_kept(server: ScriptedServer, transport: Transport) -> None:
    """The storage may be at the same host as the API, behind a proxy."""
    server.script(Reply(200, b"{}", headers={"Set-Cookie": "session=secret; Path=/"}))
    for _ in range(2):
        transport.send("GET", server.url)
    assert "cookie" not in server.received[1].headers


# --- the API client --------------------------------------------------------


def client(
    server: ScriptedServer, transport: Transport, scheme: Scheme = BEARER
) -> ApiClient:
    clock = FakeClock(NOON)
    tokens = TokenProvider(
        Credential("client", "client-secret", "refresh"),
        auth_uri=f"{server.url}/token",
        transport=transport,
        clock=clock,
    )
    return ApiClient(
        base_url=f"{server.url}/",
        tokens=tokens,
        transport=transport,
        clock=clock,
        headers={"Amazon-Advertising-API-ClientId": "client"},
        scheme=scheme,
    )


def serve(server: ScriptedServer, *replies: Reply) -> None:
    """Hand out tokens t1, t2, ...; answer API calls in this order."""
    left, count = list(replies), [0]

    def choose(received: object) -> Reply:
        if getattr(received, "path", "") == "/token":
            count[0] += 1
            token = f'{{"access_token": "t{count[0]}", "expires_in": 3600}}'
            return Reply(200, token.encode())
        return left.pop(0) if len(left) > 1 else left[0]

    server.answer = choose


def test_a_call_carries_token_headers_and_body(
    server: ScriptedServer, transport: Transport
) -> None:
    serve(server, Reply(200, b"[1]"))
    found = client(server, transport).call(
        "POST",
        "/reports",
        headers={"Scope": "7"},
        params={"a": "b c"},
        json={"name": "é"},
        content_type="application/vnd.x+json",
    )
    assert found.json() == [1]
    call = server.received[-1]
    assert (call.method, call.path) == ("POST", "/reports?a=b+c")
    assert call.headers["authorization"] == "Bearer t1"
    assert call.headers["amazon-advertising-api-clientid"] == "client"
    assert call.headers["scope"] == "7"
    assert call.headers["content-type"] == "application/vnd.x+json"
    assert call.headers["user-agent"] == "tests/1"
    assert call.body == '{"name":"é"}'.encode()


def test_on_401_the_token_is_renewed_once(
    server: ScriptedServer, transport: Transport
) -> None:
    serve(server, Reply(401, b"{}"), Reply(200, b"{}"))
    assert client(server, transport).call("GET", "/x").status == 200
    assert [r.headers.get("authorization") for r in server.received] == [
        None,
        "Bearer t1",
        None,
        "Bearer t2",
    ]


def test_a_401_that_stays_is_handed_back(
    server: ScriptedServer, transport: Transport
) -> None:
    serve(server, Reply(401, b'{"detail": "Not authorized to access scope"}'))
    found = client(server, transport).call("GET", "/x")
    assert (found.status, found.message()) == (401, "Not authorized to access scope")
    assert len(server.received) == 4


OWN_SCHEME = Scheme(
    headers=lambda token: {"x-own-token": token},
    wants_new_token=lambda found: found.status == 403 and b"ended" in found.body,
)


def test_an_api_may_take_its_token_in_its_own_way(
    server: ScriptedServer, transport: Transport
) -> None:
    serve(server, Reply(403, b"ended"), Reply(401, b"{}"))

    found = client(server, transport, OWN_SCHEME).call("GET", "/x")

    assert found.status == 401, "its own sign of an ended token is another"
    calls = [r for r in server.received if r.path == "/x"]
    assert [r.headers["x-own-token"] for r in calls] == ["t1", "t2"]
    assert not any("authorization" in r.headers for r in server.received)


def test_a_call_may_have_a_token_of_its_own(
    server: ScriptedServer, transport: Transport
) -> None:
    """It is granted for that call, so nothing can renew it."""
    serve(server, Reply(401, b"{}"))

    found = client(server, transport).call("GET", "/x", token="granted")

    assert found.status == 401
    (only,) = server.received
    assert only.headers["authorization"] == "Bearer granted"


# --- reading answers -------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7.5 ", 7.5),
        ("0", 0.0),
        ("-3", 0.0),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOON - timedelta(seconds=90), usegmt=True), 0.0),
        ("Fri, 20 Nov 2026 12:00:30 -0000", 30.0),
        ("Fri, 20 Nov 2026 07:00:30 -0500", 30.0),
        ("1e300", 86400.0),
        ("inf", 86400.0),
        ("nan", None),
        ("soon", None),
        ("Fri, 99 Nov 2026 12:00:30 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(
    value: str, seconds: float | None
) -> None:
    assert answer(Retry_After=value).retry_after(NOON) == seconds


def test_without_the_header_there_is_no_retry_after() -> None:
    assert answer().retry_after(datetime.now(timezone.utc)) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code": "400", "detail": "columns"}', "columns"),
        (b'{"code": 400, "details": "columns"}', "columns"),
        (b'{"message": "Too Many Requests"}', "Too Many Requests"),
        (b'{"error": "x", "error_description": "no good"}', "no good"),
        (
            b'{"errors": [{"code": "A", "message": "denied.", "details": "no role"}]}',
            "denied. no role",
        ),
        (b'{"errors": [{"message": "one"}, {"message": "two"}, 3]}', "one two"),
        (b'{"errors": [{"code": "A", "details": ""}]}', None),
        (b'{"errors": "none"}', None),
        (b"<html><title>Bad</title>\n <p>Gateway</p></html>", "Bad Gateway"),
        (b"", "Bad Request"),
        (b"\xff\xfe", "��"),
        (b'{"detail": "' + b"x" * 2000 + b'"}', "x" * 500),
    ],
)
def test_amazons_own_words_are_found(body: bytes, words: str | None) -> None:
    """None: the body as it is."""
    assert Response(400, {}, body).message() == (
        body.decode() if words is None else words
    )


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[1]", b"", b'{"a": "\xff"}', b'{"a":' + b"[" * 100_000, b"NaN"],
    ids=["html", "array", "nothing", "not utf-8", "deep", "nan"],
)
def test_what_is_no_json_object_reads_as_empty(body: bytes) -> None:
    found = Response(400, {}, body)
    assert found.json_object() == {}
    assert len(found.message()) <= 500


def test_an_answer_shows_neither_headers_nor_body() -> None:
    assert "secret" not in repr(Response(200, {"Set-Cookie": "secret"}, b"secret"))


@pytest.mark.parametrize("name", ["x-amzn-RequestId", "x-amz-request-id", "x-amz-rid"])
def test_the_request_id_is_found(name: str) -> None:
    assert Response(400, {name: "R1"}, b"").request_id == "R1"
