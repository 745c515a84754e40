"""Which API a stream of an account is read by: reporting v3, or Ads API v1 (beta).

v1 is taken where the setting asks for it, v1 has the stream, and `compare` has found
both to agree for the account lately. An account of v1 is never guessed: a profile that
Amazon lists under none is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from singer_amazon.errors import AmazonError, ConfigError
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.report_specs import ReportSpec
from tap_amazon_ads.unified.account_map import AccountMap
from tap_amazon_ads.unified.comparison.proof import PROOF_DAYS, Proof
from tap_amazon_ads.unified.mapping import mapping_of, reason_unserved
from tap_amazon_ads.unified.query import country_code
from tap_amazon_ads.unified.spec import UnifiedSpec

V1, V3 = "v1", "v3"
DEFAULT = "default"
"""In the object form of the setting: what counts for streams it does not name."""


class UnmatchedAccountError(AmazonError):
    """Amazon lists a profile or advertiser under no account of v1."""


@dataclass(frozen=True, slots=True)
class ReportingSettings:
    """What the user wants to be read by v1."""

    default: str = V3
    by_stream: Mapping[str, str] = field(default_factory=dict, hash=False)
    allow_unproved: bool = False

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> ReportingSettings:
        """Read the settings of a tap; the default may stand beside single streams.

        Raises:
            ConfigError: there is another API in them.
        """
        value = config.get("reporting_api") or V3
        streams = dict(value) if isinstance(value, dict) else {DEFAULT: value}
        for name, api in streams.items():
            if api not in {V1, V3}:
                where = "" if name == DEFAULT else f" of {name}"
                msg = f"reporting_api{where}: {api!r} is neither v3 nor v1"
                raise ConfigError(msg)
        return cls(
            default=str(streams.pop(DEFAULT, V3)),
            by_stream={name: str(api) for name, api in streams.items()},
            allow_unproved=bool(config.get("allow_unproved")),
        )

    def wants(self, stream: str) -> bool:
        """Whether a stream is to be read by v1."""
        return self.by_stream.get(stream, self.default) == V1


class ReportingChoice:
    """Decides for each stream and account of a run."""

    def __init__(
        self,
        settings: ReportingSettings,
        *,
        accounts: Callable[[], AccountMap],
        proof: Callable[[], Proof],
        warn_once: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._proof = proof
        self._warn_once = warn_once

    def spec_of(
        self, report: ReportSpec, account: Account, now: datetime
    ) -> UnifiedSpec | str | None:
        """Return what to ask v1 for, or why it is v3; None: nobody wants v1.

        Raises:
            UnmatchedAccountError: Amazon has no account of v1 for it.
        """
        if not self._settings.wants(report.stream):
            return None
        mapping = (
            None if report.is_custom else mapping_of(report.stream, report.columns)
        )
        if mapping is None:
            self._warn_once(
                f"{report.stream}: it is read by reporting v3 although reporting_api "
                f"says v1: {_reason(report)}"
            )
            return None
        if not self._settings.allow_unproved and not self._proof().is_good(
            account.key, report.ad_product, now
        ):
            return (
                "read by reporting v3 although reporting_api says v1: compare has not "
                f"passed for {report.ad_product} of this account within {PROOF_DAYS} "
                "days. Run tap-amazon-ads compare (allow_unproved takes v1 all the "
                "same)"
            )
        found = self._accounts()
        country = None if report.is_dsp else self._country(found, account)
        return UnifiedSpec(report, account, mapping, _matched(found, account), country)

    @staticmethod
    def _country(found: AccountMap, account: Account) -> str | None:
        known = found.by_profile.get(account.key)
        listed = None if known is None else known.country
        return country_code(listed or account.country)


def _reason(report: ReportSpec) -> str:
    if report.is_custom:
        return "reports of your own are written for v3"
    return reason_unserved(report.stream)


def _matched(found: AccountMap, account: Account) -> dict[str, str]:
    """Return the accounts of a profile or of each advertiser.

    Raises:
        UnmatchedAccountError: there are some without.
    """
    if not account.is_dsp:
        known = found.by_profile.get(account.key)
        if known is None:
            raise UnmatchedAccountError(_unmatched([account.label]))
        return {account.key: known.account_id}
    ids = [advertiser.advertiser_id for advertiser in account.advertisers]
    missing = [one for one in ids if one not in found.by_advertiser]
    if missing:
        raise UnmatchedAccountError(_unmatched([f"advertiser {m}" for m in missing]))
    accounts = {one: found.by_advertiser[one].account_id for one in ids}
    shared = [o for o in ids if len(found.advertisers_of(accounts[o])) > 1]
    if shared:
        names = ", ".join(f"advertiser {one}" for one in shared)
        msg = (
            f"{names}: one account of Ads API v1 holds several DSP advertisers, whose "
            "rows it does not tell apart. Set reporting_api to v3 for DSP streams"
        )
        raise UnmatchedAccountError(msg)
    return accounts


def _unmatched(names: Iterable[str]) -> str:
    return (
        f"Amazon lists no account of Ads API v1 for {', '.join(names)} "
        "(POST /adsApi/v1/query/advertiserAccounts). Set reporting_api to v3, or leave "
        "it out with exclude_streams"
    )
