"""Where documents may be downloaded from."""

from __future__ import annotations

import pytest

from singer_amazon.documents.addresses import AddressCheck
from singer_amazon.documents.download import DocumentFetcher
from singer_amazon.documents.spool import Spool
from singer_amazon.errors import DocumentError
from singer_amazon.http.transport import Transport
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import Fetched, Unreadable
from support.core.reports import request
from support.core.scripted_server import Reply, scripted_server

NAMES = {
    "s3.example": ["52.216.1.1"],
    "inside.example": ["10.1.2.3"],
    "both.example": ["52.216.1.1", "192.168.0.1"],
    "meta.example": ["169.254.169.254"],
    "emulator": ["172.18.0.5"],
    "2130706433": ["127.0.0.1"],
}


REPORT = Report(request(), [], 0)


def resolve(host: str) -> list[str]:
    return NAMES.get(host, [host] if host[0].isdigit() or ":" in host else [])


def refused(url: str, endpoint: str | None = None) -> str:
    try:
        AddressCheck(endpoint, resolve)(url)
    except DocumentError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://s3.example/a?X-Amz-Signature=s", "https only"),
        ("https://inside.example/a", "private network"),
        ("https://both.example/a", "private network"),
        ("https://10.0.0.1/a", "private network"),
        ("https://127.0.0.1/a", "private network"),
        ("https://2130706433/a", "private network"),
        ("https://[::1]/a", "private network"),
        ("https://[::ffff:10.0.0.1]/a", "private network"),
        ("https://[fd00::1]/a", "private network"),
        ("https://0.0.0.0/a", "private network"),
        ("https://169.254.169.254/latest", "link-local"),
        ("https://meta.example/latest", "link-local"),
        ("https://[fe80::1]/a", "link-local"),
        ("file:///etc/passwd", "no https address"),
        ("ftp://s3.example/a", "no https address"),
        ("", "no https address"),
        ("https://[broken/a", "no https address"),
    ],
)
def test_other_addresses_are_refused_with_a_sentence(url: str, words: str) -> None:
    found = refused(url)
    assert words in found
    assert "Signature" not in found


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://s3.example/a", None),
        ("https://not-known-here.example/a", None),
        ("http://127.0.0.1:9/a", "http://127.0.0.1:8080"),
        ("https://10.0.0.1/a", "https://inside.example"),
        ("http://emulator:8080/a", "http://emulator:8080"),
    ],
)
def test_the_api_s_own_network_will_do(url: str, endpoint: str | None) -> None:
    assert not refused(url, endpoint)


def test_a_link_local_host_never_will() -> None:
    assert refused("http://169.254.169.254/", "http://127.0.0.1:8080")
    assert refused("http://emulator/", "http://127.0.0.1:8080")


def test_redirects_are_looked_at_too(tmp_path: object) -> None:
    spool, transport = Spool(str(tmp_path), 1000), Transport(user_agent="t/1")
    with scripted_server() as server:
        away = Reply(302, b"", {"Location": "http://169.254.169.254/latest"})
        on = Reply(307, b"", {"Location": "/there"})
        fetcher = DocumentFetcher(
            spool, transport, check_address=AddressCheck(server.url)
        )
        server.script(on, Reply(200, b"[]"))
        assert isinstance(fetcher.fetch(REPORT, lambda: server.url), Fetched)
        server.script(away)
        outcome = fetcher.fetch(REPORT, lambda: server.url)
        assert isinstance(outcome, Unreadable)
        assert "link-local" in outcome.reason
        server.script(on)
        outcome = fetcher.fetch(REPORT, lambda: server.url)
        assert isinstance(outcome, Unreadable)
        assert "redirected" in outcome.reason
