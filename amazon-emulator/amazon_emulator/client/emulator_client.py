"""A client for the control calls of an emulator; needs the standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from amazon_emulator.client.audiences import AudienceCalls
from amazon_emulator.client.data_kiosk import DataKioskCalls
from amazon_emulator.client.data_manager import DataManagerCalls
from amazon_emulator.client.notifications import NotificationCalls
from amazon_emulator.client.selling_partner import SellingPartnerCalls
from amazon_emulator.client.statistics import Statistics
from amazon_emulator.clock import format_instant, parse_instant


class EmulatorClient(
    AudienceCalls,
    DataManagerCalls,
    SellingPartnerCalls,
    DataKioskCalls,
    NotificationCalls,
):
    """Sets and asks one emulator over HTTP; `url` is that of its API."""

    def reset(self) -> None:
        """Return to the first settings and time, the default world and nothing else."""
        self._call("POST", "/reset")

    def settings(self) -> dict[str, Any]:
        """Return all settings."""
        return self._object("GET", "/settings")

    def change(self, **settings: object) -> dict[str, Any]:
        """Change some settings and return all."""
        return self._object("POST", "/settings", settings)

    def set_seed(self, seed: int) -> None:
        """Let new reports have other rows."""
        self.change(seed=seed)

    def now(self) -> datetime:
        """Return the emulated instant."""
        return parse_instant(self._object("GET", "/clock")["now"])

    def set_now(self, now: datetime, *, frozen: bool = False) -> None:
        """Put the clock at an aware instant; it runs on unless frozen."""
        body = {"now": format_instant(now), "frozen": frozen}
        self._call("PUT", "/clock", body)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._call("POST", "/clock/advance", {"seconds": seconds})

    def real_time(self) -> None:
        """Return the clock to real time."""
        self._call("DELETE", "/clock")

    def add_fault(self, action: str, **rule: object) -> int:
        """Add a fault rule and return its id (docs/emulator.md lists the actions).

        Every action takes the matchers `operation` (`*`), `account`, `report_type_id`,
        `group_by`, `start_date`, `end_date`, `covers`, and `times` (for ever) and
        `skip` (0); some have parameters of their own.
        """
        return int(self._object("POST", "/faults", {"action": action, **rule})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return all rules with their counters `seen` and `applied`."""
        found: list[dict[str, Any]] = self._call("GET", "/faults")
        return found

    def remove_fault(self, rule_id: int) -> None:
        """Drop one rule."""
        self._call("DELETE", f"/faults/{rule_id}")

    def clear_faults(self) -> None:
        """Drop all rules."""
        self._call("DELETE", "/faults")

    def accounts(self) -> dict[str, Any]:
        """Return `profiles`, `advertisers` (by profile id) and `managerAccounts`."""
        return self._object("GET", "/world")

    def set_accounts(self, accounts: Mapping[str, object]) -> None:
        """Take other accounts, in the form `accounts` returns."""
        self._call("PUT", "/world", accounts)

    def add_profile(self, profile: Mapping[str, object]) -> None:
        """Add a profile; all but `profileId` has a default (`region`: NA)."""
        self._call("POST", "/world/profiles", profile)

    def remove_profile(self, profile_id: str | int) -> None:
        """Take a profile away."""
        self._call("DELETE", f"/world/profiles/{profile_id}")

    def add_advertisers(
        self, profile_id: str | int, advertisers: Sequence[Mapping[str, object]]
    ) -> None:
        """Add DSP advertisers to an agency profile."""
        body = {"advertisers": [dict(advertiser) for advertiser in advertisers]}
        self._call("POST", f"/world/profiles/{profile_id}/advertisers", body)

    def remove_advertiser(self, profile_id: str | int, advertiser_id: str) -> None:
        """Take an advertiser from an agency profile."""
        path = f"/world/profiles/{profile_id}/advertisers/{advertiser_id}"
        self._call("DELETE", path)

    def add_link(self, link: Mapping[str, object]) -> None:
        """Link an account to the region's manager account."""
        self._call("POST", "/world/links", link)

    def remove_link(self, dsp_advertiser_id: str) -> None:
        """Unlink a DSP advertiser."""
        self._call("DELETE", f"/world/links/{dsp_advertiser_id}")

    def expire_tokens(self) -> None:
        """Make every access token invalid at once."""
        self._call("POST", "/tokens/expire")

    def statistics(self) -> Statistics:
        """Return calls, peaks, reports, refused creates and fault counters."""
        return Statistics.parse(self._object("GET", "/statistics"))

    def clear_statistics(self) -> None:
        """Count calls anew; reports and refused creates stay listed."""
        self._call("DELETE", "/statistics")

    def expected_rows(self, report_id: str) -> list[dict[str, Any]]:
        """Return the rows a report's document holds."""
        rows: list[dict[str, Any]] = self._call("GET", f"/reports/{report_id}/rows")
        return rows

    def expected_unified_rows(self, report_id: str) -> list[dict[str, Any]]:
        """Return the rows that all parts of a report of Ads API v1 hold."""
        path = f"/unified-reports/{report_id}/rows"
        rows: list[dict[str, Any]] = self._call("GET", path)
        return rows

    def expected_row_count(self, report_id: str) -> int:
        """Return how many rows a report's document holds."""
        return int(self._object("GET", f"/reports/{report_id}/row-count")["rows"])
