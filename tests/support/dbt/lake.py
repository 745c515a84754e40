"""A lake that tap and target have filled: real commands, an emulator, moto's S3.

`Lake.load` is one run of `tap-amazon-ads | target-s3`, or of `tap-amazon-sp`, on the
real clock; `Lake.download` brings what lies in the bucket into a folder, where DuckDB
reads it without an extension.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amazon_emulator import Emulator
from support.ads.runs import catalog as ads_catalog
from support.ads.runs import reaching
from support.core.process import environment, installed
from support.core.runs import QUICK_POLLS, Json
from support.sp.runs import catalog as sp_catalog

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

ADS, SP = "tap-amazon-ads", "tap-amazon-sp"
Commands = tuple[list[str], list[str]]
LOGS = ("report_log", "report_days")
CAMPAIGNS = "sponsored_products_campaign_by_campaign"
COMPARED = (
    CAMPAIGNS,
    "sponsored_products_campaign_by_ad_group",
    "sponsored_products_campaign_by_campaign_placement",
    "sponsored_products_targeting_by_targeting",
    "sponsored_products_advertised_by_advertiser",
    "sponsored_products_search_term_by_search_term",
    "sponsored_brands_campaign_by_campaign",
    "sponsored_brands_ad_group_by_ad_group",
    "sponsored_brands_ad_by_ads",
    "sponsored_brands_placement_by_campaign_placement",
    "sponsored_brands_targeting_by_targeting",
    "sponsored_brands_search_term_by_search_term",
    "sponsored_display_campaign_by_campaign",
    "sponsored_display_ad_group_by_ad_group",
    "sponsored_display_targeting_by_targeting",
    "sponsored_display_advertised_by_advertiser",
    "sponsored_television_campaign_by_campaign",
    "sponsored_television_campaign_by_ad_group",
    "sponsored_television_targeting_by_targeting",
    "amazon_dsp_campaign_by_campaign",
    "amazon_dsp_campaign_by_ad",
    "amazon_dsp_geo_by_country",
    "amazon_dsp_tech_by_device_type",
)
"""Streams whose totals the package compares."""
ENTITIES = ("campaigns", "ad_groups", "targets", "portfolios", "sponsored_tv_campaigns")
RETAIL = (
    "sales_and_traffic_by_date",
    "sales_and_traffic_by_asin",
    "vendor_sales_aggregate",
    "vendor_sales_by_asin",
    "vendor_traffic_by_asin",
)
SETTLED_DAYS = 3
"""The first run ends so many days ago: what it reads of traffic stands still."""


@dataclass(slots=True)
class Lake:
    """What several runs bring into one bucket."""

    folder: Path
    emulator: Emulator
    bucket: Bucket
    streams: tuple[str, ...] = COMPARED
    target_settings: Mapping[str, object] = field(
        default_factory=lambda: {"format": {"format_type": "parquet"}}
    )
    states: dict[str, Json] = field(default_factory=dict)

    def load_ads(self, first: date, last: date | None = None, **more: object) -> None:
        """Read the advertising reports of these days, and what has changed."""
        commands = self._ads_commands(first, last, **more)
        state = self.states.get(ADS, {})
        self.states[ADS] = run_pipe(*commands, self.folder, state)

    def kill_ads(
        self, seconds: float, first: date, last: date | None, **more: object
    ) -> None:
        """Begin to read, and kill tap and target; the state is what they passed on."""
        commands = self._ads_commands(first, last, **more)
        state = self.states.get(ADS, {})
        self.states[ADS] = kill_pipe(*commands, self.folder, state, seconds)

    def _ads_commands(self, first: date, last: date | None, **more: object) -> Commands:
        config = reaching(
            self.emulator,
            **QUICK_POLLS,
            start_date=first.isoformat(),
            spool_dir=str(self.folder),
            **({"end_date": last.isoformat()} if last else {}),
            **more,
        )
        names = (*self.streams, *LOGS, "profiles", "advertisers")
        return self._commands(ADS, config, ads_catalog(names))

    def load_retail(self, first: date, last: date | None = None) -> None:
        """Read the sales of all sellers and vendors of these days."""
        config = reaching(
            self.emulator,
            **QUICK_POLLS,
            start_date=first.isoformat(),
            spool_dir=str(self.folder),
            accounts=list(self._selling_accounts()),
            **({"end_date": last.isoformat()} if last else {}),
        )
        del config["refresh_token"]
        commands = self._commands(SP, config, sp_catalog([*RETAIL, *LOGS], config))
        self.states[SP] = run_pipe(*commands, self.folder, self.states.get(SP, {}))

    def _selling_accounts(self) -> Iterator[Json]:
        for account in self.emulator.client.sp_accounts():
            if account["name"] in {"acme-us", "vega-us"}:
                yield {
                    "name": account["name"],
                    "refresh_token": f"Atzr|sp-{account['name']}",
                    "account_type": "seller" if "acme" in account["name"] else "vendor",
                    "marketplace_ids": ["US"],
                }

    def _commands(self, tap: str, config: Json, catalog: Json) -> Commands:
        """Write the settings down, and return both commands."""
        target = self.bucket.target_config(
            **self.target_settings, prefix="lake", spool_dir=str(self.folder)
        )
        files = {
            "config": config,
            "catalog": catalog,
            "state": self.states.get(tap, {}),
            "target": target,
        }
        for name, content in files.items():
            (self.folder / f"{name}.json").write_text(json.dumps(content))
        words = [installed(tap)]
        for name in ("config", "catalog", "state"):
            words += [f"--{name}", f"{name}.json"]
        return words, [installed("target-s3"), "--config", "target.json"]

    def download(self, name: str = "lake") -> Path:
        """Bring all objects into a folder, and return it."""
        folder = self.folder / name
        for key in self.bucket.keys("lake/"):
            path = folder / key.removeprefix("lake/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(self.bucket.read(key))
        return folder


def run_pipe(
    tap: Iterable[str], target: Iterable[str], folder: Path, state: Json
) -> Json:
    """Run tap and target, and return the newest state; both must succeed."""
    variables = environment(AWS_EC2_METADATA_DISABLED="true")
    with (folder / "tap.log").open("wb") as tap_log:
        left = subprocess.Popen(
            list(tap), stdout=subprocess.PIPE, stderr=tap_log, cwd=folder, env=variables
        )
        right = subprocess.run(
            list(target),
            stdin=left.stdout,
            capture_output=True,
            cwd=folder,
            env=variables,
            check=False,
        )
        assert left.stdout is not None
        left.stdout.close()
        code = left.wait()
    assert code == 0, (folder / "tap.log").read_text()[-4000:]
    assert right.returncode == 0, right.stderr.decode()[-4000:]
    lines = right.stdout.splitlines()
    return json.loads(lines[-1]) if lines else state


def kill_pipe(
    tap: Iterable[str],
    target: Iterable[str],
    folder: Path,
    state: Json,
    seconds: float,
) -> Json:
    """Kill both after so many seconds, and return the newest state passed on."""
    variables = environment(AWS_EC2_METADATA_DISABLED="true")
    with (folder / "killed.log").open("wb") as log:
        left = subprocess.Popen(
            list(tap), stdout=subprocess.PIPE, stderr=log, cwd=folder, env=variables
        )
        right = subprocess.Popen(
            list(target),
            stdin=left.stdout,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=variables,
        )
        assert left.stdout is not None
        left.stdout.close()
        time.sleep(seconds)
        for process in (right, left):
            process.kill()
        passed_on, _ = right.communicate()
        left.wait()
    lines = passed_on.rpartition(b"\n")[0].splitlines()
    return json.loads(lines[-1]) if lines else state


def today() -> date:
    return datetime.now(timezone.utc).date()


def days_ago(days: int) -> date:
    return today() - timedelta(days=days)


def market(accounts: int) -> Json:
    """Return accounts of an emulator: of five, three sell, one is a vendor's, one DSP.

    All live in UTC, so that one day is the newest of all.
    """
    profiles: list[Any] = []
    advertisers: list[Any] = []
    currencies = (("US", "USD"), ("DE", "EUR"), ("UK", "GBP"))
    for number in range(accounts):
        country, currency = currencies[number % 3]
        if number % 5 == 4:
            advertisers.append(
                {
                    "advertiserId": f"47287{number:08}",
                    "name": f"Advertiser {number}",
                    "currency": currency,
                    "country": country,
                    "timezone": "UTC",
                }
            )
        else:
            kind = "vendor" if number % 5 == 3 else "seller"
            profiles.append(
                _profile(f"91002{number:08}", number, kind, country, currency)
            )
    agency = _profile("55006007008", 0, "agency", "US", "USD")
    return {
        "profiles": [*profiles, agency],
        "advertisers": {agency["profileId"]: advertisers},
        "managerAccounts": [],
    }


def _profile(
    profile_id: str, number: int, kind: str, country: str, currency: str
) -> Json:
    return {
        "region": "NA",
        "access": "edit",
        "profileId": profile_id,
        "countryCode": country,
        "currencyCode": currency,
        "timezone": "UTC",
        "accountInfo": {
            "marketplaceStringId": "ATVPDKIKX0DER",
            "id": f"ENTITY{profile_id}",
            "type": kind,
            "name": f"Account {number}",
        },
    }
