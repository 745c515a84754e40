"""A pipe gets every byte, whether or not the system can say how much it takes."""

from __future__ import annotations

import errno
import os
import sys
import threading
from io import TextIOWrapper

import pytest

from singer_amazon.tap.message_writer import MessageWriter

LINES = b"".join(b'{"n":%d,"text":"%s"}\n' % (n, b"x" * 100) for n in range(20_000))


def written(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Write to a pipe that somebody reads slowly, in pieces of odd sizes."""
    out, into = os.pipe()
    found = bytearray()

    def read() -> None:
        while block := os.read(out, 7_001):
            found.extend(block)

    reader = threading.Thread(target=read)
    reader.start()
    with TextIOWrapper(os.fdopen(into, "wb")) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        MessageWriter().write(LINES)
    reader.join()
    os.close(out)
    return bytes(found)


@pytest.mark.parametrize("refusal", [None, errno.EOPNOTSUPP, errno.ESPIPE])
def test_a_pipe_gets_every_line(
    monkeypatch: pytest.MonkeyPatch, refusal: int | None
) -> None:
    calls = []

    def refuse(*_: object) -> int:
        calls.append(1)
        assert refusal is not None
        raise OSError(refusal, "not on this system")

    if refusal is not None:
        monkeypatch.setattr(os, "pwritev", refuse)
        monkeypatch.setattr(os, "RWF_NOWAIT", 8, raising=False)
    assert written(monkeypatch) == LINES
    assert len(calls) <= 1  # asked once, and never again
