"""`compare`: does Ads API v1 agree with reporting v3 for these accounts?"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import click

from singer_amazon.commands.group import config_option, read_config
from singer_amazon.commands.tables import show
from singer_amazon.errors import ConfigError
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_ads.unified.comparison.checks import Finding
from tap_amazon_ads.unified.comparison.proof import Record, proof_bytes, read_proof
from tap_amazon_ads.unified.comparison.proof_file import ProofFile, open_proof_file
from tap_amazon_ads.unified.comparison.reading import (
    DAYS,
    PRODUCTS,
    Compared,
    Reader,
    compare_subject,
    compared_days,
    settings_for,
)

_PRODUCTS = {"DEMAND_SIDE_PLATFORM": "DSP"}
_NOTHING = "nothing to compare"


@dataclass(frozen=True, slots=True)
class Comparing:
    """One comparison of all accounts: how it is made, and what came of it."""

    config: Mapping[str, Any]
    parse_env: bool
    accounts: Sequence[str]
    days: tuple[date, date]
    now: datetime

    def reader(self, api: str) -> Reader:
        """Return what reads one API."""
        settings = settings_for(self.config, api, self.days, self.accounts)
        return Reader(settings, parse_env=self.parse_env)

    def read(self, v3: Reader) -> list[Compared]:
        """Read both APIs and compare each account.

        Raises:
            AmazonError: it cannot go on.
        """
        subjects = v3.subjects()
        names = {subject.product.stream for subject in subjects}
        products = [one for one in PRODUCTS if one.stream in names]
        by_v3 = v3.read(products)
        by_v1 = self.reader("v1").read(products)
        return [compare_subject(subject, by_v3, by_v1) for subject in subjects]


def records_of(
    found: Iterable[Compared], comparing: Comparing
) -> dict[tuple[str, str], Record]:
    """Return what the proof keeps: an agency passes with all of its advertisers."""
    grouped: dict[tuple[str, str], list[Compared]] = {}
    for one in found:
        key = (one.subject.account.key, one.subject.product.ad_product)
        grouped.setdefault(key, []).append(one)
    return {key: _record(members, comparing) for key, members in grouped.items()}


def _record(members: list[Compared], comparing: Comparing) -> Record:
    bad = [one for one in members if not one.passed and one.words != _NOTHING]
    passed = not bad and any(one.passed for one in members)
    return Record(
        checked_at=comparing.now,
        passed=passed,
        days=f"{comparing.days[0]}..{comparing.days[1]}",
        result=(bad or members)[0].words if not passed else "agree",
    )


def rows_of(found: Iterable[Compared]) -> list[dict[str, object]]:
    """Return the table: a line per account, product and number."""
    return [row for one in found for row in _rows(one)]


def _rows(one: Compared) -> list[dict[str, object]]:
    head = {
        "account": one.subject.label,
        "country": one.subject.country,
        "product": _product(one),
    }
    if one.result is None:
        empty = dict.fromkeys(("check", "what", "v3", "v1", "difference"), "")
        return [{**head, **empty, "result": "not read", "note": one.unread}]
    return [{**head, **_line(finding)} for finding in one.result.findings]


def _product(one: Compared) -> str:
    name = one.subject.product.ad_product
    return _PRODUCTS.get(name, name.replace("_", " ").capitalize())


def _line(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "what": finding.what,
        "v3": _number(finding.v3),
        "v1": _number(finding.v1),
        "difference": _number(finding.difference),
        "result": finding.result,
        "note": finding.note,
    }


def _number(value: Decimal) -> float | int:
    return int(value) if value == value.to_integral_value() else round(float(value), 2)


def _as_json(
    found: Iterable[Compared], span: tuple[date, date], records: Mapping[Any, Record]
) -> dict[str, object]:
    return {
        "first_day": span[0].isoformat(),
        "last_day": span[1].isoformat(),
        "accounts": [
            {
                "account": one.subject.account.key,
                "advertiser_id": one.subject.advertiser_id,
                "name": one.subject.label,
                "country": one.subject.country,
                "ad_product": one.subject.product.ad_product,
                "result": one.words,
                "passed": one.passed,
                "unread": one.unread,
                "findings": [_line(f) for f in one.result.findings]
                if one.result
                else [],
            }
            for one in found
        ],
        "proved": [list(key) for key, record in records.items() if record.passed],
    }


def _show(found: list[Compared], span: tuple[date, date]) -> None:
    """Print a table per account on a terminal, one table in a pipe."""
    rows = rows_of(found)
    if not sys.stdout.isatty():
        show(rows, as_json=False, empty="no account to compare")
        return
    click.echo(f"v3 against v1, {span[0]} to {span[1]}")
    for one in found:
        click.echo(f"\n{one.subject.label}, {_product(one)}: {one.words}")
        if one.result is None:
            click.echo(f"  {one.unread}")
        else:
            show([_line(f) for f in one.result.findings], as_json=False, empty="")
    if not found:
        click.echo("no account to compare", err=True)


def _show_progress() -> None:
    """Say every half minute how far it is: v1 may take an hour."""
    progress = logging.getLogger("singer_amazon.sync.summary")
    progress.setLevel(logging.INFO)
    if not progress.handlers:
        progress.addHandler(logging.StreamHandler())


def _proof_file(config: Mapping[str, Any]) -> ProofFile | None:
    path = config.get("proof_path")
    if not path:
        return None
    file = open_proof_file(str(path), config)
    file.check()
    read_proof(file.read(), file.name)
    return file


def _keep(file: ProofFile | None, records: Mapping[tuple[str, str], Record]) -> None:
    if file is None:
        click.echo(
            "Set proof_path to keep this: without it the tap reads these accounts by "
            "v3",
            err=True,
        )
        return
    proof = read_proof(file.read(), file.name).joined(records)
    file.write(proof_bytes(proof))
    click.echo(f"Kept in {file.name}", err=True)


@click.command("compare")
@config_option
@click.option("--accounts", help="Profile ids, with commas; all accounts by default.")
@click.option(
    "--days",
    type=click.IntRange(1, 31),
    default=DAYS,
    show_default=True,
    help="How many settled days; the last is five days ago.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def compare_command(
    config: tuple[str, ...], accounts: str | None, *, days: int, as_json: bool
) -> None:
    """Compare reporting v3 with Ads API v1 (beta) for each account and ad product.

    Both are asked for the same settled days. Exit code 1 where v1 lacks rows (check A)
    or repeats them (check B), or where something could not be read. What was found is
    kept in proof_path: the tap reads by v1 only what has passed within 30 days.
    """
    settings, parse_env = read_config(config)
    chosen = [one.strip() for one in (accounts or "").split(",") if one.strip()]
    now = TapAmazonAds.clock.now()
    comparing = Comparing(settings, parse_env, chosen, compared_days(now, days), now)
    _show_progress()
    v3 = comparing.reader("v3")
    file = _proof_file(v3.tap.config)
    found = comparing.read(v3)
    if not found:
        msg = "there is no account to compare: check profile_ids and --accounts"
        raise ConfigError(msg)
    records = records_of(found, comparing)
    if as_json:
        click.echo(json.dumps(_as_json(found, comparing.days, records), indent=2))
    else:
        _show(found, comparing.days)
    _keep(file, records)
    sys.exit(1 if any(one.is_failure for one in found) else 0)
