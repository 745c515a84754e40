"""Documents in several parts: one look for all addresses, each part tried by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from singer_amazon.documents.download import DocumentFetcher
from singer_amazon.documents.json_array import unpacked
from singer_amazon.documents.spool import Spool, SpoolFile
from singer_amazon.http.transport import Transport
from singer_amazon.reports.model import Fetched, Outcome, Unreadable
from singer_amazon.reports.report import Report
from support.core.reports import request
from support.core.scripted_server import (
    Received,
    Reply,
    Response,
    ScriptedServer,
    scripted_server,
)

PARTS = (b"first" * 900, b"second" * 900, b"third" * 900)


class Storage:
    """Three parts under addresses that change with each look."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.looks = 0
        self.failures: list[Response | int] = []
        """What happens to the second part: an answer, or sent bytes before a cut."""
        server.answer = self.serve

    def addresses(self) -> tuple[str, ...]:
        self.looks += 1
        return tuple(
            f"{self.server.url}/{number}?look={self.looks}"
            for number in range(len(PARTS))
        )

    def serve(self, received: Received) -> Response:
        number = int(received.path.lstrip("/").partition("?")[0])
        content = PARTS[number]
        failure = self.failures.pop(0) if number == 1 and self.failures else None
        if failure is not None and not isinstance(failure, int):
            return failure
        start = int((received.headers.get("range") or "bytes=0-")[6:-1])
        headers = {"ETag": f'"{number}"'}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content)}/{len(content)}"
        return Reply(
            206 if start else 200,
            content[start : None if failure is None else start + failure],
            headers,
            promised=len(content) - start,
        )


@pytest.fixture
def storage() -> Iterator[Storage]:
    with scripted_server() as server:
        yield Storage(server)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(str(tmp_path), 10**9)
    yield spool
    spool.close()


def fetch(storage: Storage, spool: Spool) -> Outcome:
    transport = Transport(
        user_agent="tests/1", max_attempts=4, timeout=(1.0, 0.5), retry_wait=0.001
    )
    report = Report(request(stream="a"), [], 0, report_id="r-1")
    return DocumentFetcher(spool, transport).fetch(report, storage.addresses)


def parts_of(file: SpoolFile) -> list[bytes]:
    starts = [0, *file.part_ends[:-1]]
    return [
        b"".join(unpacked(file.path, start, end))
        for start, end in zip(starts, file.part_ends, strict=True)
    ]


def test_one_look_brings_all_parts(storage: Storage, spool: Spool) -> None:
    outcome = fetch(storage, spool)
    assert isinstance(outcome, Fetched)
    assert isinstance(outcome.document, SpoolFile)
    assert parts_of(outcome.document) == list(PARTS)
    assert storage.looks == 1
    assert spool.used == sum(map(len, PARTS))
    outcome.document.discard()
    assert spool.used == 0


@pytest.mark.parametrize("failure", [Reply(403), 1000])
def test_a_part_is_tried_again_by_itself(
    storage: Storage, spool: Spool, failure: Response | int
) -> None:
    storage.failures = [failure]
    outcome = fetch(storage, spool)
    assert isinstance(outcome, Fetched)
    assert isinstance(outcome.document, SpoolFile)
    assert parts_of(outcome.document) == list(PARTS)
    assert storage.looks == 2
    asked = [(r.path, r.headers.get("range")) for r in storage.server.received]
    rest = "bytes=1000-" if failure == 1000 else None
    assert asked == [
        ("/0?look=1", None),
        ("/1?look=1", None),
        ("/1?look=2", rest),
        ("/2?look=2", None),
    ]


def test_a_part_that_cannot_be_had_makes_the_whole_unreadable(
    storage: Storage, spool: Spool
) -> None:
    storage.failures = [Reply(403)] * 9
    assert isinstance(fetch(storage, spool), Unreadable)
    assert spool.used == 0


def test_a_part_that_starts_over_leaves_those_before_it(
    spool: Spool,
) -> None:
    file = spool.create()
    file.write(b"kept")
    file.end_part()
    file.write(b"broken")
    assert file.part_size == 6
    file.restart()
    assert (file.size, file.part_size, spool.used) == (4, 0, 4)
    file.write(b"new")
    file.end_part()
    file.finish()
    assert parts_of(file) == [b"kept", b"new"]
