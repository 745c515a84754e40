"""Report documents made wrong: rows as the standard library reads them, or words."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

from singer_amazon.documents.json_array import pieces, unpacked
from singer_amazon.records.columns import ColumnType
from singer_amazon.records.row_encoder import AddedFields, TypedRowEncoder
from support.campaigns.fuzz import Fuzz, expect
from support.campaigns.mutation import (
    json_text,
    mutated_bytes,
    mutated_gzip,
    mutated_value,
)
from support.campaigns.plan import Plan
from tap_amazon_sp.documents.charsets import Charset
from tap_amazon_sp.documents.json_sections import SectionReader
from tap_amazon_sp.reports.custom.document_rows import DocumentRows

Row = dict[str, Any]
COLUMNS: Mapping[str, ColumnType] = {
    "date": "date",
    "campaignId": "id",
    "campaignName": "string",
    "impressions": "integer",
    "cost": "number",
    "isVideo": "boolean",
}
KEY = ("date", "campaignId")
ROWS: list[Row] = [
    {
        "date": f"2026-11-{day:02}",
        "campaignId": 9007199254740993 + day,
        "campaignName": name,
        "impressions": day * 1000,
        "cost": cost,
        "isVideo": day % 2 == 0,
    }
    for day, name, cost in (
        (1, "Sommer ä", 12.5),
        (2, 'mit "Zoll" 5", },{', 7),
        (3, "日本 😀\n", 0.1),
        (4, None, None),
    )
]
LISTINGS = [
    ["seller-sku", "item-name", "price", "quantity", "open-date"],
    ["A-1", 'Pfanne 28 "', "19.99", "3", "2026-01-02 03:04:05 PST"],
    ["A-2", "Löffel, groß", "", "0", ""],
    ["A-3", "日本", "1", "7", "x"],
]
XML = """<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns:a="urn:a"><Message><Order id="1"><AmazonOrderID>111-1</AmazonOrderID>
<Item><SKU>A-1</SKU><Quantity>1</Quantity></Item></Order></Message>
<Message><Order id="2"><AmazonOrderID>111-2 &amp; ä</AmazonOrderID>
<Item><SKU>B &lt; C</SKU><Quantity>2</Quantity></Item><Item><SKU>D</SKU></Item>
</Order></Message></Envelope>
""".encode()


class MemoryFile:
    """The bytes of a document, opened as a file is."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def document(data: bytes) -> Path:
    return cast("Path", MemoryFile(data))


def plain(data: bytes) -> bytes | None:
    """Unpack as Python does; None where it is damaged."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def python_json(data: bytes | None) -> Any:
    """Read JSON as Python does, without its own additions; ... where it is none."""

    def refuse(word: str) -> object:
        raise ValueError(word)

    try:
        text = (data or b"").decode("utf-8-sig")
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return ...


def is_usual(value: object) -> bool:
    """Whether a value is one that no reader may refuse: no half emoji, no 1e400."""
    text = json.dumps(value)
    return "\\ud" not in text and "Infinity" not in text and len(text) < 10_000


def same(expected: object, found: object, kind: ColumnType) -> bool:
    """Whether a value came as it has to where it is of its column's type."""
    if kind == "id" and isinstance(expected, int) and not isinstance(expected, bool):
        expected = str(expected)
    kinds: Mapping[object, type | tuple[type, ...]] = {
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    fits = isinstance(expected, kinds.get(kind, str)) and (
        kind == "boolean" or not isinstance(expected, bool)
    )
    return not fits or expected == found


def compare(rows: list[Any], found: list[Row]) -> None:
    """Compare rows as Python reads them with those that go out."""
    expect(len(rows) == len(found), f"{len(rows)} rows came as {len(found)}")
    for row, out in zip(rows, found, strict=True):
        for name, kind in COLUMNS.items():
            value = row.get(name)
            if name in KEY and value is None:
                expect(out[name] == "", f"an empty key {name} is {out[name]!r}")
            elif kind == "number" and isinstance(value, float) and math.isinf(value):
                expect(out[name] is None, f"{name} is too large for a number")
            elif value is not None and "\\ud" not in json.dumps(value):
                expect(same(value, out.get(name), kind), f"{name} is not as it came")


def sent(made: TypedRowEncoder, rows: Any) -> list[Row]:
    text = made.lines(rows, AddedFields.constant({"profile_id": "1"}), b"", b"")
    return [json.loads(line) for line in text.splitlines()]


def make_rows(chance: random.Random) -> bytes:
    rows = mutated_value(chance, ROWS * chance.choice((1, 1, 5)))
    text = json_text(chance, rows)
    if chance.random() < 0.6:
        text = mutated_bytes(chance, text)
    return mutated_gzip(chance, text)


def test_ads_documents(
    plan: Plan, report: Callable[[str], None], tmp_path: Path
) -> None:
    made = TypedRowEncoder(COLUMNS, KEY)

    def check(data: bytes) -> bool:
        expected = python_json(plain(data))
        is_rows = isinstance(expected, list) and all(
            isinstance(row, dict) for row in expected
        )
        made.begin_document()
        found: list[Row] = []
        try:
            size = 1 + len(data) % 300
            for rows in pieces(unpacked(document(data)), made.parse, size):
                found += sent(made, rows)
        except Exception:
            expect(
                not (is_rows and is_usual(expected) and b"twice" not in data),
                "a good document is refused",
            )
            raise
        expect(is_rows or expected is ..., "what is no list of rows was read")
        if is_rows:
            compare(expected, found)
        return True

    fuzz = Fuzz("ads documents", make_rows, check)
    report(fuzz.run(plan, plan.choose(3500, 60_000), tmp_path))


def make_sections(chance: random.Random) -> bytes:
    value = {
        "reportSpecification": {"reportType": "GET_X", "reportOptions": {"a": "b"}},
        "other": [{"x": [1, {"y": None}]}],
        "reportData": ROWS,
    }
    if chance.random() < 0.3:
        value = dict(reversed(value.items()))
    text = json_text(chance, mutated_value(chance, value))
    return mutated_gzip(chance, mutated_bytes(chance, text))


def test_sp_documents(
    plan: Plan,
    report: Callable[[str], None],
    tmp_path: Path,
) -> None:
    made = TypedRowEncoder(COLUMNS, KEY)

    def check(data: bytes) -> bool:
        expected = python_json(plain(data))
        made.begin_document()
        found: list[Row] = []
        reader = SectionReader({"reportData": made.parse})
        for _, rows in reader.read(unpacked(document(data))):
            found += sent(made, rows)
        if isinstance(expected, dict) and (data.count(b"reportData") == 1):
            given = expected.get("reportData")
            expect(isinstance(given, list), "an array that is not there was read")
            compare(given or [], found)
        return True

    fuzz = Fuzz("sp documents", make_sections, check)
    report(fuzz.run(plan, plan.choose(2500, 40_000), tmp_path))


def rows_of(path: Path, records_path: str | None = None) -> list[Row]:
    read = DocumentRows(
        path,
        claimed=None,
        records_path=records_path,
        charset=Charset.of("text/plain; charset=UTF-8"),
        warn=lambda _: None,
    )
    return [row for some in read for row in some]


def make_flat(chance: random.Random) -> bytes:
    delimiter = chance.choice("\t\t,")
    lines = [LISTINGS[0], *(chance.choices(LISTINGS[1:], k=chance.randint(0, 6)))]
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quoting=chance.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL)),
        lineterminator=chance.choice(("\n", "\r\n")),
    )
    writer.writerows(lines)
    data = out.getvalue().encode(chance.choice(("utf-8", "cp1252")), "replace")
    return mutated_gzip(chance, mutated_bytes(chance, data))


def test_flat_files(
    plan: Plan,
    report: Callable[[str], None],
    tmp_path: Path,
) -> None:
    def check(data: bytes) -> bool:
        found = rows_of(document(data))
        text = plain(data)
        expect(text is not None, "a damaged package was read")
        for row in found:
            expect(all(isinstance(v, str | None) for v in row.values()), "no text")
        return True

    fuzz = Fuzz("flat files", make_flat, check)
    report(fuzz.run(plan, plan.choose(2500, 40_000), tmp_path))


def make_good_flat(chance: random.Random) -> tuple[bytes, list[list[str]]]:
    """Values of any signs in a file that a conforming writer has written."""
    signs = "ab ,;\"'äß日😀" + chance.choice(("", "\t"))
    rows = [
        ["".join(chance.choices(signs, k=chance.randint(1, 8))) for _ in range(4)]
        for _ in range(chance.randint(1, 5))
    ]
    delimiter = chance.choice("\t,")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["sku", "name", "price", "note"], *rows])
    return mutated_gzip_only(chance, out.getvalue().encode()), rows


def mutated_gzip_only(chance: random.Random, data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0) if chance.random() < 0.5 else data


def test_flat_files_of_conforming_writers(
    plan: Plan,
    report: Callable[[str], None],
    tmp_path: Path,
) -> None:
    def check(case: tuple[bytes, list[list[str]]]) -> bool:
        data, rows = case
        found = rows_of(document(data))
        expect([list(row.values()) for row in found] == rows, "other rows were read")
        return True

    fuzz = Fuzz("good flat files", make_good_flat, check)
    report(fuzz.run(plan, plan.choose(1000, 20_000), tmp_path))


def make_xml(chance: random.Random) -> bytes:
    return mutated_gzip(chance, mutated_bytes(chance, XML))


def test_xml_documents(
    plan: Plan,
    report: Callable[[str], None],
    tmp_path: Path,
) -> None:
    def check(data: bytes) -> bool:
        found = rows_of(document(data), "Message.Order")
        text = plain(data)
        try:
            root = ET.fromstring(text or b"")  # noqa: S314 - of our own making
        except (ET.ParseError, ValueError, LookupError):
            return True
        orders = [
            order
            for message in root
            if name_of(message) == "Message"
            for order in message
            if name_of(order) == "Order"
        ]
        expect(len(orders) == len(found), f"{len(orders)} orders, {len(found)} rows")
        for order, row in zip(orders, found, strict=True):
            expected = list(texts(order))
            expect(
                sorted(expected) == sorted(leaves(row)), "texts are not as they were"
            )
        return True

    fuzz = Fuzz("xml documents", make_xml, check)
    report(fuzz.run(plan, plan.choose(2000, 30_000), tmp_path))


def name_of(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2].rpartition(":")[2]


def texts(element: ET.Element) -> Iterator[str]:
    yield from (v.strip() for k, v in element.attrib.items() if k[0] != "{")
    text = "".join([element.text or "", *(e.tail or "" for e in element)]).strip()
    if text:
        yield text
    for inner in element:
        yield from texts(inner)


def leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if not (name.startswith("@") and ":" in name):
                yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str) and value.startswith('["'):
        # a column of text where an element stands twice
        yield from leaves(json.loads(value))
    elif isinstance(value, str):
        yield value.strip()
