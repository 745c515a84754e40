"""Rows in temporary tables, by the block, and their digests by range.

A block is one value: a table with a row for each of them costs three times as much.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Generic, TypeVar

import msgspec

from target_amazon_audience.mirror.digests import Found, Slices, split
from target_amazon_audience.state.store import AudienceStore

BLOCK_ROWS = 2000
"""Rows that are packed, and held, at a time."""

T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

_ONE = " from temp.blocks where sink = :sink and kind = :kind and block = :number"


class Kind(IntEnum):
    """What digests are of."""

    PERSON = 0
    STAGED = 1
    HELD = 2


class Blocks(Generic[T]):
    """Rows of one audience in the order they came, each with a digest of each kind."""

    def __init__(
        self,
        store: AudienceStore,
        sink: int,
        decode: Callable[[msgspec.Raw], T],
        *kinds: Kind,
    ) -> None:
        self._store = store
        self._decode = decode
        self._kinds = kinds
        self._sink = sink
        self._count = 0
        self._seen = 0

    def add(self, rows: Sequence[T], *digests: array[int]) -> None:
        """Keep a block of rows, with their digests of each kind."""
        number, self._count = self._count, self._count + 1
        kept = b"".join(digests)
        slices = (
            (self._sink, kind.value, part, number, values)
            for kind, some in zip(self._kinds, digests, strict=True)
            for part, values in split(some)
        )
        with self._store.staging() as db:
            db.execute(
                "insert into temp.blocks values (:sink, :kind, :number, :kept, :rows)",
                {**self._at(number), "kept": kept, "rows": _encode(rows)},
            )
            db.executemany("insert into temp.digests values (?, ?, ?, ?, ?)", slices)

    def slices(self, kind: Kind, part: int) -> Slices:
        """Return the digests of a kind within a range."""
        with self._store.reading() as db:
            rows = db.execute(
                "select block, digests from temp.digests"
                " where sink = ? and kind = ? and part = ?",
                (self._sink, kind.value, part),
            )
            return [(block, array("q", digests)) for block, digests in rows]

    def take(self, *found: Found) -> Iterator[list[T]]:
        """Yield the rows that have a digest found of their kind; the others are left.

        Whatever was added before is not looked at again.
        """
        for number in self._new():
            chosen = [set(some.get(number, ())) for some in found]
            if any(chosen):
                kept, raws = self._block(number)
                hits = _hits(kept, len(raws), chosen)
                yield [self._decode(raws[at]) for at in hits]

    def take_all(self) -> Iterator[list[T]]:
        """Yield all rows that were added since the last time; drop them."""
        for number in self._new():
            rows = [self._decode(raw) for raw in self._block(number)[1]]
            with self._store.staging() as db:
                # what comes of them takes their room on disk
                db.execute(f"delete{_ONE}", self._at(number))
            yield rows

    def _new(self) -> range:
        new = range(self._seen, self._count)
        self._seen = self._count
        with self._store.staging() as db:
            db.executemany(
                "delete from temp.digests where sink = ? and kind = ?",
                [(self._sink, kind.value) for kind in self._kinds],
            )
        return new

    def _block(self, number: int) -> tuple[array[int], list[msgspec.Raw]]:
        """Return the digests of a block, kind by kind, and its rows."""
        with self._store.reading() as db:
            kept, rows = db.execute(
                f"select digests, rows{_ONE}", self._at(number)
            ).fetchone()
        return array("q", kept), _unpack(rows)

    def _at(self, number: int) -> dict[str, int]:
        return {"sink": self._sink, "kind": self._kinds[0].value, "number": number}


def _hits(kept: array[int], rows: int, chosen: Iterable[set[int]]) -> list[int]:
    """Return which rows have a digest that is chosen of its kind."""
    found = {
        at
        for n, some in enumerate(chosen)
        for at, digest in enumerate(kept[n * rows : (n + 1) * rows])
        if digest in some
    }
    return sorted(found)
