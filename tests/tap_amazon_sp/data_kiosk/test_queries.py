"""Texts of queries: equal for equal wishes, short enough, over whole periods."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amazon_emulator import Emulator
from singer_amazon.reports.model import Window
from support.sp.runs import run
from tap_amazon_sp.data_kiosk.custom.checking import check_query
from tap_amazon_sp.data_kiosk.datasets import load_datasets, query_shapes
from tap_amazon_sp.data_kiosk.queries import api
from tap_amazon_sp.data_kiosk.queries.query_parts import cut
from tap_amazon_sp.data_kiosk.queries.query_spec import QuerySpec
from tap_amazon_sp.data_kiosk.queries.query_text import query_text
from tap_amazon_sp.data_kiosk.queries.refused_fields import refused_paths
from tap_amazon_sp.data_kiosk.query_shape import arguments_of
from tap_amazon_sp.data_kiosk.zero_sales import SalesWatch
from tap_amazon_sp.periods import Period, open_days
from tap_amazon_sp.reports.period_grid import PeriodGrid, range_of

DATASETS = {report.name: report for report in load_datasets()}
NEWEST = date(2026, 11, 1)
days = st.dates(date(2023, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_query_with_all_fields_fits_amazons_schema_and_its_limit(name: str) -> None:
    report, shape = DATASETS[name], query_shapes()[name]
    options = {option.amazon_name: option.default or "USD" for option in report.options}
    arguments = arguments_of(options)
    if shape.marketplace_argument:
        arguments[shape.marketplace_argument] = ["ATVPDKIKX0DER"]
    line = shape.schema.roots[shape.root].row
    above = (shape.rows,) if shape.rows else ()
    columns = [*((name,) for name in shape.line)]
    columns += [(*above, *source) for source in shape.sources.values()]
    every = shape.schema.leaves(line)
    paths = shape.in_order(
        path for path in every if any(path[: len(c)] == c for c in columns)
    )
    spec = QuerySpec(
        shape.schema,
        shape.root,
        arguments,
        paths,
        frozenset(),
        shape.asin_filter,
        "ATVPDKIKX0DER",
    )
    spec = replace(spec, parts=cut(shape.groups_of(paths), spec.length, 8000))
    asins = [f"B{number:09}" for number in range(30)]
    for part in range(1, spec.part_count + 1):
        text = spec.text(Window(NEWEST, NEWEST), asins=asins, part=part)
        assert len(text) <= 8000
        checked = check_query(text)
        assert (checked.schema.domain, checked.root) == (
            shape.schema.domain,
            shape.root,
        )
    assert spec.part_count == (2 if "seller_analytics" in name else 1)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.integers(10, 40))
def test_parts_hold_every_group_once_and_keep_to_the_length(
    sizes: list[int], most: int
) -> None:
    groups = [
        frozenset((f"g{number}", f"f{index}") for index in range(size))
        for number, size in enumerate(sizes)
    ]
    parts = cut(groups, lambda paths: len(set(paths)), most)
    if sum(sizes) <= most or len(sizes) == 1:
        assert parts == ()
        return
    for group in groups:
        assert sum(group <= part for part in parts) == 1
    assert sum(map(len, parts)) == sum(sizes)
    assert all(len(part) <= most or part in groups for part in parts)


@given(st.permutations([("sales", "unitsOrdered"), ("startDate",), ("endDate",)]))
def test_equal_wishes_are_equal_texts(paths: list[tuple[str, ...]]) -> None:
    shape = query_shapes()["data_kiosk_economics"]
    found = query_text(shape.schema, shape.root, {"startDate": "2026-11-01"}, paths)
    assert found == (
        "query{analytics_economics_2024_03_15{economics("
        'startDate:"2026-11-01"){endDate sales{unitsOrdered}startDate}}}'
    )


@given(
    st.sampled_from(sorted(DATASETS)),
    st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH]),
    days,
    st.integers(0, 800),
)
def test_windows_are_whole_periods_without_a_hole(
    name: str, period: Period, today: date, back: int
) -> None:
    """At the edges of years and where clocks change, too: days are dates."""
    rules = DATASETS[name].rules(period)
    start = today - timedelta(days=back)
    available = open_days(period, rules, today=today, start=start)
    if available.periods is None:
        return
    span = range_of(period, available, start, start_is_set=True)
    first = max(span.start, span.oldest_kept)
    windows = PeriodGrid(period, rules.per_request).cut([Window(first, span.end)])
    following = first
    for window in windows:
        assert window.start == following
        following = window.end + timedelta(days=1)
        if period is Period.WEEK:
            assert (window.start.isoweekday(), window.end.isoweekday()) == (7, 6)
        if period is Period.MONTH:
            assert (window.start.day, following.day) == (1, 1)
        if period is Period.DAY and "vendor" in name:
            assert window.length == 1
    assert following == span.end + timedelta(days=1)
    assert span.end < today - timedelta(days=rules.holdback)


def test_a_text_that_is_too_long_is_a_sentence_and_is_not_sent(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MAX_LENGTH", 500)
    ended = run(emulator, "data_kiosk_economics", start_date="2026-11-16")
    assert ended.code == 1
    assert "deselect some of its columns" in ended.logged[-1].getMessage()
    assert emulator.client.statistics().count("create_query") == 0


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Unauthorized to access: [d.r.sales.unitsOrdered, d.r.traffic]", 2),
        ("Unauthorized to access: [r.sales]", 1),
        ("Access to requested resource is denied.", 0),
        ("Unauthorized to access: [d.r]", 0),
        ("Unauthorized to access: []", 0),
    ],
)
def test_fields_that_a_refusal_names(message: str, expected: int) -> None:
    found = refused_paths(message, "d", "r")
    assert len(found) == expected
    assert all(path[0] in {"sales", "traffic"} for path in found)


@given(st.dictionaries(days, st.sampled_from([0.0, 0.0, 5.0]), max_size=10))
def test_zeros_are_suspicious_only_behind_sales(sales: dict[date, float]) -> None:
    watch = SalesWatch()
    for day, amount in sales.items():
        watch.add("a", day, amount)
    sold = [day for day, amount in sales.items() if amount]
    expected = [
        day for day, amount in sales.items() if not amount and sold and day > min(sold)
    ]
    assert watch.suspicious("a", sales) == sorted(expected)
    assert watch.suspicious("b", sales) == []
