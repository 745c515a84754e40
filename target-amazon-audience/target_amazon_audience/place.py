"""Requests that carry rows: what stands around them, and where they lead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from target_amazon_audience import wire


@dataclass(frozen=True, slots=True)
class Request:
    """The body of a request; ``rows`` is the JSON array in it, not copied."""

    body: bytearray = field(repr=False)
    rows: memoryview = field(repr=False)
    count: int
    has_consent: bool = False
    """Whether the consent of persons stands in it, and with it perhaps IP addresses."""

    def payload(self) -> bytes | memoryview:
        """Return the rows as they are kept until their job has succeeded."""
        return wire.payload(self.rows) if self.has_consent else self.rows


@dataclass(frozen=True, slots=True)
class Place:
    """Where records go: an audience, and the resource named with them."""

    audience_id: int
    target: str | None
    connection: str
    """Whose hourly volume the records count to."""

    def request(self, rows: Iterable[str], count: int, *, has_consent: bool) -> Request:
        """Return the request that carries these rows."""
        return self._around(wire.joined(rows), count, has_consent=has_consent)

    def again(self, payload: bytes, count: int) -> Request:
        """Return the request that carries rows which were kept."""
        return self._around((payload,), count, has_consent=False)

    def _around(
        self, array: Iterable[bytes], count: int, *, has_consent: bool
    ) -> Request:
        target = "" if self.target is None else f'"targetResource":{self.target},'
        head = f'{{"audienceId":{self.audience_id},{target}"records":'.encode()
        body = bytearray(head)
        for part in array:
            body += part
        body += b"}"
        return Request(body, memoryview(body)[len(head) : -1], count, has_consent)


NOWHERE = Place(0, None, "")
"""Of a run that sends nothing."""
