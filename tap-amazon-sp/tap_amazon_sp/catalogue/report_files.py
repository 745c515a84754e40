"""Reads the files of reports, strictly: what does not fit is named with its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from tap_amazon_sp.catalogue.file_shapes import (
    OptionShape,
    PeriodShape,
    null_columns,
    period_rules,
)
from tap_amazon_sp.catalogue.model import (
    Catalogue,
    ColumnDefinition,
    ColumnKind,
    Dates,
    Option,
    ReportDefinition,
    StreamDefinition,
)
from tap_amazon_sp.marketplaces import AccountKind
from tap_amazon_sp.periods import Period

if TYPE_CHECKING:
    from importlib.abc import Traversable

_SCALARS: set[str] = set(get_args(ColumnKind)) - {"object", "list"}
_AMOUNT = (
    ColumnDefinition("amount", "number"),
    ColumnDefinition("currencyCode", "string"),
)


class CatalogueError(Exception):
    """A file of the catalogue is wrong; the text names the file and what is wrong."""

    def __init__(self, file: str, complaint: object) -> None:
        super().__init__(f"{file} of the report catalogue: {complaint}")


class _OffersFile(msgspec.Struct, forbid_unknown_fields=True):
    options: tuple[str, str]
    days: int


class _StreamFile(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    array: str
    key: list[str]
    columns: dict[str, Any]
    options: list[str] | None = None
    is_dated: bool = True
    replication_key: str | None = None
    adds_currency: bool = False
    null_columns: dict[str, dict[str, list[str]]] = {}
    per_request: int | None = None
    additive: list[str] = []


class _ReportFile(msgspec.Struct, forbid_unknown_fields=True):
    report: str
    report_type: str
    seed_name: str | None
    accounts: list[AccountKind]
    streams: list[_StreamFile]
    source: str
    checked: str
    notes: list[str]
    options: dict[str, OptionShape] = {}
    period_option: str | None = None
    periods: dict[Period, PeriodShape] = {}
    offers: _OffersFile | None = None
    takes_several_marketplaces: bool = False


@lru_cache(maxsize=1)
def load_reports() -> Catalogue:
    """Return what is asked for as reports, read once per process."""
    return read_catalogue(resources.files("tap_amazon_sp.catalogue") / "reports")


def read_catalogue(folder: Traversable) -> Catalogue:
    """Read a folder of report files; CatalogueError when one does not fit."""
    files = [file for file in folder.iterdir() if file.name.endswith(".json")]
    reports = []
    for file in sorted(files, key=lambda file: file.name):
        try:
            raw = msgspec.json.decode(file.read_bytes(), type=_ReportFile)
        except (OSError, msgspec.DecodeError) as error:
            raise CatalogueError(file.name, error) from error
        if file.name != f"{raw.report}.json":
            complaint = f"its report is {raw.report}, unlike its name"
            raise CatalogueError(file.name, complaint)
        reports.append(_report(file.name, raw))
    _check_names(reports)
    return Catalogue(tuple(reports))


def _report(file: str, raw: _ReportFile) -> ReportDefinition:
    _check_periods(file, raw)
    return ReportDefinition(
        name=raw.report,
        report_type=raw.report_type,
        seed_name=raw.seed_name,
        accounts=tuple(raw.accounts),
        takes_several_marketplaces=raw.takes_several_marketplaces,
        dates=_dates(file, raw),
        options=tuple(_option(file, name, o) for name, o in raw.options.items()),
        period_option=raw.period_option,
        periods=period_rules(raw.periods),
        offer_options=raw.offers.options if raw.offers else (),
        offer_days=raw.offers.days if raw.offers else None,
        streams=tuple(_stream(file, raw, stream) for stream in raw.streams),
        notes=tuple(raw.notes),
        source=raw.source,
        checked=raw.checked,
    )


def _dates(file: str, raw: _ReportFile) -> Dates:
    if raw.periods and raw.offers:
        raise CatalogueError(file, "it has both periods and offers")
    if raw.periods:
        return "periods"
    return "offers" if raw.offers else "none"


def _check_periods(file: str, raw: _ReportFile) -> None:
    """Check that exactly the periods an option offers have rules."""
    if raw.period_option is None:
        if len(raw.periods) > 1:
            raise CatalogueError(file, "several periods, and no option chooses one")
        return
    option = raw.options.get(raw.period_option)
    if option is None:
        raise CatalogueError(file, f"it has no option {raw.period_option}")
    if option.values != [period.value for period in raw.periods]:
        complaint = f"{raw.period_option} offers other periods than have rules"
        raise CatalogueError(file, complaint)


def _option(file: str, name: str, raw: OptionShape) -> Option:
    if raw.values and raw.default not in raw.values:
        raise CatalogueError(file, f"the default of {name} is none of its values")
    if not raw.values and raw.default is not None:
        raise CatalogueError(file, f"{name} is a currency: the marketplace decides")
    return raw.option(name)


def _stream(file: str, report: _ReportFile, raw: _StreamFile) -> StreamDefinition:
    columns = tuple(_column(file, name, spec) for name, spec in raw.columns.items())
    choices = [name for name, option in report.options.items() if option.values]
    stream = StreamDefinition(
        name=raw.name,
        array=raw.array,
        key=tuple(raw.key),
        columns=columns,
        options=tuple(choices if raw.options is None else raw.options),
        is_dated=raw.is_dated,
        replication_key=raw.replication_key,
        adds_currency=raw.adds_currency,
        null_columns=null_columns(raw.null_columns),
        per_request=raw.per_request,
        additive=tuple(raw.additive),
    )
    _check_stream(file, report, stream)
    return stream


def _check_stream(file: str, report: _ReportFile, stream: StreamDefinition) -> None:
    """Check that everything a stream names exists."""
    columns = stream.columns
    fields = {column.name for column in columns}
    known = fields | {column.name for column in stream.added}
    times = {stream.replication_key} - {None}
    nulls = {n for by in stream.null_columns.values() for ns in by.values() for n in ns}
    named: list[tuple[str, set[Any]]] = [
        ("its key names", set(stream.key) - fields),
        ("its replication_key names", times - known),
        ("null_columns names", nulls - set(stream.key)),
        ("its options name", set(stream.options) - set(report.options)),
        ("additive names", set(stream.additive) - set(_numbers(columns))),
        ("null_columns has options", set(stream.null_columns) - set(stream.options)),
    ]
    for text, missing in named:
        if missing:
            complaint = f"{stream.name}: {text} {', '.join(sorted(missing))}"
            raise CatalogueError(file, f"{complaint}, which it does not have")


def _numbers(columns: Iterable[ColumnDefinition], within: str = "") -> Iterator[str]:
    """Yield the columns of numbers, those inside objects by dotted names."""
    for column in columns:
        if column.kind in {"integer", "number"}:
            yield within + column.name
        elif column.kind == "object":
            yield from _numbers(column.fields, f"{within}{column.name}.")


def _column(file: str, name: str, spec: object) -> ColumnDefinition:
    """Read a column: a kind, `amount`, `{fields}` or `[{fields of its objects}]`."""
    if spec == "amount":
        return ColumnDefinition(name, "object", _AMOUNT)
    if isinstance(spec, dict):
        return ColumnDefinition(name, "object", _fields(file, spec))
    if isinstance(spec, list) and len(spec) == 1 and isinstance(spec[0], dict):
        return ColumnDefinition(name, "list", _fields(file, spec[0]))
    for kind in get_args(ColumnKind):
        if spec == kind and kind in _SCALARS:
            return ColumnDefinition(name, kind)
    raise CatalogueError(file, f"{name} is of no kind we know: {spec!r}")


def _fields(file: str, specs: Mapping[str, object]) -> tuple[ColumnDefinition, ...]:
    return tuple(_column(file, name, spec) for name, spec in specs.items())


def _check_names(reports: list[ReportDefinition]) -> None:
    """Check that no two reports share a stream's name."""
    seen: set[str] = set()
    for report in reports:
        for stream in report.streams:
            if stream.name in seen:
                file = f"{report.name}.json"
                complaint = f"another report has a stream {stream.name} too"
                raise CatalogueError(file, complaint)
            seen.add(stream.name)
