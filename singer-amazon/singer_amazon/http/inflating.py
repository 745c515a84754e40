"""Inflates gzip in bounded steps: a few bytes may stand for gigabytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from singer_amazon.http.deflate import DAMAGED, GZIP, decompressor

STEP_BYTES = 1024 * 1024
_GZIP_BEGINS = 0x1F


class DamagedError(Exception):
    """The compressed data makes no sense."""


class CutError(DamagedError):
    """It ends too early."""


def inflated(blocks: Iterable[bytes], wbits: int = GZIP) -> Iterator[bytes]:
    """Yield what the blocks hold, at most `STEP_BYTES` at a time.

    Raises:
        DamagedError: they are damaged.
        CutError: they end too early.
    """
    try:
        yield from _inflated(blocks, wbits)
    except DAMAGED as error:
        raise DamagedError(str(error)) from None


def _inflated(blocks: Iterable[bytes], wbits: int) -> Iterator[bytes]:
    inflate = decompressor(wbits)
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
                    _check_member(left, wbits)
                    inflate = decompressor(wbits)
    while not inflate.eof and (data := inflate.decompress(b"", STEP_BYTES)):
        yield data
    if not (is_empty or inflate.eof):
        raise CutError


def _check_member(data: bytes, wbits: int) -> None:
    if wbits == GZIP and data[0] != _GZIP_BEGINS:
        raise DamagedError("something follows that is no gzip data")
