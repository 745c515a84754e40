"""The parts of the demo that a good run never shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator.client import Create, SpReportView
from amazon_emulator.demo import console, meltano
from amazon_emulator.demo.environment import as_script, inherited
from amazon_emulator.demo.project import SetupError
from amazon_emulator.demo.scenario import runs, seconds_to_midnight, start_date, zones
from amazon_emulator.demo.selling import check_selling, first_day
from amazon_emulator.demo.verification import Line, Outcome, check, restated, validate
from support.ads.emulation import AdsCaller, report_body
from support.core.process import until

STREAM = "sponsored_products_campaign_by_campaign"


# --- comparing -------------------------------------------------------------


class RowSource:
    """An emulator's word on the rows of a report, without a server."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def expected_rows(self, report_id: str) -> list[dict[str, Any]]:
        assert report_id == "r1"
        return self.rows


SENT = [
    {"date": "2026-11-01", "campaignId": 12345678901234567, "clicks": 3, "cost": None},
    {"date": "2026-11-02", "campaignId": 12345678901234567, "clicks": 4, "cost": 1.5},
]


def in_bucket(**changes: object) -> list[dict[str, Any]]:
    rows = [
        {
            **row,
            "campaignId": str(row["campaignId"]),
            "profile_id": "1",
            "country_code": "US",
            "currency_code": "USD",
            "_sdc_extracted_at": "2026-11-20T12:00:00Z",
        }
        for row in SENT
    ]
    rows[0].update(changes)
    return rows


def created(report_id: str = "r1") -> Create:
    return Create(
        report_id=report_id,
        header="Amazon-Advertising-API-Scope",
        account="1",
        body=report_body(),
        ready_after_seconds=0,
        created_at=datetime(2026, 11, 20, tzinfo=timezone.utc),
        status="COMPLETED",
        looks=1,
        downloads=1,
        is_deleted=False,
    )


def outcome_of(found: list[dict[str, Any]]) -> Outcome:
    return check([created()], RowSource(SENT), {STREAM: found})


def test_rows_that_arrived_as_they_were_sent_are_no_difference() -> None:
    outcome = outcome_of(in_bucket())
    assert outcome.differences == []
    assert outcome.lines[0] == Line(STREAM, 1, 2, 2)


@pytest.mark.parametrize(
    "found",
    [
        in_bucket()[1:],
        in_bucket() + in_bucket()[:1],
        in_bucket(clicks=4),
        in_bucket(campaignId="12345678901234568"),
        in_bucket(profile_id="2"),
    ],
    ids=["one lost", "one twice", "wrong number", "id rounded", "wrong account"],
)
def test_any_row_that_is_not_as_it_was_sent_is_told_with_an_example(
    found: list[dict[str, Any]],
) -> None:
    first, *examples = outcome_of(found).differences
    assert first.startswith(STREAM)
    assert examples
    assert "for example" in examples[0]


def test_rows_of_a_stream_nobody_asked_for_are_a_difference() -> None:
    outcome = check([], RowSource([]), {"profiles": [{"profileId": "1"}]})
    assert outcome.lines[-1] == Line("profiles", 0, 0, 1)
    assert outcome.differences


def test_a_report_asked_for_twice_is_a_difference() -> None:
    source = RowSource([])
    creates = [created(), created()]
    (difference,) = check(creates, source, {}).differences
    assert "asked for 2 times" in difference


def test_a_third_run_that_asks_for_reports_and_a_silent_first_one_are_named() -> None:
    asked = Outcome([Line(STREAM, 2, 5, 5)], [])
    silent = Outcome([Line(STREAM, 0, 0, 0)], [])
    assert validate([asked, asked, silent]) == []
    (sentence,) = validate([asked, asked, asked])
    assert "run 3" in sentence
    assert "2 reports" in sentence
    (sentence,) = validate([silent, asked, silent])
    assert sentence == f"run 1: {STREAM} asked for no report."


def test_the_example_of_restatement_is_a_row_that_is_in_both_runs() -> None:
    def row(day: str, purchases: int) -> dict[str, Any]:
        return {
            "profile_id": "1",
            "campaignId": "7",
            "date": day,
            "purchases14d": purchases,
        }

    first = [row("2026-11-01", 100), row("2026-11-02", 100)]
    now = [row("2026-11-02", 103), row("2026-11-03", 500)]
    found = restated(first, now)
    assert found is not None
    assert (found.day, found.before, found.now) == ("2026-11-02", 100, 103)
    assert restated([], now) is None


# --- selling partners --------------------------------------------------------

BEGAN = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
OPEN_LISTINGS = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
SALE = {"startDate": "2026-11-01", "shippedUnits": 3, "orderedRevenue": None}


class Seller:
    """An emulator's word on one report and two orders, without a server."""

    def sp_rows(self, account: str, report_id: str) -> dict[str, list[dict[str, Any]]]:
        assert account == "vega-us"
        return {"salesAggregate": [SALE]} if report_id == "1" else {"rows": [{}]}

    def sp_orders(self, account: str) -> list[dict[str, Any]]:
        assert account == "acme-us"
        times = ("2026-11-19T12:00:00Z", "2026-11-20T11:59:00Z", "2026-10-01T00:00:00Z")
        return [
            {
                "order_id": str(number),
                "updated_at": updated_at,
                "marketplace_id": "ATVPDKIKX0DER",
                "items": [{}, {}],
            }
            for number, updated_at in enumerate(times)
        ]


def asked_for(report_id: str, report_type: str) -> SpReportView:
    return SpReportView(
        report_id=report_id,
        document_id="d",
        account="vega-us",
        report_type=report_type,
        marketplace_ids=[],
        options={},
        body={},
        created_at=BEGAN,
        ready_after_seconds=0,
        status="DONE",
        looks=1,
        document_calls=1,
        downloads=1,
    )


@pytest.fixture
def sold(tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """What lies in the bucket after a good run."""
    file = tmp_path / "listings.txt"
    file.write_bytes(b"header\nline\n")
    return {
        "vendor_sales_aggregate": [
            {"startDate": "2026-11-01", "shippedUnits": 3, "account_name": "vega-us"}
        ],
        "orders": [{"orderId": "0"}],
        "order_items": [{"orderId": "0"}, {"orderId": "0"}],
        "own_orders_with_items": [{"AmazonOrderId": "0", "items": [{}, {}]}],
        "own_listings_file": [{"file": str(file), "bytes": 12}],
    }


def selling(found: dict[str, list[dict[str, Any]]]) -> Outcome:
    reports = [asked_for("1", "GET_VENDOR_SALES_REPORT"), asked_for("2", OPEN_LISTINGS)]
    return check_selling(reports, Seller(), found, "2026-11-11", BEGAN)


def test_a_good_run_of_selling_partners_has_no_difference(
    sold: dict[str, list[dict[str, Any]]],
) -> None:
    """Order 1 has just changed: it may be there or not."""
    assert selling(sold).differences == []
    outcome = selling({**sold, "orders": [{"orderId": "0"}, {"orderId": "1"}]})
    assert outcome.differences == []
    first, second, *_ = outcome.lines
    assert (first.reports, first.sent, first.found) == (1, 1, 1)
    assert second.reports is None  # the same document


@pytest.mark.parametrize(
    ("stream", "rows", "words"),
    [
        ("vendor_sales_aggregate", [], "not in the bucket"),
        (
            "vendor_sales_aggregate",
            [{"startDate": "2026-11-01", "shippedUnits": 4}],
            "never sent",
        ),
        ("orders", [], "not in the bucket"),
        ("order_items", [{"orderId": "0"}], "1 rows are not in the bucket"),
        ("own_orders_with_items", [{"AmazonOrderId": "0", "items": []}], "2 items"),
        ("own_listings_file", [], "0 rows tell of a file"),
        ("own_listings_file", [{"file": "/nowhere", "bytes": 1}], "no file /nowhere"),
        ("strange", [{}], "strange was not asked for"),
    ],
)
def test_what_selling_partners_lack_is_named(
    sold: dict[str, list[dict[str, Any]]],
    stream: str,
    rows: list[dict[str, Any]],
    words: str,
) -> None:
    assert words in " ".join(selling({**sold, stream: rows}).differences)


def test_one_week_and_no_more_has_ended_since_the_first_day() -> None:
    """Two reports of sales and traffic would have to be 15 minutes apart."""
    for day in range(400):
        now = BEGAN + timedelta(days=day)
        start = date.fromisoformat(first_day(now))
        newest = now.date() - timedelta(days=3)  # it is morning in Los Angeles
        days = [start + timedelta(days=n) for n in range((newest - start).days + 1)]
        assert sum(day.isoweekday() == 6 for day in days) == 1


# --- the scenario ----------------------------------------------------------


def test_only_the_first_run_has_an_end_date_and_it_leaves_new_days_everywhere() -> None:
    today = date(2026, 11, 20)
    first, second, third = runs(today)
    assert first.end_date == date(2026, 11, 17)
    assert second.end_date is third.end_date is None
    assert start_date(today) == date(2026, 11, 8)


@pytest.mark.parametrize(
    ("now", "zone", "seconds"),
    [
        ("2026-11-20T07:59:00+00:00", "America/Los_Angeles", 60),
        ("2026-11-20T08:01:00+00:00", "America/Los_Angeles", 86_340),
        ("2026-03-29T00:30:00+00:00", "Europe/Paris", 21.5 * 3600),  # an hour is lost
    ],
)
def test_the_end_of_a_day_is_seen_in_the_accounts_own_zone(
    now: str, zone: str, seconds: float
) -> None:
    instant = datetime.fromisoformat(now)
    assert seconds_to_midnight(instant, [zone]) == seconds
    assert seconds_to_midnight(instant, ["Asia/Tokyo", zone]) <= seconds


def test_the_zones_of_agencies_advertisers_count_too() -> None:
    caller = AdsCaller()
    found = zones(caller.emulation.accounts.as_json())
    caller.emulation.close()
    assert {"America/Los_Angeles", "America/Halifax", "Asia/Kolkata"} <= found


# --- the child -------------------------------------------------------------

FAMILY = """
import os, signal, subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
found = subprocess.Popen([sys.executable, "-c", child + "; time.sleep(60)"])
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()} {found.pid}")
time.sleep(60)
"""


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program with a child that heeds no request to end; the file has the ids."""
    file = tmp_path / "ids"
    command = [sys.executable, "-c", FAMILY, str(file)]
    monkeypatch.setattr(meltano, "meltano_command", lambda _: command)
    yield file
    for number in file.read_text().split():
        if is_running(int(number)):
            os.kill(int(number), signal.SIGKILL)


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{number}/stat")
    return not (
        state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"
    )


def test_ctrl_c_ends_meltano_and_the_plugins_that_do_not_heed_it(
    family: Path, tmp_path: Path
) -> None:
    def interrupted_when_all_run() -> None:
        if family.exists() and len(family.read_text().split()) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meltano.run_meltano(
            (), dict(os.environ), tmp_path, tmp_path / "log", interrupted_when_all_run
        )
    parent, child = map(int, family.read_text().split())
    until(lambda: not is_running(parent) and not is_running(child), "their end", 5)


def test_a_meltano_that_is_not_there_is_told_with_the_command_to_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meltano, "commands_folder", lambda: tmp_path)
    with pytest.raises(SetupError, match="uv run amazon-demo"):
        meltano.meltano_command(("run",))


# --- what is shown ---------------------------------------------------------


def test_a_long_wait_is_told_again_and_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    time = 0.0
    progress = console.Progress(list, clock=lambda: time)
    for _ in range(240):
        progress.update()
        time += 0.25
    lines = capsys.readouterr().out.splitlines()
    assert 6 <= len(lines) <= 8  # a minute without news
    assert all("no report is asked for yet" in line for line in lines)


def test_the_settings_for_a_terminal_reach_it_unharmed_and_undo_its_own(
    tmp_path: Path,
) -> None:
    own = {"AWS_PROFILE": "mine", "HTTPS_PROXY": "http://proxy", "HOME": "/home/me"}
    given = {"TAP_AMAZON_ADS_REFRESH_TOKEN": "Atzr|it's $HOME", "PATH": "/ignored"}
    script = tmp_path / "settings.sh"
    script.write_text(as_script(given, own))
    command = f". {script}; printf '%s|' \"$AWS_PROFILE$HTTPS_PROXY\"; printenv"
    response = subprocess.run(
        ["/bin/sh", "-c", f"{command} TAP_AMAZON_ADS_REFRESH_TOKEN PATH"],
        env=own | {"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    token, path = response.stdout.splitlines()
    assert token == "|Atzr|it's $HOME"
    assert path.startswith(str(Path(sys.executable).parent))
    assert path.endswith(os.defpath)
    assert inherited(own) == {"HOME": "/home/me"}
