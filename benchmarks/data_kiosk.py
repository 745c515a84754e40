"""Data Kiosk against the report: creates and hours, rows a second, and peak memory.

uv run benchmarks/data_kiosk.py
uv run benchmarks/data_kiosk.py --rows 50000 --line-mb 50
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from singer_amazon.rate_limits import RateLimiter, TokenBucket
from singer_amazon.records.row_encoder import AddedFields
from tap_amazon_sp.catalogue.loader import load_catalogue
from tap_amazon_sp.data_kiosk.datasets import query_shapes
from tap_amazon_sp.data_kiosk.rows.kiosk_document import KioskDocument
from tap_amazon_sp.data_kiosk.rows.row_encoder import KioskRowEncoder
from tap_amazon_sp.data_kiosk.rows.row_join import RowJoin
from tap_amazon_sp.rates import RATES
from tap_amazon_sp.reports.rate_limiters import application_quota
from tap_amazon_sp.reports.streams import column_type

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
DAYS = 365
BY_ASIN, SOURCING = "sales_and_traffic_by_asin", "data_kiosk_vendor_sourcing"
_SALES = (
    *("orderedProductSales", "orderedProductSalesB2B"),
    *("unitsOrdered", "unitsOrderedB2B", "totalOrderItems", "totalOrderItemsB2B"),
)
_AMOUNTS = {"orderedProductSales", "orderedProductSalesB2B"}


def hours(sellers: int, limiters: Callable[[int], tuple[RateLimiter, ...]]) -> float:
    """Return how long the creates of a year by day take, on a clock of our own."""
    of = [limiters(number) for number in range(sellers)]
    now = START
    for _ in range(DAYS):
        for found in of:
            now = max([now, *(limiter.ready_at(now) for limiter in found)])
            for limiter in found:
                limiter.take(now)
    return (now - START) / timedelta(hours=1)


def by_report(sellers: int) -> float:
    """Return the hours with one application's quota of the report."""
    quota = application_quota({}, START)
    return hours(sellers, lambda _: (quota, TokenBucket(RATES["createReport"])))


def by_queries(sellers: int) -> float:
    """Return the hours with queries: sellers do not wait for each other."""
    del sellers
    return hours(1, lambda _: (TokenBucket(RATES["createQuery"]),))


def sales_encoder() -> KioskRowEncoder:
    """Return what reads rows by ASIN."""
    stream = load_catalogue().streams[BY_ASIN]
    columns = {column.name: column_type(column) for column in stream.columns}
    names = {"salesByAsin": "sales", "trafficByAsin": "traffic"}
    return KioskRowEncoder(
        columns,
        ["parentAsin", "childAsin", "sku"],
        {name: (names.get(name, name),) for name in columns},
        ignored=["startDate", "endDate", "marketplaceId"],
        extra="_extra",
    )


def sales_lines(path: Path, rows: int) -> None:
    """Write a document of so many rows by ASIN."""
    stream = load_catalogue().streams[BY_ASIN]
    traffic = next(c for c in stream.columns if c.name == "trafficByAsin")
    with path.open("wb") as file:
        for number in range(rows):
            sales: dict[str, Any] = {
                name: {"amount": number % 977 / 7, "currencyCode": "USD"}
                if name in _AMOUNTS
                else number % 31
                for name in _SALES
            }
            line = {
                "startDate": "2026-11-01",
                "endDate": "2026-11-01",
                "marketplaceId": "ATVPDKIKX0DER",
                "parentAsin": f"B0P{number:07}",
                "childAsin": f"B0C{number:07}",
                "sku": f"SKU-{number}",
                "sales": sales,
                "traffic": {
                    field.name: number % 101 if field.kind == "integer" else 1.25
                    for field in traffic.fields
                },
            }
            file.write(msgspec.json.encode(line) + b"\n")


def rows_per_second(rows: int) -> tuple[float, float]:
    """Return rows a second of the tap's path, and of a plain decode and encode."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines"
        sales_lines(path, rows)
        best_tap = best_plain = float("inf")
        for _ in range(3):
            encoder, count = sales_encoder(), 0
            added = AddedFields.constant({"account_name": "a", "marketplace_id": "m"})
            encoder.begin_document()
            begun = time.perf_counter()
            for found in KioskDocument(path, "d", "r").rows(encoder.parse):
                count += len(found)
                encoder.lines(found, added, b'{"type":"RECORD","record":', b"}")
            best_tap = min(best_tap, time.perf_counter() - begun)
            assert count == rows
            begun = time.perf_counter()
            with path.open("rb") as file:
                for line in file:
                    msgspec.json.encode(msgspec.json.decode(line))
            best_plain = min(best_plain, time.perf_counter() - begun)
    return rows / best_tap, rows / best_plain


def vendor_line(path: Path, megabytes: int) -> None:
    """Write one line of a vendor's day that is so long."""
    amount = {"amount": 123.45, "currencyCode": "USD"}
    with path.open("wb") as file:
        file.write(b'{"startDate":"2026-11-01","endDate":"2026-11-01",')
        file.write(b'"marketplaceId":"ATVPDKIKX0DER","metrics":[')
        number = 0
        while file.tell() < megabytes * 1_000_000:
            row = {
                "groupByKey": {"asin": f"B0V{number:07}"},
                "metrics": {
                    "costs": {"shippedCogs": amount, "salesDiscount": amount},
                    "shippedOrders": {
                        "shippedUnitsWithRevenue": {"units": 3, "value": amount}
                    },
                },
            }
            file.write((b"," if number else b"") + msgspec.json.encode(row))
            number += 1
        file.write(b"]}\n")


def read_vendor_line(path: Path, results: multiprocessing.Queue[Any]) -> None:
    """Read it as the stream does; say how many rows and how much memory."""
    shape = query_shapes()[SOURCING]
    columns = {column.name: column_type(column) for column in shape.columns()}
    encoder = KioskRowEncoder(columns, ["asin"], shape.sources, extra="_extra")
    encoder.begin_document()
    document, count = KioskDocument(path, shape.schema.domain, shape.root), 0
    added = AddedFields.constant({"account_name": "a"})
    begun = time.perf_counter()
    for found in document.nested_rows(
        shape.rows,
        shape.line,
        encoder.line_values.update,
        encoder.parse,
    ):
        count += len(found)
        encoder.lines(found, added, b"{", b"}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put((count, time.perf_counter() - begun, peak))


def analytics_line(path: Path, names: tuple[str, ...], rows: int) -> None:
    """Write one line with so many rows of some groups of seller analytics."""
    number = {"timeRangeBenchmarking": {"weekOverWeek": 0.5, "yearOverYear": 1.5}}
    values = {f"metric{i}": {**number, "value": i} for i in range(12)}
    with path.open("wb") as file:
        file.write(b'{"startDate":"2026-11-01","endDate":"2026-11-07","metrics":[')
        for index in range(rows):
            row = {
                "groupByKey": {"asin": f"B0V{index:07}"},
                "metrics": dict.fromkeys(names, values),
            }
            file.write((b"," if index else b"") + msgspec.json.encode(row))
        file.write(b"]}\n")


def join_lines(paths: tuple[Path, ...], results: multiprocessing.Queue[Any]) -> None:
    """Join the rows of some documents as the stream does; say how much memory."""
    key = [("groupByKey", "asin")]
    join, count = RowJoin(paths[0].with_suffix(".joined"), key), 0
    begun = time.perf_counter()
    for number, path in enumerate(paths, 1):
        header: dict[str, Any] = {}
        take = partial(join.take, number, header)
        document = KioskDocument(path, "d", "r")
        for _ in document.nested_rows("metrics", ["startDate"], header.update, take):
            pass
    for found in join.joined(lambda _: None, msgspec.json.Decoder(list[Any]).decode):
        count += len(found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put((count, time.perf_counter() - begun, peak))


def in_process(
    work: Callable[..., None], *arguments: object
) -> tuple[int, float, float]:
    """Return what work measures in a process of its own: rows, seconds, megabytes."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[Any] = context.Queue()
    process = context.Process(target=work, args=(*arguments, results))
    process.start()
    found: tuple[int, float, float] = results.get()
    process.join()
    return found


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--line-mb", type=int, default=200)
    options = parser.parse_args()
    print(f"by ASIN and day, {DAYS} days:")
    for sellers in (1, 100):
        creates = sellers * DAYS
        print(
            f"  {sellers:3} sellers, {creates:6} creates: "
            f"report {by_report(sellers):7.1f} h, "
            f"data_kiosk {by_queries(sellers):5.1f} h"
        )
    ours, plain = rows_per_second(options.rows)
    print(f"rows a second: {ours:,.0f}; decode and encode alone: {plain:,.0f}")
    print(f"  share: {ours / plain:.2f} (goal 0.60)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line"
        vendor_line(path, options.line_mb)
        count, seconds, peak = in_process(read_vendor_line, path)
    print(f"one line of {options.line_mb} MB: {count:,} rows in {seconds:.1f} s")
    print(f"  peak memory: {peak:.0f} MB (goal 150)")
    for rows in (options.rows // 10, options.rows // 2):
        with tempfile.TemporaryDirectory() as folder:
            paths = (Path(folder) / "first", Path(folder) / "second")
            analytics_line(paths[0], ("sales", "traffic"), rows)
            analytics_line(paths[1], ("search",), rows)
            size = sum(path.stat().st_size for path in paths) / 1_000_000
            count, seconds, peak = in_process(join_lines, paths)
        print(
            f"two documents of {size:.0f} MB joined: {count:,} rows in {seconds:.1f} s"
        )
        print(f"  peak memory: {peak:.0f} MB")


if __name__ == "__main__":
    main()
