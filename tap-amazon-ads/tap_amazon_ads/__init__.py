"""Singer tap for Amazon Ads reports.

- `tap`              the tap itself
- `settings_schema`  its settings
- `streams`          report streams, `profiles` and `advertisers`
- `report_specs`     what each report stream asks for: catalogue and custom reports
- `catalogue`        the report types as data
- `accounts`         profiles, agencies, linked advertisers; their days
- `account_finder`   finds the accounts of a run
- `client`           the plain list calls
- `reports_api`      the port to reporting v3: create, poll, document URL, cancel
- `refused_columns`  the columns Amazon has refused in this run
- `running_reports`  how many may be under way at once, where Amazon counts them
- `unified`          the same streams by Ads API v1 (beta), and the comparison with v3
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

        with reports("sponsored_products_campaign_by_campaign", config, state) as rows:
            for row in rows:
                ...
        state = rows.state
    """
    from singer_amazon.tap.report_rows import ReportRows  # noqa: PLC0415 - commands do not need it
    from tap_amazon_ads.tap import TapAmazonAds  # noqa: PLC0415 - it imports this package

    return ReportRows(TapAmazonAds, stream, config, state)
