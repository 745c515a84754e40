"""The commands beside the tap itself."""

from __future__ import annotations

import functools

import click

from singer_amazon.commands.auth import Plugin, ads_auth_command
from singer_amazon.commands.check import check_command
from singer_amazon.commands.plan import plan_command
from singer_amazon.commands.reports import ReportInfo, reports_command
from singer_amazon.commands.state import state_command
from singer_amazon.regions import ADS_CONSENT_PAGES, ADS_TOKEN_URIS
from tap_amazon_ads.catalogue import load_catalogue
from tap_amazon_ads.catalogue.descriptions import describe
from tap_amazon_ads.catalogue.model import ReportType
from tap_amazon_ads.commands.check import AdsCheck
from tap_amazon_ads.commands.compare import compare_command
from tap_amazon_ads.report_specs import PLAIN_STREAMS
from tap_amazon_ads.tap import TapAmazonAds


def report_infos() -> list[ReportInfo]:
    """Return the catalogue for people."""
    catalogue = load_catalogue()
    return [
        _info(entry, catalogue.families[entry.report_type_id].source)
        for entry in catalogue.report_types
    ]


def _info(entry: ReportType, source: str) -> ReportInfo:
    keys = set(entry.key)
    return ReportInfo(
        entry.stream,
        {
            "stream": entry.stream,
            "product": entry.ad_product.replace("_", " ").lower(),
            "report type": entry.report_type_id,
            "group by": list(entry.group_by),
            "days a request": entry.max_range_days,
            "days of history": entry.retention_days,
            "columns": len(entry.columns),
        },
        {"your name": entry.seed_name or "", "key": list(entry.key), "source": source},
        [
            {
                "column": c.name,
                "type": c.type,
                "key": "yes" if c.name in keys else "",
                "meaning": describe(c.name, entry.report_type_id),
            }
            for c in entry.columns
        ],
    )


@functools.cache
def _streams() -> frozenset[str]:
    names = {entry.stream for entry in load_catalogue().report_types}
    return frozenset(names.union(PLAIN_STREAMS))


def commands() -> dict[str, click.Command]:
    """Return them by name."""
    return {
        "auth": ads_auth_command(
            Plugin("tap-amazon-ads", ADS_TOKEN_URIS.__getitem__), ADS_CONSENT_PAGES
        ),
        "state": state_command(lambda name: name in _streams()),
        "reports": reports_command(report_infos),
        "plan": plan_command(TapAmazonAds),
        "check": check_command(TapAmazonAds, AdsCheck, "tap-amazon-ads"),
        "compare": compare_command,
    }
