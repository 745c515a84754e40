"""Requests with records: their bytes, and how an API writes a member in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import msgspec

from target_amazon_audience.matching.member import Member

_AT_ONCE = 256
_IP_ADDRESS = re.compile(rb',"ipAddress":"[^"]*"')
_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode


class MemberFormat(Protocol):
    """How one API writes a member as JSON, and reads it back.

    ``array`` is always the JSON array of rows that stands in a request.
    """

    def rows(self, members: Iterable[Member], action: str) -> Iterator[str]:
        """Yield the JSON that creates or deletes each member."""

    def size(self, member: Member) -> int:
        """Return the bytes of a member's row, with the comma behind it."""

    def sizes(self, members: Sequence[Member]) -> int:
        """Return the bytes of the rows of all, with a comma behind each."""

    def ids_of(self, array: bytes | memoryview) -> list[str]:
        """Return whom the rows are about, in their order."""

    def pii_by_person(self, array: bytes | memoryview) -> dict[str, str]:
        """Return the packed data of each person in the rows."""

    def members_of(self, array: bytes | memoryview) -> Iterator[Member]:
        """Yield the members that the rows are about."""


@dataclass(frozen=True, slots=True)
class RecordsRequest:
    """The body of a request; ``rows`` is the JSON array in it, not copied."""

    body: bytearray = field(repr=False)
    rows: memoryview = field(repr=False)
    count: int
    has_consent: bool = False
    """Whether the consent of persons stands in it, and with it perhaps IP addresses."""

    def payload(self) -> bytes | memoryview:
        """Return the rows as they are kept until their job has succeeded.

        IP addresses are not in them: these are sent once and kept nowhere.
        """
        return _IP_ADDRESS.sub(b"", self.rows) if self.has_consent else self.rows


NO_ROWS = RecordsRequest(bytearray(), memoryview(b""), 0)
"""In the place of a request that is done with."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where records go: an audience, and how its API takes them."""

    audience_id: int
    """Its number in the database: Amazon's own where that is an integer."""
    target: str | None
    """The resource named with the records, as JSON."""
    connection: str
    """Whose hourly volume the records count to."""
    format: MemberFormat
    head: bytes = b'{"records":'
    """What stands before the array of rows; behind it the object is closed."""
    keeps_rows: bool = True
    """Whether rows are kept until a job has ended; else only where members are."""
    records_per_hour: int | None = None
    """How many records its API takes; None: those of the audience API."""

    def request(
        self, rows: Iterable[str], count: int, *, has_consent: bool
    ) -> RecordsRequest:
        """Return the request that carries these rows."""
        return self._around(_joined(rows), count, has_consent=has_consent)

    def repeat(self, payload: bytes, count: int) -> RecordsRequest:
        """Return the request that carries rows which were kept."""
        return self._around((payload,), count, has_consent=False)

    def _around(
        self, array: Iterable[bytes], count: int, *, has_consent: bool
    ) -> RecordsRequest:
        body = bytearray(self.head)
        for part in array:
            body += part
        body += b"}"
        return RecordsRequest(
            body, memoryview(body)[len(self.head) : -1], count, has_consent
        )


def rows_of(array: bytes | memoryview) -> list[str]:
    """Return the rows of a JSON array."""
    return [bytes(raw).decode() for raw in _decode_rows(array)]


def kept_consent(consent: str | None) -> str | None:
    """Return what may be kept of a person's consent."""
    return None if consent is None else _IP_ADDRESS.sub(b"", consent.encode()).decode()


def _joined(rows: Iterable[str]) -> Iterator[bytes]:
    """Yield rows as a JSON array, some at a time.

    These are megabytes: what is small stays in the processor's cache, and is never
    held as text and as bytes at once.
    """
    left, before = iter(rows), "["
    while some := ",".join(islice(left, _AT_ONCE)):
        yield f"{before}{some}".encode()
        before = ","
    yield b"[]" if before == "[" else b"]"
