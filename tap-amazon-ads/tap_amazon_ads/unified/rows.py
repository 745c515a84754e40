"""Rows of Ads API v1 as our columns; repeated rows of one key become one.

A document is read twice where v1 is used: first for the keys alone, to know which of
them come more than once (an open defect), then for the rows. So only repeated rows are
held, and every other goes out as it comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from singer_amazon.documents.spool import SpoolFile
from singer_amazon.errors import DocumentError
from singer_amazon.records.columns import ColumnType, exact
from singer_amazon.records.row_encoder import TypedRowEncoder
from singer_amazon.reports.model import Window, text_of
from tap_amazon_ads.unified.documents import rows_of
from tap_amazon_ads.unified.mapping import Derived
from tap_amazon_ads.unified.query import ACCOUNT, COUNTRY, DATE
from tap_amazon_ads.unified.spec import UnifiedSpec

Row = dict[str, Any]
MAX_KEYS = 5_000_000
"""Keys of a document that are compared; they cost some 70 bytes each."""
_DECIMALS = 4
_STARTS, _ENDS = ("startDate", "intervalStart"), ("endDate", "intervalEnd")
_decoder = msgspec.json.Decoder(list[Row], float_hook=exact)


def _parse(array: bytes) -> list[Row]:
    try:
        return _decoder.decode(array)
    except msgspec.ValidationError as error:
        msg = f"a row of the document is no object ({error})"
        raise DocumentError(msg) from None


@dataclass(slots=True)
class Translator:
    """Makes our columns of the fields of a row; pure."""

    spec: UnifiedSpec
    columns: Sequence[str]
    window: Window
    _sources: Mapping[str, str] = field(init=False)
    _derived: Mapping[str, Derived] = field(init=False)
    _constants: Mapping[str, str] = field(init=False)
    _advertisers: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        known = self.spec.columns()
        asked = set(self.columns)
        self._sources = {n: known[n] for n in self.columns if n in known}
        derived = self.spec.mapping.derived_of(self.spec.account.kind)
        self._derived = {n: d for n, d in derived.items() if n in asked}
        days = {
            **dict.fromkeys(_STARTS, text_of(self.window.start)),
            **dict.fromkeys(_ENDS, text_of(self.window.end)),
        }
        self._constants = {n: d for n, d in days.items() if n in asked}
        self._advertisers = {a: k for k, a in self.spec.accounts.items()}

    def row(self, raw: Row) -> Row:
        """Return a row by our columns."""
        row: Row = {name: raw.get(source) for name, source in self._sources.items()}
        for name, derived in self._derived.items():
            row[name] = _value(derived, raw)
        row.update(self._constants)
        if "date" in self.columns:
            row["date"] = raw.get(DATE)
        if self.spec.report.is_dsp:
            row["advertiserId"] = self.advertiser(raw)
        return row

    def advertiser(self, raw: Row) -> str | None:
        """Return the DSP advertiser whose account a row names."""
        account = str(raw.get(ACCOUNT))
        return (
            account
            if account in self.spec.accounts
            else (self._advertisers.get(account))
        )

    def is_ours(self, raw: Row) -> bool:
        """Whether a row belongs to the account that it was asked for."""
        if self.spec.report.is_dsp:
            return self.advertiser(raw) is not None
        return self.spec.is_of(raw.get(COUNTRY))


def _value(derived: Derived, raw: Row) -> object:
    first, second = raw.get(derived.first), raw.get(derived.second)
    if not isinstance(first, int | Decimal) or not isinstance(second, int | Decimal):
        return None
    if derived.operation == "sum":
        return first + second
    if not second:
        return None
    return round(Decimal(first) / Decimal(second) * 100, _DECIMALS)


def merged(rows: Sequence[Row], numbers: Mapping[str, bool]) -> Row:
    """Add up the rows of one key.

    `numbers` are the columns with numbers, and whether they may be added: shares,
    rates and costs per something are null in the result.
    """
    found = dict(rows[0])
    for name, is_additive in numbers.items():
        values = [row.get(name) for row in rows]
        sums = [v for v in values if isinstance(v, int | Decimal)]
        found[name] = sum(sums[1:], sums[0]) if is_additive and sums else None
    return found


class UnifiedRowEncoder(TypedRowEncoder):
    """How rows of v1 become the rows of one stream for one account."""

    def __init__(
        self,
        spec: UnifiedSpec,
        columns: Mapping[str, ColumnType],
        *,
        sums_repeats: bool = True,
    ) -> None:
        super().__init__(
            columns,
            spec.report.primary_key,
            member_column="advertiserId" if spec.report.is_dsp else None,
        )
        self._spec = spec
        self._sums_repeats = sums_repeats
        self._numbers = {
            name: name in spec.report.additive
            for name, kind in columns.items()
            if kind in {"integer", "number"}
        }
        self.merged_rows = 0
        """Rows that were added to another one of the same key."""
        self.foreign_rows: Counter[str] = Counter()
        """Rows left out because they are of another country or account."""
        self.keys_unchecked = False

    def begin_document(self) -> None:
        """Forget what was seen of the last document."""
        super().begin_document()
        self.merged_rows = 0
        self.foreign_rows = Counter()
        self.keys_unchecked = False

    def warnings(self) -> Iterator[str]:
        """Say what of the document did not go out as it came."""
        if self.merged_rows:
            yield (
                f"Ads API v1 sent {self.merged_rows} rows more than there are keys: "
                "sums are added up, rates and shares are null there"
            )
        for name, count in self.foreign_rows.items():
            yield (
                f"Ads API v1 sent {count} rows of {name}, which were not asked for: "
                "they are left out"
            )
        if self.keys_unchecked:
            yield f"rows behind the first {MAX_KEYS} keys were not compared"

    def rows(self, document: SpoolFile, window: Window) -> Iterator[list[Any]]:
        """Yield the rows of a document, those of repeated keys last.

        Raises:
            DocumentError: it is damaged.
        """
        translator = Translator(self._spec, list(self.columns), window)
        repeated = self._repeated_keys(document) if self._sums_repeats else set()
        held: dict[tuple[str, ...], list[Row]] = {}
        key_of = _key_of(self._spec.grain_fields)
        for batch in rows_of(document, _parse):
            rows = []
            for raw in batch:
                if not translator.is_ours(raw):
                    self.foreign_rows[str(raw.get(COUNTRY) or raw.get(ACCOUNT))] += 1
                    continue
                row = translator.row(raw)
                if repeated and hash(key := key_of(raw)) in repeated:
                    held.setdefault(key, []).append(row)
                else:
                    rows.append(row)
            yield self._fitted(rows)
        self.merged_rows = sum(len(rows) - 1 for rows in held.values())
        yield self._fitted([merged(rows, self._numbers) for rows in held.values()])

    def _fitted(self, rows: Sequence[Row]) -> list[Any]:
        fitted = [self._conform(row) for row in rows]
        self._settle(fitted)
        return fitted

    def _repeated_keys(self, document: SpoolFile) -> set[int]:
        """Return the hashes of the keys that come more than once."""
        seen: set[int] = set()
        repeated: set[int] = set()
        key_of = _key_of(self._spec.grain_fields)
        for batch in rows_of(document, _parse):
            for raw in batch:
                key = hash(key_of(raw))
                if key in seen:
                    repeated.add(key)
                elif len(seen) < MAX_KEYS:
                    seen.add(key)
                else:
                    self.keys_unchecked = True
        return repeated


def _key_of(fields: Sequence[str]) -> Callable[[Row], tuple[str, ...]]:
    return lambda raw: tuple(str(raw.get(name)) for name in fields)
