"""Batches of members for one audience: one row per person, bounded rows and bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from target_amazon_audience.delivery.requests import (
    Destination,
    MemberFormat,
    RecordsRequest,
)
from target_amazon_audience.matching.member import MAX_OBJECTS, Member, merged


@dataclass(slots=True)
class BatchLimits:
    """How large a request may be; shrinks when Amazon says it is too large."""

    rows: int = 6000
    bytes: int = 4_000_000

    def refused(self, size: int) -> None:
        """Learn from a request of this many bytes that was too large."""
        self.bytes = max(min(self.bytes, size // 2), 1)


@dataclass(slots=True)
class Batch:
    """Members under way to one request, by external id."""

    opened_at: float
    members: dict[str, Member] = field(default_factory=dict)
    bytes: int = 0
    merged: int = 0
    crowded: int = 0
    """The most sets of personal data that one external id came with, if several."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Sets of personal data beyond what Amazon takes, by external id."""
    has_consent: bool = False
    """Whether anybody's consent goes to Amazon."""

    def request(self, action: str, destination: Destination) -> RecordsRequest:
        """Return the request that carries all its members."""
        rows = destination.format.rows(self.members.values(), action)
        count = len(self.members)
        return destination.request(rows, count, has_consent=self.has_consent)


class Batcher:
    """Fills one batch after the other; a full one is handed back by ``add``."""

    def __init__(
        self,
        limits: BatchLimits,
        form: MemberFormat,
        *,
        merges: bool = True,
        max_objects: int = MAX_OBJECTS,
    ) -> None:
        self._limits = limits
        self._size = form.size
        self._sizes = form.sizes
        self._merges = merges
        self._max_objects = max_objects
        self.open: Batch | None = None

    def add(self, member: Member, now: float) -> Batch | None:
        """Take a member; return the batch that had to be closed before it, if any.

        A second record of a person joins the first or replaces it.
        """
        batch = self.open
        if batch is None:
            batch = self.open = Batch(now)
        members, limits = batch.members, self._limits
        old = members.setdefault(member.external_id, member)
        if old is not member:
            self._again(batch, old, member)
            return None
        size = batch.bytes + self._size(member)
        is_over = size > limits.bytes or len(members) > limits.rows
        if is_over and len(members) > 1:
            del members[member.external_id]
            self.open = None
            self.add(member, now)
            return batch
        batch.bytes = size
        if member.consent is not None:
            batch.has_consent = True
        return None

    def add_all(
        self, members: Sequence[Member], now: float
    ) -> Iterator[tuple[int, Batch]]:
        """Take members; yield each batch that had to be closed before one of them.

        With it comes the number of members taken by then.
        """
        if not members or self._fits(members, now):
            return
        for number, member in enumerate(members, 1):
            full = self.add(member, now)
            if full is not None:
                yield number, full

    def _fits(self, members: Sequence[Member], now: float) -> bool:
        """Take members together, where all are new and the batch stays open."""
        batch, limits = self.open or Batch(now), self._limits
        new = {member.external_id: member for member in members}
        size = batch.bytes + self._sizes(members)
        if (
            len(new) < len(members)
            or len(batch.members) + len(new) > limits.rows
            or size > limits.bytes
            or not batch.members.keys().isdisjoint(new)
        ):
            return False
        self.open = batch
        batch.members.update(new)
        batch.bytes = size
        batch.has_consent |= any(member.consent is not None for member in members)
        return True

    def drop(self, external_id: str) -> bool:
        """Take a person out of the open batch; say whether one was in it."""
        batch = self.open
        if batch is None or (old := batch.members.pop(external_id, None)) is None:
            return False
        batch.bytes -= self._size(old)
        return True

    def close(self) -> Batch | None:
        """Return the open batch, if it holds anyone."""
        batch, self.open = self.open, None
        return batch if batch is not None and batch.members else None

    def _again(self, batch: Batch, old: Member, new: Member) -> None:
        # The person moves to the end, as if they had come only now.
        del batch.members[old.external_id]
        found = merged(old, new, self._max_objects) if self._merges else new
        if self._merges and len(found.pii) == self._max_objects:
            self._note_left_out(batch, old, new)
        batch.members[found.external_id] = found
        batch.bytes += self._size(found) - self._size(old)
        batch.has_consent |= found.consent is not None
        batch.merged += 1
        batch.crowded = max(batch.crowded, len(found.pii))

    def _note_left_out(self, batch: Batch, old: Member, new: Member) -> None:
        more = len({*old.pii, *new.pii}) - self._max_objects
        if more > 0:
            batch.left_out[new.external_id] += more
