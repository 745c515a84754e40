"""zlib, or Intel's version of it, which is several times as fast.

Both read and write the same format. There is none of Intel's for some machines.
"""

from __future__ import annotations

import zlib
from typing import Any, Protocol, cast

try:
    from isal import isal_zlib
except ImportError:
    isal_zlib = None  # type: ignore[assignment]

_fast: Any = isal_zlib
GZIP = 31
GZIP_OR_ZLIB = 47
_LEVEL = 3
"""Packs to a seventh of report rows; level 6 saves a sixth more in twice the time."""
_FAST_LEVEL = 2
"""Packs as level 3 of zlib does, in a fifth of its time."""

DAMAGED: tuple[type[Exception], ...] = (
    zlib.error,
    *(() if _fast is None else (_fast.error,)),
)
"""What is raised where compressed data make no sense."""


class Compressor(Protocol):
    """The compressing object of zlib and its like."""

    def compress(self, data: bytes | bytearray, /) -> bytes:
        """Take bytes and return what is packed by now."""

    def flush(self) -> bytes:
        """Return the rest."""


class Decompressor(Protocol):
    """The decompressing object of zlib and its like."""

    unused_data: bytes
    unconsumed_tail: bytes
    eof: bool

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        """Take bytes and return at most so many."""


def gzip_compressor() -> Compressor:
    """Return what packs one gzip member."""
    if _fast is None:
        return zlib.compressobj(_LEVEL, wbits=GZIP)
    return cast("Compressor", _fast.compressobj(_FAST_LEVEL, wbits=GZIP))


def decompressor(wbits: int = GZIP) -> Decompressor:
    """Return what unpacks one member of a format that zlib knows by a number."""
    if _fast is None:
        return cast("Decompressor", zlib.decompressobj(wbits))
    return cast("Decompressor", _fast.decompressobj(wbits))
