"""Our own columns, spliced into a record's JSON text without parsing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from target_s3.errors import FormatError

NULL = b"null"
EXTRACTED_AT = "_sdc_extracted_at"
PROCESS_DATE = "_process_date"


def exact_number(text: str) -> Decimal | msgspec.Raw:
    """Return a number with every digit; Python has none for exponents of 20 digits."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return msgspec.Raw(text.encode())


# For those who must look into a record: every digit of a number is kept.
decode_exactly = msgspec.json.Decoder(dict[str, Any], float_hook=exact_number).decode
encode_exactly = msgspec.json.Encoder(decimal_format="number").encode


class RecordMetadata:
    """Adds the columns the user asked for to each row."""

    def __init__(self, *, extracted_at: bool, process_date: bool) -> None:
        self._extracted_at = extracted_at
        self._process_date = process_date
        self._received = NULL
        added = {EXTRACTED_AT: extracted_at, PROCESS_DATE: process_date}
        self.columns = tuple(name for name, is_added in added.items() if is_added)

    def received(self, now: datetime) -> None:
        """Set the time that the rows to come were received at."""
        self._received = msgspec.json.encode(now.isoformat())

    def apply(self, record: bytes, time_extracted: bytes) -> bytes:
        """Return the record, an object's JSON text, with our columns at its end.

        A record that brings such a column itself keeps its own value.
        """
        row = record
        if self._extracted_at:
            if not time_extracted or time_extracted == NULL:
                time_extracted = self._received
            row = _with(row, _EXTRACTED_AT_KEY, time_extracted)
        if self._process_date:
            row = _with(row, _PROCESS_DATE_KEY, self._received)
        return row


_EXTRACTED_AT_KEY = f'"{EXTRACTED_AT}"'.encode()
_PROCESS_DATE_KEY = f'"{PROCESS_DATE}"'.encode()


def _with(row: bytes, key: bytes, value: bytes) -> bytes:
    # The name is looked for in the bytes first: parsing is for the rare hit, which
    # may as well be text inside a value.
    if key in row and has_column(row, key):
        return row
    # Only an empty object has no colon.
    comma = b"," if b":" in row else b""
    return b"".join((row[:-1], comma, key, b":", value, b"}"))


def has_column(row: bytes, key: bytes) -> bool:
    """Whether the object has the column, whose name is given as JSON text."""
    try:
        return msgspec.json.decode(key) in _decode_names(row)
    except RecursionError:  # as deep as could just be read
        return key in row


_decode_names = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@contextmanager
def unreadable_rows(stream: str, purpose: str) -> Iterator[None]:
    """Turn what the parser cannot read, though it is JSON, into a sentence."""
    try:
        yield
    except (msgspec.MsgspecError, RecursionError):
        msg = (
            f"Stream {stream}: a record holds a number of over 4,300 digits, or is "
            f"nested too deep to be read for {purpose}; the format jsonl.gz without "
            "stream maps stores records as they are."
        )
        raise FormatError(msg, stream=stream) from None
