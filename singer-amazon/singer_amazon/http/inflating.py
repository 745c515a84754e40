"""Inflates gzip in bounded steps: a few bytes may stand for gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

STEP_BYTES = 1024 * 1024
GZIP = 31
GZIP_OR_ZLIB = 47


class CutError(Exception):
    """The compressed data ends too early."""


def inflated(blocks: Iterable[bytes], wbits: int = GZIP) -> Iterator[bytes]:
    """Yield what the blocks hold, at most `STEP_BYTES` at a time.

    Raises:
        zlib.error: they are damaged.
        CutError: they end too early.
    """
    inflate = zlib.decompressobj(wbits)
    is_empty = True
    for block in blocks:
        left = block
        while left:
            is_empty = False
            data = inflate.decompress(left, STEP_BYTES)
            if data:
                yield data
            left = inflate.unconsumed_tail
            if inflate.eof:
                left = inflate.unused_data.lstrip(b"\0")
                if left:  # another member follows
                    inflate = zlib.decompressobj(wbits)
    while not inflate.eof and (data := inflate.decompress(b"", STEP_BYTES)):
        yield data
    if not (is_empty or inflate.eof):
        raise CutError
