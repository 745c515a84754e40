"""Downloads from pre-signed addresses, over lines that break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from singer_amazon.clock import FakeClock
from singer_amazon.documents.download import DocumentFetcher, download
from singer_amazon.documents.spool import Spool, SpoolClosedError, SpoolFile
from singer_amazon.errors import DocumentError, StorageError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Transport
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import Fetched, Unavailable, Unreadable, Vanished
from singer_amazon.reports.report import Report
from singer_amazon.retry_policy import POLICY
from support.core.reports import NOON, request
from support.core.scripted_server import (
    Received,
    Reply,
    Reset,
    Response,
    ScriptedServer,
    Silence,
    scripted_server,
)

CONTENT = bytes(range(256)) * 40


@dataclass
class Storage:
    """Pre-signed addresses of one document; each download is cut where set."""

    server: ScriptedServer
    cuts: list[int | Response] = field(default_factory=list)
    """What happens to each download: sent bytes before the cut, or an answer."""
    content: bytes = CONTENT
    tag: str | None = '"v1"'
    knows_ranges: bool = True
    addresses: int = 0

    def __post_init__(self) -> None:
        self.server.answer = self.serve

    def address(self) -> str:
        self.addresses += 1
        return f"{self.server.url}/document?X-Amz-Signature={self.addresses}"

    def serve(self, received: Received) -> Response:
        cut = self.cuts.pop(0) if self.cuts else len(self.content)
        if not isinstance(cut, int):
            return cut
        headers = {"ETag": self.tag} if self.tag else {}
        asked = re.match(r"bytes=(\d+)-$", received.headers.get("range", ""))
        if asked is None or not self.knows_ranges:
            body = self.content[:cut]
            return Reply(200, body, headers, promised=len(self.content))
        start = int(asked.group(1))
        if received.headers["if-range"] != self.tag:
            return Reply(200, self.content[:cut], headers, promised=len(self.content))
        total = len(self.content)
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        body = self.content[start : start + cut]
        return Reply(206, body, headers, promised=total - start)

    @property
    def ranges(self) -> list[str | None]:
        """Return which part each download asked for."""
        return [r.headers.get("range") for r in self.server.received]


@pytest.fixture
def storage() -> Iterator[Storage]:
    with scripted_server() as server:
        yield Storage(server)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(str(tmp_path), 10**9)
    yield spool
    spool.close()


@pytest.fixture
def transport() -> Transport:
    return Transport(
        user_agent="tests/1", max_attempts=4, timeout=(1.0, 0.2), retry_wait=0.001
    )


def fetch(storage: Storage, spool: Spool, transport: Transport) -> SpoolFile:
    file = spool.create()
    try:
        download(transport, storage.address, file, max_attempts=4)
    except BaseException:
        file.discard()
        raise
    return file


def test_a_document_comes_byte_for_byte(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    file = fetch(storage, spool, transport)
    assert file.path.read_bytes() == CONTENT
    assert file.is_complete
    assert storage.addresses == 1


def test_bytes_are_kept_as_they_are_whatever_the_headers_say(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    storage.cuts = [Reply(200, CONTENT, {"Content-Encoding": "gzip"})]
    assert fetch(storage, spool, transport).path.read_bytes() == CONTENT


def test_a_download_goes_on_where_it_broke_off(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    storage.cuts = [3000, 2000, 0]
    file = fetch(storage, spool, transport)
    assert file.path.read_bytes() == CONTENT
    assert storage.ranges == [None, "bytes=3000-", "bytes=5000-", "bytes=5000-"]
    assert storage.addresses == 4
    assert spool.used == len(CONTENT)


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_firm_version_a_download_starts_over(
    storage: Storage, spool: Spool, transport: Transport, tag: str | None
) -> None:
    storage.tag, storage.cuts = tag, [3000]
    file = fetch(storage, spool, transport)
    assert file.path.read_bytes() == CONTENT
    assert storage.ranges == [None, None]
    assert spool.used == len(CONTENT)


def test_where_the_server_cannot_go_on_the_download_starts_over(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    storage.knows_ranges, storage.cuts = False, [3000, 5000]
    file = fetch(storage, spool, transport)
    assert file.path.read_bytes() == CONTENT
    assert spool.used == len(CONTENT)


def test_a_document_that_changed_meanwhile_is_read_anew(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    storage.cuts = [3000]
    first = storage.serve

    def change(received: Received) -> Response:
        answer = first(received)
        storage.content, storage.tag = CONTENT[::-1], '"v2"'
        return answer

    storage.server.answer = change
    assert fetch(storage, spool, transport).path.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(
    "odd",
    [
        Reply(206, b"wrong", {"Content-Range": "bytes 7-11/12", "ETag": '"v1"'}),
        Reply(206, b"wrong", {"ETag": '"v1"'}),
        Reply(416, b"no such range"),
    ],
    ids=["elsewhere", "nowhere", "416"],
)
def test_a_part_from_the_wrong_place_is_not_taken(
    storage: Storage, spool: Spool, transport: Transport, odd: Reply
) -> None:
    storage.cuts = [3000, odd]
    file = fetch(storage, spool, transport)
    assert file.path.read_bytes() == CONTENT
    assert storage.ranges == [None, "bytes=3000-", None]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_expired_address_is_asked_for_anew(
    storage: Storage, spool: Spool, transport: Transport, status: int
) -> None:
    storage.cuts = [Reply(status, b"<Error>Request has expired</Error>"), 3000]
    storage.cuts += [Reply(status)]
    file = fetch(storage, spool, transport)
    assert file.path.read_bytes() == CONTENT
    assert [r.path[-1] for r in storage.server.received] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("trouble", [Reset(), Silence(), Reply(500), Reply(503)])
def test_trouble_is_tried_again(
    storage: Storage, spool: Spool, transport: Transport, trouble: Response
) -> None:
    storage.cuts = [trouble]
    assert fetch(storage, spool, transport).path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (0, "broke off|ended after 0 of 10240 bytes"),
        (Reply(403), r"address is refused \(HTTP 403\): it may have expired"),
        (Reply(410), "the download answered HTTP 410"),
    ],
)
def test_after_so_many_tries_it_is_told_why(
    storage: Storage,
    spool: Spool,
    transport: Transport,
    cut: int | Response,
    words: str,
) -> None:
    storage.cuts = [cut] * 10
    with pytest.raises(DocumentError, match=words) as caught:
        fetch(storage, spool, transport)
    assert len(storage.server.received) == 4
    assert "Signature" not in str(caught.value)


@pytest.mark.parametrize(
    ("cut", "words", "is_answered"),
    [
        (Reply(503), "the download from 127.0.0.1:[0-9]+ failed: HTTP 503", True),
        (Reply(429), "HTTP 429", True),
        (Reset(), "connection lost", False),
        (Silence(), "no answer in time", False),
    ],
)
def test_a_host_that_does_not_answer_is_no_fault_of_the_document(
    storage: Storage,
    spool: Spool,
    transport: Transport,
    cut: Response,
    words: str,
    is_answered: bool,
) -> None:
    storage.cuts = [cut] * 10
    fetcher = DocumentFetcher(spool, transport)
    outcome = fetcher.fetch(report(), storage.address)
    assert isinstance(outcome, Unavailable)
    assert outcome.is_outage
    assert outcome.is_of_downloads
    assert outcome.is_answered is is_answered
    assert re.search(words, outcome.reason)
    assert "Signature" not in outcome.reason
    assert len(storage.server.received) == transport.max_attempts
    assert spool.used == 0


def test_a_line_that_breaks_and_stays_away_is_an_outage(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    storage.cuts = [3000, Reset(), Reset(), Reset()]
    outcome = DocumentFetcher(spool, transport).fetch(report(), storage.address)
    assert isinstance(outcome, Unavailable)
    assert outcome.is_of_downloads


def test_the_tries_of_a_download_end_with_the_run(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    storage.cuts = [Reply(503)] * 10
    transport.time_left = lambda: -1000.0 * POLICY.download_grace
    transport.retry_wait = 1000.0
    outcome = DocumentFetcher(spool, transport).fetch(report(), storage.address)
    assert isinstance(outcome, Unavailable)


def test_no_credential_goes_to_a_pre_signed_address(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    """Although API and storage share the host, the session and the thread."""
    clock = FakeClock(NOON)
    tokens = TokenProvider(
        Credential("client", "client-secret", "refresh"),
        auth_uri=f"{storage.server.url}/token",
        transport=transport,
        clock=clock,
    )
    api = ApiClient(
        base_url=storage.server.url,
        tokens=tokens,
        transport=transport,
        clock=clock,
        headers={"Amazon-Advertising-API-ClientId": "client"},
    )
    token = Reply(200, b'{"access_token": "t1"}', {"Set-Cookie": "a=secret"})
    storage.cuts = [token, Reply(200, b"{}", {"Set-Cookie": "b=secret"})]
    api.call("GET", "/x", headers={"Amazon-Advertising-API-Scope": "7"})
    fetch(storage, spool, transport)
    assert set(storage.server.received[-1].headers) == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }


# --- the fetcher -----------------------------------------------------------


class FakeArchive:
    """A raw store that keeps documents in a dictionary."""

    def __init__(self, error: StorageError | None = None) -> None:
        self.kept: dict[str, bytes] = {}
        self.error = error

    def check(self) -> None:
        pass

    def keep(self, path: Path, name: str) -> None:
        if self.error is not None:
            raise self.error
        self.kept[name] = path.read_bytes()


def report() -> Report:
    subscribers = [request(1, 2, stream=name, fingerprint="f") for name in ("a", "b")]
    return Report(subscribers[0], subscribers, rank=0, report_id="r-1")


def test_a_fetched_document_lies_in_the_spool_and_on_the_shelf(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    archive = FakeArchive()
    outcome = DocumentFetcher(spool, transport, archive).fetch(
        report(), storage.address
    )
    assert isinstance(outcome, Fetched)
    assert isinstance(outcome.document, SpoolFile)
    assert outcome.document.path.read_bytes() == CONTENT
    assert archive.kept == {
        "a/1/2026-10-01_2026-10-02_r-1.json.gz": CONTENT,
        "b/1/2026-10-01_2026-10-02_r-1.json.gz": CONTENT,
    }


def test_a_document_that_cannot_be_had_is_unreadable(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    storage.cuts = [Reply(403)] * 10
    fetcher = DocumentFetcher(spool, transport)
    outcome = fetcher.fetch(report(), storage.address)
    assert isinstance(outcome, Unreadable)
    assert spool.used == 0
    assert fetcher.has_space()


def test_a_document_that_cannot_be_kept_is_left_for_later(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    """It is no gap: Amazon's document is fine."""
    archive = FakeArchive(StorageError("the document was not kept: disk full"))
    outcome = DocumentFetcher(spool, transport, archive).fetch(
        report(), storage.address
    )
    assert outcome == Unavailable("the document was not kept: disk full")
    assert spool.used == 0


def test_a_spool_that_cannot_be_written_is_no_fault_of_the_document(
    storage: Storage, transport: Transport, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    spool = Spool(str(tmp_path / "file"), 1000)
    outcome = DocumentFetcher(spool, transport).fetch(report(), storage.address)
    assert isinstance(outcome, Unavailable)
    assert "spool_dir" in outcome.reason
    spool.close()


def test_an_answer_instead_of_an_address_goes_to_the_engine(
    spool: Spool, transport: Transport
) -> None:
    def address() -> str:
        raise OutcomeError(Vanished())

    with pytest.raises(OutcomeError):
        DocumentFetcher(spool, transport).fetch(report(), address)
    assert spool.used == 0
    assert spool.has_space()


def test_the_end_of_the_run_ends_a_download(
    storage: Storage, spool: Spool, transport: Transport
) -> None:
    spool.close()
    with pytest.raises(SpoolClosedError):
        DocumentFetcher(spool, transport).fetch(report(), storage.address)
    assert storage.server.received == []
