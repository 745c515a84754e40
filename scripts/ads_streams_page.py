"""The page docs/ads-streams.md, from the report-type catalogue of tap-amazon-ads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_ads.catalogue import Catalogue, Column, ReportFamily, ReportType

PRODUCTS = {
    "SPONSORED_PRODUCTS": "Sponsored Products",
    "SPONSORED_BRANDS": "Sponsored Brands",
    "SPONSORED_DISPLAY": "Sponsored Display",
    "SPONSORED_TELEVISION": "Sponsored TV",
    "DEMAND_SIDE_PLATFORM": "Amazon DSP",
}

INTRODUCTION = """\
# Report streams of tap-amazon-ads

<!-- Made by scripts/make_docs.py from the catalogue; edit that. -->

Each row of the tables is one **stream**: one report type of Amazon Ads reporting v3
with one `groupBy`, read for every account that can have it. Seller and vendor
profiles get the sponsored-ads and TV streams, agency profiles and linked advertisers
the DSP streams. Beside the {streams} report streams there are two plain ones,
`profiles` and `advertisers`, and two about the run itself, `report_log` and
`report_days` ([where numbers come from](numbers.md)). Campaigns, ad groups, targets,
ads and other entities are [streams of their own](entities.md), by exports.

**Names.** *Your name* is the name of the report in the list of 59 this tap was made
for; the stream has the same name in snake case, without `Report`, its spelling
repaired. Streams marked *(extra)* are not in that list, and not selected by default.

**Rows** carry Amazon's own column names, unchanged, plus `profile_id`,
`country_code` and `currency_code`. Ids are always text. The key of a `DAILY` row is
what the table says, plus `profile_id` (DSP: plus `advertiserId`). With
`time_unit: SUMMARY`, `startDate` and `endDate` (DSP: `intervalStart` and
`intervalEnd`) take the place of `date`.

**Range** is the longest span of one request, **history** how far back Amazon answers,
both in days. Longer spans are asked for in several requests; a `start_date` beyond
the history is moved up with a warning. A `SUMMARY` span must fit one request.

**Columns** is the number of columns a stream asks for when all of them are selected:
with the key, without the time columns. [What they mean](ads-columns.md). Amazon has no
default columns: what you select is what is asked for, and the key always. Fewer columns
make reports faster, so pick some:

```yaml
plugins:
  extractors:
    - name: tap-amazon-ads
      select:
        - sponsored_products_campaign_by_campaign.campaignName
        - sponsored_products_campaign_by_campaign.impressions
        - sponsored_products_campaign_by_campaign.cost
        - sponsored_products_campaign_by_campaign.sales7d
      config:
        extra_columns:
          sponsored_display_campaign_by_campaign: [leads, linkOuts]
```

`extra_columns` adds any column to any stream, also one this page does not know; a
column that Amazon refuses is left out with a warning and the rest arrives. Columns
that were seen in use, but stand on no page of the report type, are listed below as
*on request*: only `extra_columns` asks for them.
"""

WITHOUT_STREAM = """\
## Report types without a stream

These are known to the tap by their columns and limits, and so are all `groupBy`
values of the types above that no stream uses. Ask for them with the setting
`reports`:

```yaml
      config:
        reports:
          - name: prompts
            ad_product: SPONSORED_PRODUCTS
            report_type_id: spPromptAdExtension
            group_by: [promptAdExtension]
            columns: [campaignId, adId, creativeExtensionId, promptText, impressions]
```

Types and `groupBy` values that are not listed can be asked for in the same way:
Amazon accepts or refuses them, and columns of unknown type arrive as text.
"""

STREAM_HEADER = (
    "| stream | your name | reportTypeId: groupBy | key (DAILY) | range / history"
    " | columns |\n|---|---|---|---|---|---|"
)
FAMILY_HEADER = (
    "| reportTypeId | ad product | groupBy values | range / history | columns |\n"
    "|---|---|---|---|---|"
)


def make_page(catalogue: Catalogue) -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION.format(streams=len(catalogue.report_types))]
    parts += [_product(catalogue, product) for product in PRODUCTS]
    parts.append(_without_stream(catalogue))
    return "\n".join(parts)


def _product(catalogue: Catalogue, product: str) -> str:
    entries = [e for e in catalogue.report_types if e.ad_product == product]
    ids = {entry.report_type_id for entry in entries}
    families = [f for f in catalogue.families.values() if f.report_type_id in ids]
    lines = [
        f"## {PRODUCTS[product]}",
        f"`ad_product`: `{product}`",
        "\n".join([STREAM_HEADER, *map(_stream_row, entries)]),
        *_bullets("What to know:", _notes(families)),
        *_bullets("On request:", _on_request(entries)),
    ]
    return "\n\n".join(lines) + "\n"


def _stream_row(entry: ReportType) -> str:
    key = _code(["date", *entry.key])
    for column, instead in entry.key_fallbacks.items():
        key += f" (`{instead}` where `{column}` is refused)"
    return _row(
        f"`{entry.stream}`",
        f"`{entry.seed_name}`" if entry.seed_name else "(extra)",
        f"`{entry.report_type_id}`: {_code(entry.group_by)}",
        key,
        f"{entry.max_range_days} / {entry.retention_days}",
        str(len(entry.columns)),
    )


def _without_stream(catalogue: Catalogue) -> str:
    streams = {entry.report_type_id for entry in catalogue.report_types}
    families = [
        f for f in catalogue.families.values() if f.report_type_id not in streams
    ]
    lines = [
        WITHOUT_STREAM.rstrip(),
        "\n".join([FAMILY_HEADER, *map(_family_row, families)]),
        *_bullets("What to know:", _notes(families)),
    ]
    return "\n\n".join(lines) + "\n"


def _family_row(family: ReportFamily) -> str:
    columns = len(family.base.columns) + sum(
        len(grouping.columns) for grouping in family.group_by.values()
    )
    return _row(
        f"`{family.report_type_id}`",
        f"`{family.ad_product}`",
        _code(family.group_by),
        f"{family.max_range_days} / {family.retention_days}",
        str(columns),
    )


def _notes(families: Iterable[ReportFamily]) -> Iterator[str]:
    """Each note once, after the report types it is about."""
    about: dict[str, list[str]] = {}
    for family in families:
        for note in family.notes:
            about.setdefault(note, []).append(family.report_type_id)
    for note, report_type_ids in about.items():
        yield f"{_code(report_type_ids)}: {note}"


def _on_request(entries: Iterable[ReportType]) -> Iterator[str]:
    """The offered columns, after the streams that offer them."""
    streams: dict[tuple[Column, ...], list[str]] = {}
    for entry in entries:
        if entry.offered:
            streams.setdefault(entry.offered, []).append(entry.stream)
    for offered, names in streams.items():
        yield f"{_code(names)}: {_code(column.name for column in offered)}"


def _bullets(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {item}" for item in items]
    return [title, "\n".join(lines)] if lines else []


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
