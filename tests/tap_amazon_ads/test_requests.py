"""What is asked of Amazon and what comes out, for one report type of each family."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import (
    ADVERTISERS,
    AGENCY,
    BRAZIL,
    LINKED,
    SELLER,
    Run,
    bodies,
    days,
)
from support.core.cases import table
from tap_amazon_ads.catalogue import load_catalogue

Runs = Callable[..., Run]
COUNTRIES = {
    ADVERTISERS[0]: ("US", "USD"),
    ADVERTISERS[1]: ("CA", "CAD"),
    ADVERTISERS[2]: ("BR", "BRL"),
}


@dataclass(frozen=True, slots=True)
class Family:
    """A stream, the columns chosen beside its keys, and the body they make."""

    stream: str
    chosen: Sequence[str]
    configuration: Mapping[str, object]
    key: Sequence[str]
    account: str = SELLER

    def body(self) -> dict[str, object]:
        return {
            "startDate": "2026-11-17",
            "endDate": "2026-11-18",
            "configuration": {
                "timeUnit": "DAILY",
                "format": "GZIP_JSON",
                **self.configuration,
            },
        }


FAMILIES = [
    Family(stream, **parts) for stream, parts in table(__file__, "families").items()
]
SPONSORED = [family for family in FAMILIES if family.account != AGENCY]
DSP = [family for family in FAMILIES if family.account == AGENCY]
ADDED = ("profile_id", "country_code", "currency_code")


def ask_for(run: Runs, family: Family, **settings: object) -> Run:
    return run(
        family.stream,
        only={family.stream: [*family.chosen, *ADDED]},
        profile_ids=[family.account],
        **days("2026-11-17", "2026-11-18"),
        **settings,
    )


def expected(
    amazon: EmulatorClient, family: Family, added: Callable[[dict[str, Any]], Any]
) -> list[dict[str, Any]]:
    """Return the emulator's rows in the form the tap promises, by hand."""
    rows = []
    for create in amazon.statistics().creates:
        for row in amazon.expected_rows(create.report_id):
            fitted = {
                name: str(value)
                if name.endswith("Id") and isinstance(value, int)
                else value
                for name, value in row.items()
            }
            for name in family.key:
                if fitted.get(name, "") is None:
                    fitted[name] = ""
            rows.append(fitted | dict(zip(ADDED, added(row), strict=True)))
    return rows


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.stream)
def test_a_report_is_asked_for_and_delivered_to_the_letter(
    run: Runs, amazon: EmulatorClient, family: Family
) -> None:
    ran = ask_for(run, family)

    assert ran.code == 0
    assert bodies(amazon.statistics()) == [family.body()]
    create = amazon.statistics().creates[0]
    assert create.header == "Amazon-Advertising-API-Scope"
    assert create.account == family.account
    land = ("BR", "BRL") if family.account == BRAZIL else ("US", "USD")

    def added(row: dict[str, Any]) -> tuple[str, ...]:
        is_dsp = family.account == AGENCY
        return (family.account, *(COUNTRIES[row["advertiserId"]] if is_dsp else land))

    assert ran.rows(family.stream) == expected(amazon, family, added)
    assert_key(ran, family)


def assert_key(ran: Run, family: Family) -> None:
    """The key is the promised one, present in every row, never null, never twice."""
    assert ran.schema(family.stream)["key_properties"] == list(family.key)
    keys = [tuple(row[name] for name in family.key) for row in ran.rows(family.stream)]
    # Purchased products have a row only where something was sold.
    assert len(keys) >= (4 if "purchased" in family.stream else 10)
    assert len(set(keys)) == len(keys)
    assert all(isinstance(part, str) for key in keys for part in key)


def test_the_rows_of_these_families_hold_what_makes_them_hard(
    run: Runs, amazon: EmulatorClient
) -> None:
    """Ids beyond 2^53, missing key values, other scripts: the tests above saw them."""
    family = SPONSORED[0]
    rows = ask_for(run, family).rows(family.stream)
    amazon_rows = [
        row
        for create in amazon.statistics().creates
        for row in amazon.expected_rows(create.report_id)
    ]
    beyond = [row for row in amazon_rows if row["adGroupId"] > 2**53]
    assert beyond
    assert {str(row["adGroupId"]) for row in beyond} <= {r["adGroupId"] for r in rows}
    assert any(row["advertisedSku"] is None for row in amazon_rows)
    assert any(row["advertisedSku"] == "" for row in rows)
    assert any(not str(row["campaignName"]).isascii() for row in rows)


def test_every_call_carries_the_headers_amazon_asks_for_and_the_download_none(
    run: Runs,
    emulator: Emulator,
    amazon: EmulatorClient,
    sent: list[requests.PreparedRequest],
) -> None:
    family = SPONSORED[0]
    ask_for(run, family, user_agent="northwind-pipeline/2.1")

    by_path: dict[str, list[requests.PreparedRequest]] = {}
    for request in sent:
        by_path.setdefault(request.path_url.partition("?")[0], []).append(request)
    (token,) = by_path.pop("/auth/o2/token")
    assert token.headers["Content-Type"] == "application/x-www-form-urlencoded"

    (profiles,) = by_path.pop("/v2/profiles")
    assert profiles.path_url.endswith("?accessLevel=view&apiProgram=report")
    assert "Amazon-Advertising-API-Scope" not in profiles.headers

    (create,) = by_path.pop("/reporting/reports")
    report_id = amazon.statistics().creates[0].report_id
    looks = by_path.pop(f"/reporting/reports/{report_id}")
    for request in [profiles, create, *looks]:
        assert request.headers["Authorization"].startswith("Bearer Atza|")
        assert (
            request.headers["Amazon-Advertising-API-ClientId"]
            == emulator.credentials["client_id"]
        )
        assert request.headers["User-Agent"] == "northwind-pipeline/2.1"
    assert create.headers["Amazon-Advertising-API-Scope"] == family.account
    assert "Amazon-Ads-AccountId" not in create.headers
    assert (
        create.headers["Content-Type"]
        == "application/vnd.createasyncreportrequest.v3+json"
    )
    assert json.loads(create.body or b"") == family.body()

    ((download,),) = by_path.values()
    assert download.url is not None
    assert download.url.startswith(emulator.download_url)
    carried = {name.lower() for name in download.headers}
    assert not carried & {"authorization", "amazon-advertising-api-clientid"}
    assert not any(name.startswith("amazon") for name in carried)


def test_a_linked_advertiser_is_asked_for_by_its_own_account_header(
    run: Runs, amazon: EmulatorClient, sent: list[requests.PreparedRequest]
) -> None:
    family = DSP[0]
    ran = run(
        family.stream,
        only={family.stream: [*family.chosen, *ADDED]},
        advertiser_ids=[int(LINKED)],
        **days("2026-11-17", "2026-11-18"),
    )

    assert ran.code == 0
    filters = [{"field": "advertiserId", "values": [LINKED]}]
    body = family.body()
    assert bodies(amazon.statistics()) == [
        body | {"configuration": {**body["configuration"], "filters": filters}}  # type: ignore[dict-item]  # a dict
    ]
    (create,) = [r for r in sent if r.path_url == "/reporting/reports"]
    assert create.headers["Amazon-Ads-AccountId"] == LINKED
    assert "Amazon-Advertising-API-Scope" not in create.headers
    rows = ran.rows(family.stream)
    assert rows == expected(amazon, family, lambda _: (None, None, None))
    (partition,) = ran.partitions(family.stream)
    assert partition["context"] == {"advertiser_id": LINKED}
    assert partition["advertiser_ids"] == [LINKED]


def test_every_report_type_delivers_its_rows_with_whole_keys(
    run: Runs, amazon: EmulatorClient
) -> None:
    """All columns of all 59, as under Meltano's `*.*`, with nothing refused."""
    types = [t for t in load_catalogue().report_types if t.seed_name is not None]
    assert len(types) == 59

    ran = run(
        *(entry.stream for entry in types),
        profile_ids=[SELLER, AGENCY],
        **days("2026-11-18"),
    )

    assert ran.code == 0
    assert not ran.warnings
    count = sum(
        amazon.expected_row_count(create.report_id)
        for create in amazon.statistics().creates
    )
    assert len(ran.of_type("RECORD")) == count
    for entry in types:
        key = ran.schema(entry.stream)["key_properties"]
        rows = [tuple(row[name] for name in key) for row in ran.rows(entry.stream)]
        # Purchased products have a row only where something was sold.
        assert len(rows) >= (2 if "purchased" in entry.stream else 5)
        assert len(set(rows)) == len(rows)
        assert all(isinstance(part, str) for row in rows for part in row)
