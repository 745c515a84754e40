from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from tap_amazon_ads.catalogue import (
    CatalogueError,
    ReportFamily,
    ReportType,
    load_catalogue,
    read_catalogue,
)

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = REPOSITORY / "tap-amazon-ads/tap_amazon_ads/catalogue"
CATALOGUE = load_catalogue()
SEEDED = [entry for entry in CATALOGUE.report_types if entry.seed_name]

TYPES = {"id", "string", "integer", "number", "boolean", "date"}
TIME_COLUMNS = {"date", "startDate", "endDate", "intervalStart", "intervalEnd"}
PRODUCT_PREFIXES = {
    "SPONSORED_PRODUCTS": ("sponsored_products_", "sp"),
    "SPONSORED_BRANDS": ("sponsored_brands_", "sb"),
    "SPONSORED_DISPLAY": ("sponsored_display_", "sd"),
    "SPONSORED_TELEVISION": ("sponsored_television_", "st"),
    "DEMAND_SIDE_PLATFORM": ("amazon_dsp_", "dsp"),
}

# reportTypeId: (max range, retention, groupBy values), as Amazon's pages give them
KNOWN = {
    "spCampaigns": (31, 95, {"campaign", "adGroup", "campaignPlacement"}),
    "spTargeting": (31, 95, {"targeting"}),
    "spSearchTerm": (31, 95, {"searchTerm"}),
    "spAdvertisedProduct": (31, 95, {"advertiser"}),
    "spPurchasedProduct": (31, 95, {"asin"}),
    "spGrossAndInvalids": (365, 365, {"campaign"}),
    "spAudiences": (31, 95, {"campaign_bid_boost_segment"}),
    "sbCampaigns": (31, 60, {"campaign"}),
    "sbAdGroup": (31, 60, {"adGroup", "campaign"}),
    "sbCampaignPlacement": (31, 60, {"campaignPlacement", "campaign"}),
    "sbTargeting": (31, 60, {"targeting"}),
    "sbSearchTerm": (31, 60, {"searchTerm"}),
    "sbAds": (31, 60, {"ads"}),
    "sbPurchasedProduct": (731, 731, {"purchasedAsin"}),
    "sbGrossAndInvalids": (365, 365, {"campaign"}),
    "sbAudiences": (31, 95, {"campaign_bid_boost_segment"}),
    "sdCampaigns": (31, 65, {"campaign", "matchedTarget"}),
    "sdAdGroup": (31, 65, {"adGroup", "matchedTarget"}),
    "sdTargeting": (31, 65, {"targeting", "matchedTarget"}),
    "sdAdvertisedProduct": (31, 65, {"advertiser"}),
    "sdPurchasedProduct": (31, 65, {"asin"}),
    "sdGrossAndInvalids": (365, 365, {"campaign"}),
    "stCampaigns": (31, 95, {"campaign", "adGroup"}),
    "stTargeting": (31, 95, {"campaign", "adGroup", "targeting"}),
    "dspCampaign": (31, 95, {"campaign", "ad", "creative", "flight"}),
    "dspInventory": (
        31,
        95,
        {
            *("supplySource", "site", "campaign", "creative", "ad"),
            *("placementSize", "placement", "deal"),
        },
    ),
    "dspProduct": (31, 95, {"order", "lineItem"}),
    "dspTech": (
        31,
        95,
        {
            *("order", "lineItem", "operatingSystem", "browserType"),
            *("browserVersion", "deviceType", "environmentType"),
        },
    ),
    "dspGeo": (
        31,
        95,
        {"order", "lineItem", "country", "region", "city", "postalCode", "dma"},
    ),
    "dspAudience": (31, 95, {"order", "lineItem"}),
    "dspReachFrequency": (31, 95, {"advertiser", "supplySource", "frequencyGroup"}),
    # without a stream of their own
    "dspAudioAndVideo": (
        395,
        395,
        {"campaign", "ad", "supplySource", "creative", "content"},
    ),
    "dspBidAdjustment": (31, 395, {"bidAdjustmentRule", "bidAdjustmentMatchedTerms"}),
    "conversionPath": (90, 95, {"brandConversionPath"}),
    "spPromptAdExtension": (90, 95, {"promptAdExtension"}),
    "sbPromptAdExtension": (90, 95, {"promptAdExtension"}),
}


def by_name(entry: ReportType) -> str:
    return entry.stream


def names(columns: tuple[Any, ...]) -> list[str]:
    return [column.name for column in columns]


def stream_of(seed_name: str) -> str:
    """The stream name that DESIGN gives a user's own report name."""
    repaired = (
        seed_name.removesuffix("Report")
        .replace("AdGroupyBy", "AdGroupBy")
        .replace("Searchterm", "SearchTerm")
        .replace("Grossand", "GrossAnd")
        .replace("AmazonDSP", "AmazonDsp")
    )
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", repaired).lower()


# ---------------------------------------------------------------- every entry


@pytest.mark.parametrize("entry", CATALOGUE.report_types, ids=by_name)
def test_entry_is_sound(entry: ReportType) -> None:
    max_range, retention, values = KNOWN[entry.report_type_id]
    stream_prefix, type_prefix = PRODUCT_PREFIXES[entry.ad_product]
    columns = names(entry.columns)

    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", entry.stream)
    assert entry.stream.startswith(stream_prefix)
    assert entry.report_type_id.startswith(type_prefix)
    assert entry.seed_name is None or stream_of(entry.seed_name) == entry.stream

    assert set(entry.group_by) <= values
    assert len(set(entry.group_by)) == len(entry.group_by) > 0
    if entry.report_type_id == "dspInventory":
        assert {"supplySource", "site"} & set(entry.group_by)
    if entry.report_type_id == "spCampaigns" and "adGroup" in entry.group_by:
        assert entry.group_by == ("campaign", "adGroup")

    assert (entry.max_range_days, entry.retention_days) == (max_range, retention)
    assert len(set(columns)) == len(columns)
    assert {column.type for column in entry.columns} <= TYPES
    assert not TIME_COLUMNS & set(columns)
    assert not set(names(entry.offered)) & set(columns)
    # the account is added by the tap, so it is in no key
    assert columns[: len(entry.key)] == list(entry.key)
    assert len(set(entry.key)) == len(entry.key)
    assert not {"advertiserId", "entityId"} & set(entry.key)
    assert entry.key or entry.group_by == ("advertiser",)
    assert set(entry.key_fallbacks) <= set(entry.key)
    assert set(entry.key_fallbacks.values()) <= set(columns) - set(entry.key)
    assert all(
        column.type in {"id", "string"} for column in entry.columns[: len(entry.key)]
    )

    assert entry.is_dsp == ("advertiserId" in entry.filters)
    assert entry.is_dsp == ("advertiserId" in columns)


@pytest.mark.parametrize(
    "family", CATALOGUE.families.values(), ids=lambda f: f.report_type_id
)
def test_family_is_sound(family: ReportFamily) -> None:
    max_range, retention, values = KNOWN[family.report_type_id]

    assert (family.max_range_days, family.retention_days) == (max_range, retention)
    assert set(family.group_by) == values
    assert family.source.startswith("https://advertising.amazon.com/API/docs/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", family.checked)
    base = set(names(family.base.columns))
    assert not base & set(names(family.offered))
    for grouping in family.group_by.values():
        assert not base & set(names(grouping.columns)), "stated twice"
    for grouping in (family.base, *family.group_by.values()):
        assert not TIME_COLUMNS & set(names(grouping.columns))


def test_every_known_report_type_has_a_file() -> None:
    assert set(CATALOGUE.families) == set(KNOWN)


def test_the_59_names_of_the_user_are_there_once_each() -> None:
    seed_names = [entry.seed_name for entry in SEEDED]

    assert len(seed_names) == 59
    assert len(set(seed_names)) == 59


def test_streams_are_sorted_and_no_two_are_alike() -> None:
    streams = names_of_streams()
    requests = {
        (entry.report_type_id, frozenset(entry.group_by))
        for entry in CATALOGUE.report_types
    }

    assert streams == sorted(set(streams))
    assert len(requests) == len(streams)


def names_of_streams() -> list[str]:
    return [entry.stream for entry in CATALOGUE.report_types]


def test_ids_are_ids_and_nothing_else_is() -> None:
    ids = {name for name, column in CATALOGUE.columns.items() if column.type == "id"}

    assert ids == {name for name in CATALOGUE.columns if name.endswith("Id")}


def test_every_statement_of_the_files_is_made_once_and_used() -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(set(keys)) == len(keys), f"a key stands twice among {keys}"
        return dict(pairs)

    def read(file: str) -> dict[str, Any]:
        text = (FILES / file).read_text(encoding="utf-8")
        content: dict[str, Any] = json.loads(text, object_pairs_hook=once)
        return content

    sets = read("column_sets.json")
    listed: list[str] = []
    filters: set[str] = set()
    for file in sorted((FILES / "report_types").glob("*.json")):
        content = read(f"report_types/{file.name}")
        for part in (content["base"], *content["group_by"].values()):
            listed += part["columns"]
            filters |= set(part.get("filters", {}).values())
        for part in (content, *content["streams"]):
            listed += part.get("offered", [])

    for name in sets:
        assert listed.count(f"set:{name}") > 1, f"the set {name} is not shared"
    in_sets = {column for columns in sets.values() for column in columns}
    used = in_sets | {entry for entry in listed if not entry.startswith("set:")}
    assert used | TIME_COLUMNS == set(read("columns.json"))
    assert filters == set(read("filter_values.json"))


# ------------------------------------------------------------ what the tap asks


def test_a_stream_is_found_by_name_and_by_its_request_in_any_order() -> None:
    by_deal = CATALOGUE.by_stream("amazon_dsp_inventory_by_deal")

    assert by_deal.seed_name == "AmazonDSPInventoryByDealReport"
    assert CATALOGUE.find("dspInventory", ["deal", "supplySource"]) is by_deal
    assert CATALOGUE.find("dspInventory", ["deal"]) is None
    assert CATALOGUE.find("spNoSuchThing", ["deal"]) is None
    with pytest.raises(KeyError, match="no stream 'spCampaigns'"):
        CATALOGUE.by_stream("spCampaigns")


def test_columns_are_the_key_then_what_describes_the_row_then_metrics() -> None:
    columns = names(
        CATALOGUE.by_stream("sponsored_products_campaign_by_ad_group").columns
    )

    assert columns[:4] == ["adGroupId", "campaignId", "campaignName", "campaignStatus"]
    assert columns.index("adGroupName") < columns.index("impressions")
    assert columns.index("impressions") < columns.index("clicks")
    assert columns.index("clicks") < columns.index("purchases7d")


def test_columns_nobody_documents_are_offered_and_never_default() -> None:
    display = CATALOGUE.by_stream("sponsored_display_campaign_by_campaign")
    matched = CATALOGUE.by_stream("sponsored_display_campaign_by_matched_target")
    purchased = CATALOGUE.by_stream("sponsored_display_purchased_by_asin")

    leads = {"leads", "leadFormOpens", "linkOuts"}
    assert leads | {"targeting"} <= set(names(display.offered))
    assert leads <= set(names(matched.offered))
    assert "targeting" not in names(matched.offered)
    assert not leads & set(names(purchased.offered))
    assert not leads & set(names(display.columns))
    assert "longTermSales" in names(display.columns)  # documented, if only on its page


def test_time_columns_follow_product_and_unit() -> None:
    products = CATALOGUE.by_stream("sponsored_products_campaign_by_campaign")
    dsp = CATALOGUE.by_stream("amazon_dsp_geo_by_dma")

    assert names(products.time_columns("DAILY")) == ["date"]
    assert names(products.time_columns("SUMMARY")) == ["startDate", "endDate"]
    assert names(dsp.time_columns("DAILY")) == ["date"]
    assert names(dsp.time_columns("SUMMARY")) == ["intervalStart", "intervalEnd"]
    assert dsp.key_fallbacks == {"dmaCode": "dmaName"}


def test_filters_are_those_that_every_value_of_the_grouping_takes() -> None:
    campaign = CATALOGUE.by_stream("sponsored_products_campaign_by_campaign")
    ad_group = CATALOGUE.by_stream("sponsored_products_campaign_by_ad_group")

    assert campaign.filters == {"campaignStatus": ("ENABLED", "PAUSED", "ARCHIVED")}
    assert ad_group.filters == {}


def test_own_reports_find_columns_types_and_limits() -> None:
    regions = names(CATALOGUE.columns_of("dspGeo", ["country", "region"]))
    extension = CATALOGUE.families["spPromptAdExtension"]

    assert {"country", "region", "impressions"} <= set(regions)
    assert "city" not in regions
    assert names(CATALOGUE.columns_of("dspGeo", ["moon"]))[0] == "entityId"
    assert CATALOGUE.columns_of("spNoSuchThing", ["campaign"]) == ()
    assert extension.max_range_days == 90
    assert CATALOGUE.is_known_report_type_id("spPromptAdExtension")
    assert not CATALOGUE.is_known_report_type_id("spNoSuchThing")
    assert CATALOGUE.column_type("orderId") == "id"
    assert CATALOGUE.column_type("date") == "date"
    assert CATALOGUE.column_type("noSuchColumn") is None


def test_the_catalogue_is_read_once_and_cannot_be_changed() -> None:
    entry = CATALOGUE.report_types[0]

    assert load_catalogue() is CATALOGUE
    with pytest.raises(FrozenInstanceError):
        entry.stream = "other"  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        entry.filters["x"] = ()  # type: ignore[index]  # that is the point


# ------------------------------------------------------------- wrong files


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("spTargeting.json", '"notes"', '"note"', "note"),
        ("spTargeting.json", '"retention_days": 95,', "", "retention_days"),
        ("spTargeting.json", '"key": [', '"clef": [], "key": [', "clef"),
        ("spTargeting.json", '"adKeywordStatus"]', '"nope"]', "columns.json: nope"),
        ("spTargeting.json", '"set:sp_sales"', '"set:nope"', "column_sets.json"),
        ("spTargeting.json", '"keyword_type"', '"nope"', "filter_values.json"),
        ("spTargeting.json", '"group_by": ["targeting"]', '"group_by": ["x"]', "by x"),
        ("spTargeting.json", '"keywordId", "matchType"]', '"adId"]', "no column adId"),
        ("spTargeting.json", '"keyword",', '"keyword", "keyword",', "twice: keyword"),
        ("spTargeting.json", '"SPONSORED_PRODUCTS"', '"SPONSORED_TOYS"', "enum"),
        ("spTargeting.json", '": "spTargeting"', '": "spTarget"', "unlike its name"),
        ("spTargeting.json", '"streams": [', '"streams": [,', "malformed"),
        ("columns.json", '"entityId": "id"', '"entityId": "uuid"', "enum"),
    ],
)
def test_a_wrong_file_is_refused_by_name(
    tmp_path: Path, file: str, old: str, new: str, complaint: str
) -> None:
    folder = shutil.copytree(FILES, tmp_path / "catalogue")
    changed = (
        folder / file if file == "columns.json" else folder / "report_types" / file
    )
    text = changed.read_text(encoding="utf-8")
    assert old in text
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CatalogueError) as refusal:
        read_catalogue(folder)

    assert str(refusal.value).startswith(file)
    assert complaint in str(refusal.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    folder = shutil.copytree(FILES, tmp_path / "catalogue")
    (folder / "column_sets.json").unlink()

    with pytest.raises(CatalogueError, match=r"^column_sets\.json"):
        read_catalogue(folder)


# --------------------------------------------------------- facts and documents


@pytest.fixture(scope="module")
def facts() -> dict[str, dict[str, Any]]:
    folder = os.environ.get("AMAZON_FACTS_DIR", REPOSITORY.parent / "shared/facts")
    file = Path(folder) / "amazon-ads-report-types.json"
    if not file.is_file():
        pytest.skip(
            "The facts about Amazon's report types are not on this machine, so the"
            " catalogue is not compared with them (AMAZON_FACTS_DIR names the folder)."
        )
    reports = json.loads(file.read_text(encoding="utf-8"))["reports"]
    return {report["seed_name"]: report for report in reports}


Facts = dict[str, dict[str, Any]]
LONGEST_KEPT = {"spSearchTerm": 95}
"""Where sources differ the longest is asked for, and Amazon's answer decides."""
_PAGES_READ = [
    f"kindleEditionNormalizedPages{kind}{ending}"
    for kind in ("Read", "Royalties")
    for ending in ("", "FromClicks", "FromViews")
]


def newest(entry: ReportType) -> set[str]:
    """Return the columns that Amazon's pages of 2026 list as base metrics."""
    if entry.report_type_id == "sbCampaigns":
        return {"brandStorePageView"}
    is_display = entry.ad_product == "SPONSORED_DISPLAY"
    return (
        set(_PAGES_READ)
        if is_display and "Gross" not in entry.report_type_id
        else set()
    )


@pytest.mark.parametrize("entry", CATALOGUE.report_types, ids=by_name)
def test_the_newest_columns_come_by_default(entry: ReportType) -> None:
    assert newest(entry) <= set(names(entry.columns))


def test_requests_and_limits_are_those_of_the_facts(facts: Facts) -> None:
    assert {
        entry.seed_name: (
            entry.ad_product,
            entry.report_type_id,
            list(entry.group_by),
            entry.max_range_days,
            entry.retention_days,
        )
        for entry in SEEDED
    } == {
        name: (
            fact["adProduct"],
            fact["reportTypeId"],
            fact["groupBy_recommended"],
            fact["max_range_days"],
            LONGEST_KEPT.get(fact["reportTypeId"], fact["retention_days"]),
        )
        for name, fact in facts.items()
    }


def test_keys_and_time_columns_are_those_of_the_facts(facts: Facts) -> None:
    for entry in SEEDED:
        fact = facts[str(entry.seed_name)]
        account = ["advertiserId"] if entry.is_dsp else []

        assert ["date", *account, *entry.key] == fact["key_columns"], entry.stream
        assert fact["time_columns"] == {
            "DAILY": names(entry.time_columns("DAILY")),
            "SUMMARY": names(entry.time_columns("SUMMARY")),
        }, entry.stream


def test_columns_and_their_types_are_those_of_the_facts(facts: Facts) -> None:
    for entry in SEEDED:
        documented = {
            column["name"]: "id" if column["name"].endswith("Id") else column["type"]
            for column in facts[str(entry.seed_name)]["columns"]
            if column["name"] not in TIME_COLUMNS
        }

        ours = {c.name: c.type for c in entry.columns if c.name not in newest(entry)}
        assert ours == documented, entry.stream


def test_columns_of_the_dictionary_alone_are_offered(facts: Facts) -> None:
    for entry in SEEDED:
        fact = facts[str(entry.seed_name)]
        undocumented = {c["name"] for c in fact.get("columns_dictionary_only", [])}

        offered = set(names(entry.offered)) | newest(entry)
        assert undocumented <= offered, entry.stream


def test_filters_are_those_of_the_facts(facts: Facts) -> None:
    for entry in SEEDED:
        fact = facts[str(entry.seed_name)]
        if len(entry.group_by) > 1 and not entry.is_dsp:
            assert entry.filters == {}, "filters work with a single groupBy value"
            continue

        assert entry.filters == {
            known["field"]: tuple(known["values"] or ()) for known in fact["filters"]
        }, entry.stream


def test_every_stream_is_on_the_page_of_the_streams() -> None:
    page = (REPOSITORY / "docs/ads-streams.md").read_text(encoding="utf-8")
    for entry in CATALOGUE.report_types:
        assert f"`{entry.stream}`" in page
        assert entry.seed_name is None or f"`{entry.seed_name}`" in page


# --- columns that add up -----------------------------------------------------------

ADDED_UP = re.compile(
    r"(gross|invalid|viewable)?impressions|clicks|(gross|invalid)clickthroughs"
    r"|cost|spend|totalcost|supplycost"
    r"|(combined|offamazon|total)?(productsales|sales|purchases|unitssold|orders)"
    r"(brandhalo)?(clicks)?(1|7|14|30)?d?"
)
"""Cost, sales, units, orders, impressions, clicks; no parts of them, no people."""


def test_columns_marked_as_additive_are_all_there_are_of_their_kind() -> None:
    numbers = {
        n for n, c in CATALOGUE.columns.items() if c.type in {"integer", "number"}
    }
    expected = {name for name in numbers if ADDED_UP.fullmatch(name.lower())}
    assert expected == CATALOGUE.additive


@pytest.mark.parametrize("entry", SEEDED, ids=lambda entry: entry.stream)
def test_every_report_has_something_to_add_up(
    entry: ReportType,
) -> None:
    names = {column.name for column in entry.columns} & CATALOGUE.additive
    ratios = [
        n for n in names if re.search(r"(?i)rate|percent|average|share|per[A-Z]", n)
    ]
    assert not ratios
    assert names
