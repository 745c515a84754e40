"""Records that wait for their expansions, in the order they came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_amazon_sp.endpoints.expansions import Expansion, ExpansionCall
from tap_amazon_sp.endpoints.pages.pagination import Record

if TYPE_CHECKING:
    from tap_amazon_sp.endpoints.bookmarks import TableBookmark


@dataclass(slots=True, eq=False)
class PendingRecord:
    """A record whose expansions are not all read."""

    record: Record
    calls: deque[ExpansionCall]
    failed_for: set[TableBookmark] = field(default_factory=set)
    """Tables that do not get the record: it is tried again for them."""


class ExpansionQueue:
    """First in, first out: complete records leave it."""

    def __init__(self) -> None:
        self._records: deque[PendingRecord] = deque()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def expansion(self) -> Expansion | None:
        """What is to be requested next."""
        return self._records[0].calls[0].expansion if self._records else None

    @property
    def first(self) -> PendingRecord:
        """The record whose turn it is."""
        return self._records[0]

    def add(self, record: PendingRecord) -> None:
        """Take a record in, even one that has no calls left."""
        self._records.append(record)

    def drop(self, expansion: Expansion) -> None:
        """Forget all calls of an expansion that cannot be read."""
        for pending in self._records:
            left = [call for call in pending.calls if call.expansion is not expansion]
            pending.calls = deque(left)

    def complete(self) -> Iterator[PendingRecord]:
        """Take out the records that are complete, up to the first that is not."""
        while self._records and not self._records[0].calls:
            yield self._records.popleft()
