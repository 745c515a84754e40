"""Amazon's list of reports that are there already, page by page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any

import pytest

from singer_amazon.errors import RejectedError
from singer_amazon.http.transport import Response
from tap_amazon_sp.reports.custom.listing import listed

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
TYPE = "GET_THIS"


class ScriptedList:
    """Hands out pages and keeps what was asked."""

    def __init__(self, *pages: Mapping[str, Any], status: int = 200) -> None:
        self.pages = [Response(status, {}, json.dumps(page).encode()) for page in pages]
        self.asked: list[Mapping[str, str]] = []

    def __call__(self, params: Mapping[str, str]) -> Response | None:
        self.asked.append(params)
        return self.pages.pop(0) if self.pages else None

    def read(self, start: date | None = None, end: date | None = None) -> list[str]:
        found = listed(TYPE, ("A", "B"), self, now=NOW, start=start, end=end)
        return [report.report_id for report in found]


def report(number: int, created: str = "2026-11-01T07:00:00+00:00") -> dict[str, str]:
    return {
        "reportId": str(number),
        "createdTime": created,
        "dataStartTime": "2026-10-18T00:00:00+00:00",
        "dataEndTime": "2026-10-31T23:59:59+00:00",
    }


def test_the_next_page_is_asked_for_by_its_token_alone() -> None:
    scripted = ScriptedList(
        {"reports": [report(1), report(2)], "nextToken": "t"}, {"reports": [report(3)]}
    )
    assert scripted.read() == ["1", "2", "3"]
    first, second = scripted.asked
    assert second == {"nextToken": "t"}
    assert first["marketplaceIds"] == "A,B"
    assert first["processingStatuses"] == "DONE"


@pytest.mark.parametrize(
    ("start", "since"),
    [
        (None, "2026-08-22T12:05:00Z"),
        (date(2026, 1, 1), "2026-08-22T12:05:00Z"),  # Amazon lists 90 days
        (date(2026, 11, 1), "2026-11-01T00:00:00Z"),
    ],
)
def test_it_begins_at_start_date_within_what_amazon_lists(
    start: date | None, since: str
) -> None:
    scripted = ScriptedList({"reports": []})
    scripted.read(start)
    assert scripted.asked[0]["createdSince"] == since


def test_what_was_made_after_end_date_is_left_out() -> None:
    late = "2026-11-03T00:00:00+00:00"
    scripted = ScriptedList({"reports": [report(1), report(2, late)]})
    assert scripted.read(end=date(2026, 11, 2)) == ["1"]


def test_a_token_that_comes_again_is_no_endless_loop() -> None:
    page = {"reports": [report(1)], "nextToken": "t"}
    with pytest.raises(RejectedError, match="a second time"):
        ScriptedList(page, page, page).read()


def test_a_refusal_carries_amazons_message() -> None:
    body = {"errors": [{"code": "InvalidInput", "message": "No such type"}]}
    with pytest.raises(RejectedError, match="HTTP 400: No such type"):
        ScriptedList(body, status=400).read()


def test_a_report_of_several_marketplaces_comes_under_the_first_of_ours() -> None:
    both = {**report(1), "marketplaceIds": ["B", "A"]}
    pages = {"reports": [both, {**report(2), "marketplaceIds": ["B"]}]}

    def read(wanted: str) -> list[str]:
        scripted = ScriptedList(pages)
        found = listed(
            TYPE, (wanted,), scripted, among=("A", "B"), now=NOW, start=None, end=None
        )
        return [entry.report_id for entry in found]

    assert (read("A"), read("B")) == (["1"], ["2"])


def test_what_makes_no_sense_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    odd: list[Any] = ["x", {}, {**report(3), "createdTime": None}]
    late = {
        **report(4),
        "dataStartTime": "soon",
        "createdTime": "2026-11-01T07:00:00.1Z",
    }
    assert ScriptedList({"reports": [*odd, late, report(5)]}).read() == ["4", "5"]
    assert caplog.text.count("getReports lists what is no report") == 3


def test_time_up_ends_the_list_quietly() -> None:
    assert ScriptedList().read() == []
