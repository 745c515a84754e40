"""Reading the documents of Selling Partner reports, beside the readers of libraries."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, util
from pathlib import Path

from limits.figures import Row, Rows, Sizes, Skipped, times

from singer_amazon.documents.json_array import unpacked
from singer_amazon.records.columns import ColumnType, Nested
from singer_amazon.records.row_encoder import AddedFields, TypedRowEncoder
from tap_amazon_sp.documents.charsets import Charset
from tap_amazon_sp.documents.flat_files import FlatRows
from tap_amazon_sp.documents.json_sections import SectionReader

_MONEY = Nested({"amount": "number", "currencyCode": "string"}, is_list=False)
COLUMNS: dict[str, ColumnType] = {
    "startDate": "date",
    "asin": "string",
    "title": "string",
    "orderedUnits": "integer",
    "orderedRevenue": _MONEY,
    "shippedUnits": "integer",
    "shippedRevenue": _MONEY,
    "conversionRate": "number",
}


@dataclass(frozen=True, slots=True)
class Timed:
    """One reading of a file in this process."""

    seconds: float
    cpu_seconds: float


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Compare readers of the same file, each alone."""
    return [*_json(sizes, folder / "rows.json"), _tsv(sizes, folder / "rows.tsv")]


def _json(sizes: Sizes, path: Path) -> Rows:
    name = f"JSON section to RECORDs, {sizes.document_rows:,} rows"
    if util.find_spec("ijson") is None:
        return [Skipped(name, "ijson is not installed")]
    ijson = import_module("ijson.backends.yajl2_c")
    with path.open("w", encoding="utf-8") as file:
        file.write('{"reportSpecification": {"reportType": "A"}, "sales": [')
        for number in range(sizes.document_rows):
            file.write("," * bool(number) + json.dumps(_row(number)))
        file.write("]}")

    def ours() -> None:
        encoder = TypedRowEncoder(COLUMNS, ("startDate", "asin"))
        added, before = AddedFields.constant({"account": "a"}), b'{"type":"RECORD"'
        reader = SectionReader({"sales": encoder.parse})
        for _, rows in reader.read(unpacked(path)):
            encoder.lines(rows, added, before, b"}")

    def theirs() -> None:
        with path.open("rb") as file:
            for _ in ijson.items(file, "sales.item"):
                pass

    return [_compared(name, "ijson (C) alone", ours, theirs, 2.0, sizes)]


def _tsv(sizes: Sizes, path: Path) -> Row:
    with path.open("w", encoding="utf-8") as file:
        file.write("\t".join(f"column-{n}" for n in range(20)) + "\n")
        for number in range(sizes.document_rows):
            file.write("\t".join(f"value {number * n}" for n in range(20)) + "\n")

    def ours() -> None:
        for _ in FlatRows(lambda: unpacked(path), Charset.of()):
            pass

    def theirs() -> None:
        with path.open(encoding="utf-8", newline="") as file:
            for _ in csv.reader(file, delimiter="\t"):
                pass

    name = f"TSV, {sizes.document_rows:,} rows"
    return _compared(name, "csv.reader alone", ours, theirs, 0.7, sizes)


def _row(number: int) -> dict[str, object]:
    money = {"amount": number * 31 % 9973 / 100, "currencyCode": "USD"}
    return {
        "startDate": "2026-11-01",
        "asin": f"B0{number:08}",
        "title": f"A thing of kind {number % 997}, in a box",
        "orderedUnits": number % 41,
        "orderedRevenue": money,
        "shippedUnits": number % 37,
        "shippedRevenue": money,
        "conversionRate": number % 89 / 97,
    }


def _compared(
    name: str,
    baseline: str,
    ours: Callable[[], None],
    theirs: Callable[[], None],
    goal: float,
    sizes: Sizes,
) -> Row:
    runs = [(_timed(ours), _timed(theirs)) for _ in range(max(sizes.rounds, 3))]
    return Row(
        name=name,
        baseline=baseline,
        by="CPU",
        ours=times([mine for mine, _ in runs]),
        theirs=times([other for _, other in runs]),
        goal=goal,
        is_speed=True,
    )


def _timed(work: Callable[[], None]) -> Timed:
    began, used = time.perf_counter(), time.process_time()
    work()
    return Timed(time.perf_counter() - began, time.process_time() - used)
