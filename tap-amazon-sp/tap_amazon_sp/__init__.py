"""Singer tap for Amazon's Selling Partner API.

- `tap`                what a run is made of
- `settings_schema`    its settings; `custom_settings_schema` those a user describes
                       streams with; `legacy_config` reads configs of older connectors
- `accounts`           selling partners as the settings name them; `account_finder` says
                       what kind they are and where they sell
- `client`             the calls of one selling partner, `rates` how often Amazon allows
                       each of them
- `marketplaces`       ids, regions, zones, currencies
- `periods`            which whole periods can be requested; `timestamps` instants
- `catalogue`          the report types as data: streams, columns, options, periods
- `reports`            report streams: the catalogue's and custom ones
- `documents`          rows of any document
- `endpoints`          streams of any endpoint with pages
- `schema_inference`   columns inferred from the first rows
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from singer_amazon.tap.report_rows import ReportRows

__all__ = ["reports"]


def reports(
    stream: str,
    config: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
) -> ReportRows:
    """Return the rows of one report stream, to be read in a `with` statement.

    `config` are the settings of the tap, `state` what an earlier run left.

        with reports("vendor_sales_by_asin", config, state) as rows:
            for row in rows:
                ...
        state = rows.state
    """
    from singer_amazon.tap.report_rows import ReportRows  # noqa: PLC0415 - commands do not need it
    from tap_amazon_sp.tap import TapAmazonSp  # noqa: PLC0415 - it imports this package

    return ReportRows(TapAmazonSp, stream, config, state)
