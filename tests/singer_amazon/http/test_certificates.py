"""Certificates that are not valid, and files of them that are not there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from singer_amazon.clock import FakeClock
from singer_amazon.documents.download import DocumentFetcher
from singer_amazon.documents.s3_archive import S3Archive
from singer_amazon.documents.spool import Spool
from singer_amazon.errors import AmazonError, RejectedError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.transport import Transport
from singer_amazon.reports.report import Report
from singer_amazon.s3.access import S3Access
from support.core.certificates import certificate_file, server_context
from support.core.reports import NOON, request
from support.core.scripted_server import Reply, ScriptedServer, scripted_server


def transport() -> Transport:
    return Transport(user_agent="t/1", max_attempts=3, retry_wait=0.001)


def call(server: ScriptedServer, _: Path) -> None:
    transport().send("GET", f"{server.url}/x?secret=1")


def token(server: ScriptedServer, _: Path) -> None:
    provider = TokenProvider(
        Credential("id", "secret", "Atzr|secret"),
        auth_uri=f"{server.url}/auth/o2/token",
        transport=transport(),
        clock=FakeClock(NOON),
    )
    provider.token()


def document(server: ScriptedServer, folder: Path) -> None:
    spool = Spool(str(folder), 10**9)
    try:
        DocumentFetcher(spool, transport()).fetch(
            Report(request(), [], 0), lambda: f"{server.url}/x?secret=1"
        )
    finally:
        spool.close()


Ask = Callable[[ScriptedServer, Path], None]
ALL = pytest.mark.parametrize("ask", [call, token, document])


def refusal(ask: Ask, server: ScriptedServer, folder: Path) -> str:
    with pytest.raises(RejectedError) as caught:
        ask(server, folder)
    text = str(caught.value)
    assert "secret" not in text
    return text


@ALL
@pytest.mark.parametrize(
    ("days", "host", "is_known", "words"),
    [
        (-1, "127.0.0.1", True, "certificate has expired"),
        (1, "127.0.0.1", False, "self-signed certificate|self signed certificate"),
        (1, "10.1.2.3", True, "IP address mismatch"),
    ],
    ids=["expired", "self-signed", "of another host"],
)
def test_a_certificate_that_is_not_valid_is_called_by_name_and_tried_once(
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    host: str,
    is_known: bool,
    words: str,
) -> None:
    file = certificate_file(tmp_path, days=days, host=host)
    if is_known:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with scripted_server(server_context(file)) as server:
        sentence = refusal(ask, server, tmp_path)
        assert any(word in sentence for word in words.split("|")), sentence
        assert "certificate of the server is not valid" in sentence
        assert "REQUESTS_CA_BUNDLE" in sentence
        assert server.connections <= 1
        assert server.received == []


def test_a_certificate_of_a_known_authority_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate_file(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with scripted_server(server_context(file)) as server:
        server.script(Reply(200, b"{}"))
        assert transport().send("GET", server.url).status == 200


@ALL
@pytest.mark.parametrize(
    "content",
    [None, b"", b"no certificate", b"\0\xff" * 500, b"-----BEGIN CERTIFICATE"],
)
def test_a_file_of_certificates_that_is_none_is_a_sentence(
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    authorities = tmp_path / "authorities.pem"
    if content is not None:
        authorities.write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authorities))
    file = certificate_file(tmp_path)
    with caplog.at_level(logging.INFO), scripted_server(server_context(file)) as server:
        sentence = refusal(ask, server, tmp_path)
    assert "file of CA certificates" in sentence
    assert "REQUESTS_CA_BUNDLE" in sentence
    assert "again in" not in caplog.text


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_s3_names_its_own_file_of_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    authorities = tmp_path / "authorities.pem"
    if content is not None:
        authorities.write_bytes(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authorities))
    file = certificate_file(tmp_path)
    with scripted_server(server_context(file)) as server:
        access = S3Access(
            access_key_id="a", secret_access_key="secret-words", endpoint=server.url
        )
        with pytest.raises(AmazonError) as caught:
            S3Archive("bucket", "prefix", access, "raw_report_uri").check()
    assert "AWS_CA_BUNDLE" in str(caught.value)
    assert "secret-words" not in str(caught.value)
