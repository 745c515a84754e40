"""Rows in temporary tables, by the block, and their digests by range.

A block is one value: a table with a row for each of them costs three times as much.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import Any, Generic, TypeVar

import msgspec

from target_amazon_audience.mirror.digests import split
from target_amazon_audience.state.store import AudienceStore

BLOCK_ROWS = 2000
"""Rows that are packed, and held, at a time."""

T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

_INSERT = (
    "insert into temp.blocks values (:sink, :kind, :number, :digests, :keys, :rows)"
)
_ONE = " from temp.blocks where sink = :sink and kind = :kind and block = :number"


class Kind(IntEnum):
    """What rows are of."""

    STAGED = 0
    HELD = 1


class Blocks(Generic[T]):
    """Rows of one audience in the order they came.

    A row has a digest, by which it is compared, and a key, by which it is taken.
    """

    def __init__(
        self,
        store: AudienceStore,
        sink: int,
        kind: Kind,
        decode: Callable[[msgspec.Raw], T],
    ) -> None:
        self._store = store
        self._of = {"sink": sink, "kind": kind.value}
        self._decode = decode
        self._count = 0
        self._seen = 0

    def add(self, rows: Sequence[T], digests: array[int], keys: array[int]) -> None:
        """Keep a block of rows, with the digest and the key of each."""
        number, self._count = self._count, self._count + 1
        values: dict[str, Any] = {
            **self._of,
            "number": number,
            "digests": digests,
            "keys": keys,
        }
        slices = ((*self._of.values(), n, number, some) for n, some in split(digests))
        with self._store.staging() as db:
            values["rows"] = _encode(rows)
            db.execute(_INSERT, values)
            db.executemany("insert into temp.digests values (?, ?, ?, ?, ?)", slices)

    def digests(self, part: int) -> set[int]:
        """Return the digests within a range."""
        found: set[int] = set()
        with self._store.reading() as db:
            rows = db.execute(
                "select digests from temp.digests"
                " where sink = :sink and kind = :kind and part = :part",
                {**self._of, "part": part},
            )
            for (digests,) in rows:
                found.update(array("q", digests))
        return found

    def keys_of(self, digests: set[int]) -> set[int]:
        """Return the keys of the rows with some digests."""
        return {
            key
            for number in range(self._seen, self._count)
            for digest, key in zip(*self._kept(number), strict=True)
            if digest in digests
        }

    def take(self, keys: set[int]) -> Iterator[tuple[list[int], list[T]]]:
        """Yield rows that have some keys, with their digests; the others are left."""
        for number in self._new():
            digests, kept = self._kept(number)
            if hits := [at for at, key in enumerate(kept) if key in keys]:
                raws = self._rows(number)
                rows = [self._decode(raws[at]) for at in hits]
                yield [digests[at] for at in hits], rows

    def take_all(self) -> Iterator[list[T]]:
        """Yield all rows that were added since the last time; drop them."""
        for number in self._new():
            rows = [self._decode(raw) for raw in self._rows(number)]
            with self._store.staging() as db:
                # what comes of them takes their room on disk
                db.execute(f"delete{_ONE}", {**self._of, "number": number})
            yield rows

    def _new(self) -> range:
        new = range(self._seen, self._count)
        self._seen = self._count
        with self._store.staging() as db:
            db.execute(
                "delete from temp.digests where sink = :sink and kind = :kind", self._of
            )
        return new

    def _kept(self, number: int) -> tuple[array[int], array[int]]:
        """Return the digests and the keys of a block."""
        with self._store.reading() as db:
            digests, keys = db.execute(
                f"select digests, keys{_ONE}", {**self._of, "number": number}
            ).fetchone()
        return array("q", digests), array("q", keys)

    def _rows(self, number: int) -> list[msgspec.Raw]:
        with self._store.reading() as db:
            [rows] = db.execute(
                f"select rows{_ONE}", {**self._of, "number": number}
            ).fetchone()
        return _unpack(rows)
