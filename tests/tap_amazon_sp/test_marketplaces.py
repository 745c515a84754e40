from __future__ import annotations

from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from singer_amazon.regions import REGIONS, SELLING_PARTNER_HOSTS
from support.core.material import FACTS, needs_facts
from tap_amazon_sp.marketplaces import MARKETPLACES, by_id, find, of_region, region_of


def test_every_marketplace_is_there_once_and_whole() -> None:
    assert len(MARKETPLACES) == 23
    for name in ("code", "marketplace_id", "country"):
        assert len({getattr(entry, name) for entry in MARKETPLACES}) == 23
    for entry in MARKETPLACES:
        assert ZoneInfo(entry.zone)
        assert len(entry.currency) == 3
        assert by_id(entry.marketplace_id) is entry
        assert entry in of_region(entry.region)


@needs_facts
def test_ids_countries_and_regions_are_those_of_the_facts() -> None:
    text = (FACTS / "amazon-sp-api.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row] for row in rows]
    found = {
        (row[at], row[at + 1], row[at + 2], row[at + 3])
        for row in cells
        for at in (1, 6)
        if len(row) > at + 3 and row[at + 3] in REGIONS
    }

    ours = {(m.code, m.country, m.marketplace_id, m.region) for m in MARKETPLACES}
    assert {(code.removesuffix(" (UK)"), *rest) for code, *rest in found} == ours
    for host in SELLING_PARTNER_HOSTS.values():
        assert f"`{host}`" in text


@pytest.mark.parametrize(
    ("text", "code"),
    [("A1PA6795UKMFR9", "DE"), ("de", "DE"), (" UK ", "GB"), ("GB", "GB")],
)
def test_an_id_or_a_country_code_names_a_marketplace(text: str, code: str) -> None:
    found = find(text)

    assert found is not None
    assert found.code == code


def test_what_is_no_marketplace_is_not_guessed() -> None:
    assert find("A000000000000") is None
    assert by_id("DE") is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("us-east-1", "NA"),
        ("eu-west-1", "EU"),
        ("US-WEST-2", "FE"),
        ("eu", "EU"),
        ("fe ", "FE"),
        ("eu-central-1", None),
        ("", None),
    ],
)
def test_a_region_may_have_its_aws_name(text: str, region: str | None) -> None:
    assert region_of(text) == region


def test_today_is_the_date_of_the_marketplace() -> None:
    now = datetime(2026, 11, 21, 2, 30, tzinfo=timezone.utc)

    def today(code: str) -> date:
        found = find(code)
        assert found is not None
        return found.today(now)

    assert today("US") == date(2026, 11, 20)
    assert today("DE") == date(2026, 11, 21)
    assert today("JP") == date(2026, 11, 21)
