"""Selling Partner data reaches a bucket by the real `meltano run`."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from amazon_emulator import Emulator, EmulatorClient
from amazon_emulator.demo.bucket import DemoBucket
from amazon_emulator.demo.environment import Bucket as Address
from support.core.meltano_project import PREFIX, ROOT, MeltanoProject
from support.s3.bucket import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Bucket
from tap_amazon_sp.catalogue import load_reports
from tap_amazon_sp.marketplaces import find

SELLER, VENDOR = "acme-us", "vega-us"
ORDERS = ("orders", "orders_v0", "changed_orders")


def first_day(emulator: Emulator) -> date:
    """Return the first day of the newest month that sales and traffic can have.

    One month is one report; a second one would have to wait for 15 minutes.
    """
    market = find("US")
    assert market is not None
    newest = market.today(emulator.client.now()) - timedelta(days=2)
    one = timedelta(days=1)
    return ((newest + one).replace(day=1) - one).replace(day=1)


def project_of(
    folder: Path, emulator: Emulator, bucket: Bucket, **settings: object
) -> MeltanoProject:
    """Return a project whose Selling Partner taps read the emulator."""
    given = {
        f"TAP_AMAZON_SP_{name.upper()}": str(value) for name, value in settings.items()
    }
    return MeltanoProject.for_emulator(
        folder,
        emulator,
        bucket,
        TAP_AMAZON_SP_ENDPOINT_URI=emulator.url,
        TAP_AMAZON_SP_AUTH_URI=emulator.token_url,
        TAP_AMAZON_SP_POLL_INTERVAL_SECONDS="0.2",
        TAP_AMAZON_SP_SPOOL_DIR=str(folder),
        **given,
    )


def rows_of(bucket: Bucket) -> dict[str, list[dict[str, Any]]]:
    """Return, by stream, what lies in the bucket."""
    address = Address(
        bucket.endpoint, bucket.name, PREFIX, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY
    )
    return DemoBucket(address, bucket.client).new_rows()


def documents(client: EmulatorClient) -> Counter[str]:
    """Return how many rows the emulator's documents have, by stream."""
    streams = {
        (report.report_type, stream.array): stream.name
        for report in load_reports().reports
        for stream in report.streams
    }
    rows: Counter[str] = Counter()
    for report in client.statistics().sp_reports:
        counts = client.sp_row_counts(report.account, report.report_id)
        for section, count in counts.items():
            rows[streams.get((report.report_type, section), section)] += count
    return rows


def test_every_stream_an_own_report_an_own_endpoint_and_a_file_arrive(
    tmp_path: Path, bucket: Bucket
) -> None:
    with Emulator(sp_asins=2, sp_search_term_rows=10, sp_orders_per_day=1) as emulator:
        start = first_day(emulator)
        settled = f"{emulator.client.now() - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
        project = project_of(tmp_path, emulator, bucket, start_date=start)
        answer = project.run("run", "sp-to-s3", "sp-own-to-s3")
        assert answer.returncode == 0, answer.stderr
        found = rows_of(bucket)
        sent = documents(emulator.client)
        orders = emulator.client.sp_orders(SELLER)
        statistics = emulator.client.statistics()

    for stream in load_reports().streams:
        assert len(found[stream]) == sent[stream] > 0, stream
    us = {
        order["order_id"]
        for order in orders
        if order["marketplace_id"] == "ATVPDKIKX0DER"
        and f"{start + timedelta(days=1)}" <= order["updated_at"] < settled
    }
    for stream, key in zip(ORDERS, ("orderId", *["AmazonOrderId"] * 2), strict=True):
        assert us <= {row[key] for row in found[stream]}
    assert all(row["items"] for row in found["changed_orders"])
    assert len(found["order_items"]) == len(found["order_items_v0"]) > len(us)
    assert len(found["listings"]) == 6
    (row,) = found["listings_file"]
    file = Path(row["file"])
    assert file.is_relative_to(tmp_path)
    assert file.read_bytes().startswith(b"item-name\t")
    assert file.stat().st_size == row["bytes"]
    accounts = {row["account_name"] for rows in found.values() for row in rows}
    assert accounts == {SELLER, VENDOR}
    assert statistics.alarms == []
    assert statistics.sp_refusals == []


def test_the_example_of_a_file_is_kept_out_of_git() -> None:
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    own = next(p for p in plugins["extractors"] if p["name"] == "tap-amazon-sp-own")
    files = [r["output_file"] for r in own["config"]["reports"] if "output_file" in r]
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert [f"/{Path(file).parts[0]}/" in ignored for file in files] == [True]
