"""The page of a run: what stands in it, and what cannot."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.run_report.facts import Outcomes, RunFacts, grouped_problems
from singer_amazon.run_report.page import render
from singer_amazon.run_report.shown_settings import shown_settings
from singer_amazon.run_report.totals import totals
from singer_amazon.sync.summary import Problem
from support.core.logged_reports import STARTED, entries, facts


class Page(HTMLParser):
    """What a browser makes of the page: elements, their addresses, and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.data = ""
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._in_data = ("id", "data") in attrs

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the base's signature
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    @property
    def reports(self) -> list[dict[str, Any]]:
        document = json.loads(self.data)
        return [
            dict(zip(document["fields"], report, strict=True))
            for report in document["reports"]
        ]


def test_every_report_is_on_the_page_with_its_times() -> None:
    found = entries(300)
    page = Page(render(facts(found), found))
    assert len(page.reports) == 300
    for entry, shown in zip(found, page.reports, strict=True):
        assert (shown["id"], shown["rows"]) == (entry.report_id, entry.rows)
        at = entry.delivered_at
        expected = None if at is None else round((at - STARTED).total_seconds(), 1)
        assert shown["delivered"] == expected


def test_the_page_says_what_came_of_the_run() -> None:
    found = entries(300)
    page = Page(render(facts(found), found))
    done = sum(e.outcome in {"delivered", "empty"} for e in found)
    assert f"{done} of 300" in page.text
    assert f"{sum(e.rows for e in found):,}" in page.text
    assert "Not authorized to access scope" in page.text
    assert "Ask who granted access" in page.text
    waiting = sum(e.outcome == "waiting" for e in found)
    assert f"Waiting for the next run ({waiting})" in page.text


def test_a_run_that_broke_off_says_why_though_it_has_no_report() -> None:
    broken = replace(facts([], "failed"), broke_off="start_date lies in the future")
    page = Page(render(broken, []))
    assert "start_date lies in the future" in page.text
    assert page.reports == []


def test_the_page_loads_nothing() -> None:
    text = render(facts(entries(50)), entries(50))
    page = Page(text)
    assert not {"link", "img", "iframe", "object", "base"} & set(page.tags)
    assert not {"src", "href", "srcset", "style"} & {
        name for name, _ in page.attributes
    }
    assert "default-src 'none'" in text
    addresses = set(re.findall(r"https?://[^\"'\s<]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, nothing to load


HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--${data}$policy\u2028"


@given(st.text(max_size=30).map(lambda text: HOSTILE + text))
def test_what_amazon_says_is_text_and_nothing_else(said: str) -> None:
    made = replace(
        entries(1)[0],
        account_name=said,
        stream=said,
        reason=said,
        report_id=said,
        columns=(said,),
        outcome="waiting",
    )
    run = replace(
        facts([made]),
        problems=[Problem(said, said, said, said)],
        settings={"region": said},
        broke_off=said,
        result="failed",
    )
    harmless = Page(render(facts(entries(1)), entries(1)))
    page = Page(render(run, [made]))
    assert page.tags.count("script") == harmless.tags.count("script")
    assert "img" not in page.tags
    assert page.reports[0]["id"] == said


def test_streams_that_read_one_document_count_it_once() -> None:
    first = replace(entries(1)[0], report_id="r1", bytes=100, calls=4, rows=10)
    whole, by_stream = totals(
        [first, replace(first, stream="another")], lambda entry: entry.outcome
    )
    assert (whole.reports, whole.rows) == (2, 20)
    assert (whole.bytes, whole.calls) == (100, 4)
    assert by_stream["another"].bytes == 100


def test_a_refusal_that_is_no_failure_is_a_report_not_offered() -> None:
    asked = replace(entries(1)[0], outcome="refused")
    window = f"{asked.window_start}..{asked.window_end}"
    notice = Problem("the shop", asked.stream, window, "not offered", is_failure=False)
    run = replace(
        facts([asked]), problems=[notice], accounts={"the shop": asked.account}
    )
    assert Outcomes(run).of(asked) == "not offered"
    failure = replace(notice, is_failure=True)
    assert Outcomes(replace(run, problems=[failure])).of(asked) == "refused"


def test_one_reason_is_said_once_for_all_its_accounts() -> None:
    sentence = "HTTP 500. What to do: wait."
    problems = [Problem(f"a{n}", "s", "w", sentence) for n in (1, 2)]
    notice = Problem("a1", "s", "w", "not offered", is_failure=False)
    groups = grouped_problems([notice, *problems])
    assert [group.is_failure for group in groups] == [True, False]
    assert (groups[0].reason, groups[0].next_step) == ("HTTP 500.", "wait.")
    assert list(groups[0].where) == ["a1", "a2"]


SCHEMA = {
    "properties": {
        "region": {"default": "NA"},
        "client_secret": {"secret": True},
        "aws_secret_access_key": {"secret": True},
        "endpoint_uri": {},
        "accounts": {},
        "credentials": {},
        "profile_ids": {},
        "stream_map_config": {},
        "max_concurrency": {"default": 8},
    }
}


def test_settings_are_shown_without_secrets() -> None:
    config = {
        "region": "NA",
        "client_secret": "hidden-1",
        "aws_secret_access_key": "hidden-2",
        "endpoint_uri": "https://user:hidden-3@proxy.example/path?key=hidden-4",
        "accounts": [{"name": "shop", "refresh_token": "hidden-5"}],
        "credentials": {"refresh_token": "hidden-6"},
        "profile_ids": [1, "Atzr|hidden-7"],
        "stream_map_config": {"hash_seed": "hidden-8"},
        "max_concurrency": 8,
    }
    found = shown_settings(config, SCHEMA)
    assert "hidden" not in json.dumps(found)
    assert found["accounts"] == "shop"
    assert found["endpoint_uri"] == "https://proxy.example/path"
    assert set(found) == {"region", "endpoint_uri", "accounts", "profile_ids"}


def test_a_run_of_thirty_thousand_reports_stays_small() -> None:
    found = entries(30_000)
    assert len(render(facts(found), found)) < 8_000_000


def test_a_run_without_length_is_a_page() -> None:
    short = RunFacts("tap", "1", "r", STARTED, STARTED, "complete")
    assert "Everything that was due has been delivered" in render(short, [])
