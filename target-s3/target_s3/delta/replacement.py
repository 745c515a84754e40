"""Which rows of which document a commit brings, and which values of a table it empties.

Of several documents for the same values the last one wins, whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from target_s3.delta.documents import Document, Values
from target_s3.errors import ReplacementError
from target_s3.formats.columns import Column, ColumnKind

MAX_VALUES = 10_000
_MAX_DOCUMENTS = 50
_MAX_NAMED = 5

_QUOTED = (ColumnKind.TEXT, ColumnKind.DATE, ColumnKind.TIMESTAMP)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one document: all, those of some values, or those of no such value."""

    document: Document
    only: AbstractSet[Values] | None = None
    without: AbstractSet[Values] | None = None

    @property
    def is_all(self) -> bool:
        """Whether no row need be looked at."""
        return self.only is None and self.without is None

    def has(self, values: Values) -> bool:
        """Whether a row with these values belongs to the part."""
        if self.only is not None:
            return values in self.only
        return self.without is None or values not in self.without


@dataclass(slots=True)
class Transaction:
    """What one transaction does: ``values`` are emptied, and the parts added."""

    values: set[Values] = field(default_factory=set)
    parts: list[Part] = field(default_factory=list)


def check_counts(
    stream: str,
    columns: Sequence[str],
    document: Document,
    found: Mapping[Values, int],
) -> None:
    """Compare a document's rows with its manifest.

    Raises:
        ReplacementError: there are more or fewer of some values.
    """
    covered = {values: found.get(values, 0) for values in document.covers}
    wrong = {
        values: (expected, covered[values])
        for values, expected in document.covers.items()
        if covered[values] != expected
    }
    rest = sum(found.values()) - sum(covered.values())
    if not wrong and rest == document.uncovered:
        return
    named = [
        f"{_named(columns, values)}: {expected:,} rows expected, {there:,} found"
        for values, (expected, there) in [*wrong.items()][:_MAX_NAMED]
    ]
    if len(wrong) > _MAX_NAMED:
        named.append(f"and {len(wrong) - _MAX_NAMED} more")
    if rest != document.uncovered:
        named.append(f"other values: {document.uncovered:,} expected, {rest:,} found")
    which = f" (report {document.report_id})" if document.report_id else ""
    msg = (
        f"Stream {stream}: the rows of a document{which} are not those that "
        f"report_days counts: {'; '.join(named)}. Nothing of this document was "
        "written, and no STATE from after it is passed on, so that the next run asks "
        "for it again; look for stream maps or another program that changes rows on "
        "their way."
    )
    window = "; ".join(_named(columns, values) for values in [*wrong][:_MAX_NAMED])
    raise ReplacementError(msg, stream=stream, window=window or None)


def _named(columns: Sequence[str], values: Values) -> str:
    return ", ".join(f"{c} {v}" for c, v in zip(columns, values, strict=True))


def covered(documents: Sequence[Document]) -> list[Transaction]:
    """Return the transactions for documents with a manifest.

    Rows of values that no document covers whole are only added.
    """
    last = {values: document for document in documents for values in document.covers}
    found: list[Transaction] = []
    for document in documents:
        valid = {v for v in document.covers if last[v] is document}
        is_all = len(valid) == len(document.covers) and not document.uncovered
        if not found or len(found[-1].parts) >= _MAX_DOCUMENTS:
            found.append(Transaction())
        found[-1].values |= valid
        found[-1].parts.append(Part(document, only=None if is_all else valid))
    rest = [
        Part(document, without=document.covers.keys())
        for document in documents
        if document.uncovered
    ]
    return [*found, Transaction(parts=rest)] if rest else found


def occurring(
    documents: Sequence[Document],
    found: AbstractSet[Values],
    emptied: AbstractSet[Values],
) -> list[Transaction]:
    """Return the transactions for rows without a manifest: values that occur.

    A value is emptied once in a run: what comes later in the run is added, since
    nobody says whether it is more of the same document.
    """
    fresh = found - emptied
    replaced = Transaction({*fresh}, [Part(d, only=fresh) for d in documents])
    added = Transaction(parts=[Part(d, without=fresh) for d in documents])
    if not fresh:
        return [Transaction(parts=[Part(document) for document in documents])]
    if len(fresh) < len(found):
        return [replaced, added]
    return [Transaction({*fresh}, [Part(document) for document in documents])]


Term = tuple[frozenset[str | None], ...]
"""Values per column; the term stands for all combinations of these."""


def terms(values: Iterable[Values]) -> list[Term]:
    """Return values as few products: 30 days of 50 accounts are one term."""
    found: set[Term] = {tuple(frozenset([v]) for v in one) for one in values}
    width = len(next(iter(found), ()))
    for column in reversed(range(width)):
        merged: dict[Term, set[str | None]] = {}
        for term in found:
            rest = (*term[:column], *term[column + 1 :])
            merged.setdefault(rest, set()).update(term[column])
        found = {
            (*rest[:column], frozenset(several), *rest[column:])
            for rest, several in merged.items()
        }
    return sorted(found, key=lambda term: [sorted(map(str, part)) for part in term])


def predicate(columns: Sequence[Column], values: Iterable[Values]) -> str:
    """Return the condition in SQL that is true for rows with one of the values."""
    return " OR ".join(
        f"({' AND '.join(_conditions(columns, term))})" for term in terms(values)
    )


def _conditions(columns: Sequence[Column], term: Term) -> Iterator[str]:
    for column, values in zip(columns, term, strict=True):
        name = '"' + column.name.replace('"', '""') + '"'
        texts = sorted(value for value in values if value is not None)
        listed = ", ".join(_literal(column.kind, text) for text in texts)
        several = [f"{name} IN ({listed})"] if texts else []
        nothing = [f"{name} IS NULL"] if None in values else []
        both = [*several, *nothing]
        yield both[0] if len(both) == 1 else f"({' OR '.join(both)})"


def _literal(kind: ColumnKind, text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if kind in _QUOTED else text
