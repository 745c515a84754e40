"""The pages of all columns, one of each tap, made from the catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_amazon_ads.catalogue.descriptions import describe as describe_ads
from tap_amazon_ads.report_specs import ADDED
from tap_amazon_sp.catalogue.descriptions import describe as describe_sp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_ads.catalogue import Catalogue as AdsCatalogue
    from tap_amazon_sp.catalogue import Catalogue as SpCatalogue
    from tap_amazon_sp.catalogue.model import ColumnDefinition

_MADE = "<!-- Made by scripts/make_docs.py from the catalogue; edit that. -->"

ADS = """\
# Columns of Amazon Ads

{made}

All columns of the [report streams](ads-streams.md), by name, with their type and the
number of streams that have them. The names are Amazon's. The meanings are our own
words; two windows or attributions of one measure differ only in the end of the name:

| end of the name | what it means |
|---|---|
| `1d`, `7d`, `14d`, `30d` | within that many days; conversions without it: 14 days |
| `Clicks`, `FromClicks` | attributed to clicks on the ads only |
| `Views`, `FromViews` | attributed to ads that were seen and not clicked |
| `SameSku`, `Promoted` | the advertised product itself |
| `OtherSku`, `BrandHalo` | other products of the same brand |

The catalog that `tap-amazon-ads --discover` writes holds the same sentences, as the
`description` of each column. Money is in the currency of the account, which each row
names in `currency_code`.

| column | type | streams | meaning |
|---|---|---|---|
"""

SP = """\
# Columns of the Selling Partner API

{made}

All columns of the [catalogue's streams](tap-amazon-sp-streams.md), by name. Fields
inside an object or a list stand after a dot. The names are Amazon's, the meanings our
own words; they also stand in the catalog that `tap-amazon-sp --discover` writes, as
the `description` of each column. Columns of your own reports and endpoints are only
said to be Amazon's: the same name may mean something else there.

A name that ends in `B2B` counts Amazon Business customers only.

| column | type | streams | meaning |
|---|---|---|---|
"""


def ads_columns_page(catalogue: AdsCatalogue) -> str:
    """Return the page of tap-amazon-ads."""
    streams: dict[str, int] = {}
    for entry in catalogue.report_types:
        for column in entry.columns:
            streams[column.name] = streams.get(column.name, 0) + 1
    rows = [(name, "string", "all", text) for name, text in ADDED.items()]
    rows += [
        (name, column.type, str(streams.get(name, "on request")), describe_ads(name))
        for name, column in catalogue.columns.items()
    ]
    return ADS.format(made=_MADE) + _table(rows)


def sp_columns_page(catalogue: SpCatalogue) -> str:
    """Return the page of tap-amazon-sp."""
    kinds: dict[str, str] = {}
    streams: dict[str, set[str]] = {}
    for stream in catalogue.streams.values():
        for name, kind in _fields([*stream.added, *stream.columns]):
            kinds.setdefault(name, kind)
            streams.setdefault(name, set()).add(stream.name)
    rows = [
        (name, kind, str(len(streams[name])), describe_sp(name.rpartition(".")[2]))
        for name, kind in kinds.items()
    ]
    return SP.format(made=_MADE) + _table(rows)


def _fields(
    columns: Iterable[ColumnDefinition], above: str = ""
) -> Iterator[tuple[str, str]]:
    for column in columns:
        is_amount = [field.name for field in column.fields] == [
            "amount",
            "currencyCode",
        ]
        yield above + column.name, "amount" if is_amount else column.kind
        if not is_amount:
            yield from _fields(column.fields, f"{above}{column.name}.")


def _table(rows: Iterable[tuple[str, str, str, str]]) -> str:
    ordered = sorted(rows, key=lambda row: row[0].lower())
    return "".join(
        f"| `{name}` | {kind} | {count} | {meaning} |\n"
        for name, kind, count, meaning in ordered
    )
