"""Rows of v1 as columns, repeated ones added up; the comparison of two row sets."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.documents.spool import Spool, SpoolFile
from singer_amazon.errors import DocumentError
from singer_amazon.records.row_encoder import AddedFields
from singer_amazon.reports.model import Window
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.catalogue import load_catalogue
from tap_amazon_ads.report_specs import report_specs
from tap_amazon_ads.running_reports import RunningReports
from tap_amazon_ads.unified.comparison.checks import (
    Comparison,
    Measured,
    compare,
    values,
)
from tap_amazon_ads.unified.comparison.proof import PROOF_DAYS, Proof, Record
from tap_amazon_ads.unified.mapping import mapping_of
from tap_amazon_ads.unified.rate_limiters import MAX_RUNNING
from tap_amazon_ads.unified.rows import UnifiedRowEncoder
from tap_amazon_ads.unified.spec import UnifiedSpec

STREAM = "sponsored_products_campaign_by_campaign"
REPORT = {s.stream: s for s in report_specs(load_catalogue(), {})}[STREAM]
COLUMNS = ("date", "campaignId", "campaignName", "impressions", "cost", "costPerClick")
WINDOW = Window(date(2026, 11, 1), date(2026, 11, 2))
NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)
Row = dict[str, Any]


def encoder() -> UnifiedRowEncoder:
    mapping = mapping_of(STREAM, REPORT.columns)
    assert mapping is not None
    account = Account("9", "profile 9", "seller", {"profile_id": "9"}, country="US")
    spec = UnifiedSpec(REPORT, account, mapping, {"9": "amzn1.x"}, "US")
    found = UnifiedRowEncoder(spec, {name: REPORT.columns[name] for name in COLUMNS})
    found.begin_document()
    return found


def raw(campaign: object, **more: object) -> Row:
    return {
        "date.value": "2026-11-01",
        "advertiserAccount.id": "amzn1.x",
        "campaign.country": "US",
        "campaign.id": campaign,
        "campaign.name": "one",
        "metric.impressions": 10,
        "metric.totalCost": 1.25,
        "metric.cpc": 0.25,
        **more,
    }


def document(folder: Path, *parts: bytes) -> SpoolFile:
    file = Spool(str(folder), 1 << 30).create()
    for part in parts:
        file.write(part)
        file.end_part()
    file.finish()
    return file


def read(reader: UnifiedRowEncoder, file: SpoolFile) -> list[Row]:
    none = AddedFields.constant({})
    return [
        row for rows in reader.rows(file, WINDOW) for row in reader.records(rows, none)
    ]


def array(rows: Iterable[Row]) -> bytes:
    return json.dumps(list(rows)).encode()


def lines(rows: Iterable[Row]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


# --- rows -------------------------------------------------------------------


@pytest.mark.parametrize("form", [array, lines])
@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_parts_of_any_form_are_read_one_by_one(
    tmp_path: Path, form: Any, pack: Any
) -> None:
    rows = [raw(str(number)) for number in range(7)]
    parts = [form(rows[:3]), form([]), form(rows[3:])]
    found = read(encoder(), document(tmp_path, *(pack(part) for part in parts)))
    assert [row["campaignId"] for row in found] == list("0123456")
    assert found[0] == {
        "date": "2026-11-01",
        "campaignId": "0",
        "campaignName": "one",
        "impressions": 10,
        "cost": 1.25,
        "costPerClick": 0.25,
    }


def test_a_damaged_part_is_no_row_less(tmp_path: Path) -> None:
    whole = gzip.compress(array([raw("1")]))
    with pytest.raises(DocumentError):
        read(encoder(), document(tmp_path, whole, whole[:-9]))
    with pytest.raises(DocumentError):
        read(encoder(), document(tmp_path, b'{"campaign.id": "1"'))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99)), max_size=12),
    st.integers(0, 12),
)
def test_sums_are_kept_whatever_repeats(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[str, int]], cut: int
) -> None:
    rows = [raw(name, **{"metric.impressions": count}) for name, count in given]
    folder = tmp_path_factory.mktemp("spool")
    reader = encoder()
    found = read(reader, document(folder, array(rows[:cut]), array(rows[cut:])))
    names = [name for name, _ in given]
    assert sorted(row["campaignId"] for row in found) == sorted(set(names))
    for row in found:
        mine = [count for name, count in given if name == row["campaignId"]]
        assert row["impressions"] == sum(mine)
        assert row["cost"] == 1.25 * len(mine)
        assert row["costPerClick"] == (0.25 if len(mine) == 1 else None)
    assert reader.merged_rows == len(names) - len(set(names))
    assert not reader.repeats


def test_rows_of_another_country_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [raw("1"), raw("2", **{"campaign.country": "CA"}), raw(3)]
    reader = encoder()
    found = read(reader, document(tmp_path, array(rows)))
    assert [row["campaignId"] for row in found] == ["1", "3"]
    assert list(reader.warnings()) == [
        "Ads API v1 sent 1 rows of CA, which were not asked for: they are left out"
    ]


# --- the comparison ---------------------------------------------------------


def measured(day: str, item: str, impressions: int, **more: float) -> Measured:
    numbers = {"impressions": impressions, "clicks": 9, "cost": 3, **more}
    return Measured(day, item, {n: Decimal(str(v)) for n, v in numbers.items()})


ROWS = [
    measured(f"2026-11-0{day}", item, 1000 * day)
    for day in range(1, 8)
    for item in ("a", "b")
]


def judged(v1: list[Measured], v3: list[Measured] | None = None) -> Comparison:
    return compare(ROWS if v3 is None else v3, v1, what="campaigns")


@given(st.permutations(ROWS))
def test_equal_rows_agree_in_any_order(v1: list[Measured]) -> None:
    found = judged(v1)
    assert found.passed
    assert found.words == "agree"


@given(st.sets(st.integers(0, len(ROWS) - 1), min_size=2))
def test_lost_rows_never_pass(lost: set[int]) -> None:
    found = judged([row for number, row in enumerate(ROWS) if number not in lost])
    assert not found.passed


@given(st.integers(0, len(ROWS) - 1))
def test_a_repeated_row_never_passes(number: int) -> None:
    found = judged([*ROWS, ROWS[number]])
    assert found.failed("B")
    assert not found.failed("C"), "verbatim copies do not make other numbers"


@pytest.mark.parametrize(("factor", "is_close"), [(1.004, True), (0.99, False)])
def test_traffic_may_differ_by_half_a_percent(factor: float, is_close: bool) -> None:
    other = [
        measured(r.day, r.item, int(float(r.values["impressions"]) * factor))
        for r in ROWS
    ]
    found = judged(other)
    assert found.passed is is_close
    assert not found.failed("AB")


def test_days_cut_otherwise_are_no_difference() -> None:
    shifted = [
        measured(r.day, r.item, int(r.values["impressions"]) + (-1) ** n * 400)
        for n, r in enumerate(sorted(ROWS, key=lambda r: r.day)[2:])
    ]
    found = judged([*sorted(ROWS, key=lambda r: r.day)[:2], *shifted])
    assert found.passed
    half = [
        measured(r.day, r.item, int(r.values["impressions"]) + sign * 400)
        for r, sign in zip(ROWS, (1, 1, *[0] * 10, -1, -1), strict=True)
    ]
    found = judged(half)
    assert found.passed
    assert "shifts" in {f.result for f in found.findings}
    assert any(f.what == "impressions 2026-11-01" for f in found.findings)


def test_nothing_on_either_side_proves_nothing() -> None:
    found = judged([], v3=[])
    assert not found.passed
    assert not found.failed()
    assert found.words == "nothing to compare"
    assert not judged(ROWS, v3=[]).passed


def test_a_field_with_other_values_is_found_by_its_clicks() -> None:
    same = values(ROWS, [*ROWS, measured("2026-11-01", "c", 0)], what="searchTerm")
    assert same.result == "pass"
    other = values(ROWS, [measured("2026-11-01", "c", 9)], what="searchTerm")
    assert other.result == "fail"
    quiet = [measured("2026-11-01", "z", 5, clicks=0)]
    assert values([*ROWS, *quiet], ROWS, what="searchTerm").result == "pass"


@given(st.integers(-1, 60), st.booleans())
def test_a_proof_is_good_for_30_days(days: int, passed: bool) -> None:
    record = Record(checked_at=NOW - timedelta(days=days), passed=passed)
    proof = Proof({("9", "SPONSORED_PRODUCTS"): record})
    assert proof.is_good("9", "SPONSORED_PRODUCTS", NOW) is (
        passed and days <= PROOF_DAYS
    )
    assert not proof.is_good("9", "SPONSORED_BRANDS", NOW)
    assert not proof.is_good("8", "SPONSORED_PRODUCTS", NOW)


# --- how often --------------------------------------------------------------


def test_one_create_at_a_time_and_two_reports_under_way() -> None:
    running = RunningReports(MAX_RUNNING, one_create_at_a_time=True)
    assert running.ready_at(NOW) == NOW
    running.take(NOW)
    assert running.ready_at(NOW) > NOW
    running.answered("1")
    assert running.ready_at(NOW) == NOW
    running.take(NOW)
    running.answered("2")
    assert running.ready_at(NOW) > NOW
    running.ended("1")
    assert running.ready_at(NOW) == NOW
    running.runs("3")
    assert running.ready_at(NOW) > NOW
    running.ended("2")
    running.take(NOW)
    running.answered(None)
    assert running.ready_at(NOW) == NOW
    waiting_for_none = RunningReports(None)
    for number in range(9):
        waiting_for_none.runs(str(number))
    assert waiting_for_none.ready_at(NOW) == NOW
