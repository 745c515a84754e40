"""Answers that never end, in time or in size, cost neither the run nor memory."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from singer_amazon.clock import SystemClock
from singer_amazon.documents.json_array import pieces, unpacked
from singer_amazon.errors import DocumentError, RejectedError, TransientError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.transport import MAX_ANSWER_BYTES, Transport
from singer_amazon.records.row_encoder import TypedRowEncoder
from singer_amazon.retry_policy import POLICY
from support.core.scripted_server import (
    Reply,
    ScriptedServer,
    Trickle,
    scripted_server,
)

MEGABYTE = 1024 * 1024


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def transport() -> Transport:
    """One whose run is over: nothing may take longer than the grace after it."""
    made = Transport(user_agent="t/1", max_attempts=5, retry_wait=0.001)
    made.time_left = lambda: -1.0
    return made


def call(transport: Transport, url: str) -> None:
    transport.send("GET", f"{url}/x")


def token(transport: Transport, url: str) -> None:
    credential = Credential("id", "secret", "Atzr|secret")
    TokenProvider(
        credential, auth_uri=f"{url}/token", transport=transport, clock=SystemClock()
    ).token()


Ask = Callable[[Transport, str], None]


@pytest.mark.parametrize("ask", [call, token])
def test_an_answer_that_trickles_ends_with_the_run(
    server: ScriptedServer,
    transport: Transport,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = replace(POLICY, grace=0.3)
    monkeypatch.setattr("singer_amazon.http.transport.POLICY", quick)
    server.script(Trickle())
    began = time.monotonic()
    with pytest.raises(TransientError, match="no answer in time"):
        ask(transport, server.url)
    assert time.monotonic() - began < 5


def inflating(megabytes: int) -> bytes:
    """Return gzip that stands for so many megabytes of a JSON text, quickly made."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = squeeze.compress(b'{"x":"') + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(b"a" * MEGABYTE) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return start + block * megabytes


@pytest.mark.parametrize("ask", [call, token])
def test_an_answer_that_inflates_to_1200_megabytes_takes_no_such_memory(
    server: ScriptedServer, transport: Transport, ask: Ask
) -> None:
    server.script(Reply(200, inflating(1200), {"Content-Encoding": "gzip"}))
    transport.time_left = None
    tracemalloc.start()
    try:
        with pytest.raises(RejectedError, match="more than 64 MiB") as caught:
            ask(transport, server.url)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * MAX_ANSWER_BYTES
    assert len(server.received) == 1
    assert "aaaa" not in str(caught.value)


def test_a_document_with_one_text_of_400_megabytes_is_a_sentence_in_linear_time(
    tmp_path: Path,
) -> None:
    row = json.dumps([{"campaignId": 1, "campaignName": "@"}]).partition("@")
    document = tmp_path / "document"
    with gzip.open(document, "wb", compresslevel=1) as file:
        file.write(row[0].encode())
        for _ in range(400):
            file.write(b"x" * MEGABYTE)
        file.write(row[2].encode())
    encoder = TypedRowEncoder({"campaignId": "id", "campaignName": "string"}, ())
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(DocumentError, match="no end of a row within"):
            list(pieces(unpacked(document), encoder.parse))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 300 * MEGABYTE
    assert time.process_time() - began < 10
