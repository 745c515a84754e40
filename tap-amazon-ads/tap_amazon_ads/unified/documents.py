"""The rows of a document of Ads API v1, in flat memory.

Amazon does not say whether a JSON file of v1 is an array or one object a line: both are
read, in each part by itself. A part may hold no row at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from singer_amazon.documents.json_array import MAX_ROW_BYTES, pieces, unpacked
from singer_amazon.documents.spool import SpoolFile
from singer_amazon.errors import DocumentError

T = TypeVar("T")

_BLANK = b" \t\r\n\xef\xbb\xbf"


def rows_of(
    document: SpoolFile, parse: Callable[[bytes], list[T]]
) -> Iterator[list[T]]:
    """Yield the rows of all parts; `parse` gets JSON arrays with some rows each.

    Raises:
        DocumentError: a part is damaged.
    """
    ends = document.part_ends or [document.size]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        yield from _part(unpacked(document.path, start, end), parse)


def _part(
    blocks: Iterator[bytes], parse: Callable[[bytes], list[T]]
) -> Iterator[list[T]]:
    begun = b""
    for block in blocks:
        begun += block
        if start := begun.lstrip(_BLANK):
            rest = itertools.chain([begun], blocks)
            is_array = start.startswith(b"[")
            yield from pieces(rest, parse) if is_array else _lines(rest, parse)
            return


def _lines(
    blocks: Iterable[bytes], parse: Callable[[bytes], list[T]]
) -> Iterator[list[T]]:
    """Parse lines of JSON objects: a block's whole lines at a time."""
    left = b""
    for block in blocks:
        left += block
        whole, newline, rest = left.rpartition(b"\n")
        if newline:
            yield _parsed(whole, parse)
            left = rest
        elif len(left) > MAX_ROW_BYTES:
            msg = f"no end of a row within {MAX_ROW_BYTES} bytes"
            raise DocumentError(msg)
    yield _parsed(left, parse)


def _parsed(lines: bytes, parse: Callable[[bytes], list[T]]) -> list[T]:
    rows = [line for line in lines.split(b"\n") if line.strip(_BLANK)]
    try:
        return parse(b"[" + b",".join(rows) + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"the document is neither a JSON array nor lines of JSON ({error})"
        raise DocumentError(msg) from None
