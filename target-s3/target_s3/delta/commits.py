"""Commits of one stream: rows checked against their manifest, then the transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from singer_amazon.errors import ConfigError
from singer_amazon.target.stdin import TICK_SECONDS
from singer_amazon.workers import Workers
from target_s3.delta.documents import Document, Values, text_of, values_of
from target_s3.delta.replacement import (
    MAX_VALUES,
    Part,
    Transaction,
    check_counts,
    covered,
    occurring,
    predicate,
)
from target_s3.delta.stream import DeltaStream
from target_s3.delta.transactions import Commit, Tables
from target_s3.errors import ReplacementError
from target_s3.formats.arrow import RowsToArrow, rows_of
from target_s3.formats.columns import Column
from target_s3.record_metadata import unreadable_rows

_BATCH_ROWS = 2_000


class Committed(NamedTuple):
    """What came of a stream's documents."""

    documents: list[Document]
    """Those that are in the table, and those that are not needed any more."""
    rows: int
    errors: list[ReplacementError]


class Committer:
    """Commits documents, in a thread of its own so that signals are heard."""

    def __init__(
        self, tables: Tables, uri_of: Callable[[str], str], threads: int = 1
    ) -> None:
        self._tables = tables
        self._uri_of = uri_of
        self._workers: Workers[Committed] = Workers(threads)

    def commit(self, stream: DeltaStream, documents: Sequence[Document]) -> Committed:
        """Commit documents of a stream.

        Raises:
            AmazonError: the table cannot take them.
        """
        self._workers.submit(lambda: self._commit(stream, documents))
        while (found := self._workers.next_result(TICK_SECONDS)) is None:
            pass
        return found[0]

    def _commit(self, stream: DeltaStream, documents: Sequence[Document]) -> Committed:
        if not stream.replace_by:
            transactions = [Transaction(parts=[Part(one) for one in documents])]
            self._write(stream, transactions)
            return Committed([*documents], sum(d.rows for d in documents), [])
        counts = _Counts(stream)
        errors: list[ReplacementError] = []
        whole: list[Document] = []
        broken = [d for d in documents if d.has_manifest and not d.is_whole]
        for document in documents:
            if document.has_manifest and document.is_whole:
                try:
                    counts.check(document)
                except ReplacementError as error:
                    errors.append(error)
                else:
                    whole.append(document)
        loose = [d for d in documents if not d.has_manifest]
        found = counts.values(loose)
        transactions = covered(whole) if whole else []
        if loose:
            transactions += occurring(loose, found, stream.emptied)
        self._write(stream, transactions)
        stream.emptied |= found
        done = [*whole, *loose]
        return Committed([*done, *broken], sum(d.rows for d in done), errors)

    def _write(self, stream: DeltaStream, transactions: Sequence[Transaction]) -> None:
        columns = stream.output.columns
        for one in transactions:
            self._tables.commit(
                Commit(
                    stream.name,
                    self._uri_of(stream.name),
                    columns,
                    _Rows(stream, one.parts).batches,
                    predicate(_named(stream, columns), one.values)
                    if one.values
                    else None,
                )
            )


def _named(stream: DeltaStream, columns: Sequence[Column]) -> list[Column]:
    known = {column.name: column for column in columns}
    if missing := [name for name in stream.replace_by if name not in known]:
        msg = (
            f"Stream {stream.name} has no column {missing[0]!r}, which replace_by "
            "names; mend replace_by, or select that column in the tap's catalog."
        )
        raise ConfigError(msg)
    return [known[name] for name in stream.replace_by]


class _Counts:
    """Counts rows by the columns that are replaced by; others are not read."""

    def __init__(self, stream: DeltaStream) -> None:
        self._stream = stream
        names = {f"f{n}": name for n, name in enumerate(stream.replace_by)}
        kind = msgspec.defstruct(
            "Row", [(field, Any, None) for field in names], rename=names
        )
        self._decode = msgspec.json.Decoder(kind).decode_lines

    def _of(self, document: Document) -> Counter[Values]:
        found: Counter[Values] = Counter()
        for data in self._stream.read(document):
            with unreadable_rows(self._stream.name, "Delta"):
                rows = self._decode(data)
            found.update(tuple(map(text_of, msgspec.structs.astuple(r))) for r in rows)
        return found

    def check(self, document: Document) -> None:
        """Compare a document with its manifest."""
        stream = self._stream
        check_counts(stream.name, stream.replace_by, document, self._of(document))

    def values(self, documents: Sequence[Document]) -> AbstractSet[Values]:
        """Return the values that occur in documents without a manifest."""
        found: set[Values] = set()
        for document in documents:
            found |= self._of(document).keys()
            if len(found) > MAX_VALUES:
                msg = (
                    f"Stream {self._stream.name}: its rows have more than "
                    f"{MAX_VALUES:,} different values of "
                    f"{', '.join(self._stream.replace_by)}; set replace_by to columns "
                    "that many rows share, such as the account and the date."
                )
                raise ConfigError(msg)
        return found


class _Rows:
    """The rows of a transaction, in batches of Arrow."""

    def __init__(self, stream: DeltaStream, parts: Sequence[Part]) -> None:
        self._stream = stream
        self._parts = parts

    def batches(self, columns: tuple[Column, ...]) -> Iterator[Any]:
        """Yield the batches, from the start at each call."""
        stream = self._stream
        to_arrow = RowsToArrow(stream.name, columns, stream.output.warn_once)
        for rows in chain.from_iterable(map(self._part, self._parts)):
            for start in range(0, len(rows), _BATCH_ROWS):
                yield to_arrow.batch_of(rows[start : start + _BATCH_ROWS])

    def _part(self, part: Part) -> Iterator[list[dict[str, Any]]]:
        columns = self._stream.replace_by
        for data in self._stream.read(part.document):
            rows = rows_of(self._stream.name, data)
            if not part.is_all:
                rows = [row for row in rows if part.has(values_of(columns, row))]
            yield rows
