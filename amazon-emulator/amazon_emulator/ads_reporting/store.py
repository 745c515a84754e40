"""The reports of one emulator: created, found again, listed for the statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from amazon_emulator.ads_reporting.lifecycle import (
    LASTING_ACTIONS,
    LIVE,
    AdsReport,
    status_of,
)
from amazon_emulator.ads_reporting.rows.plan import RowPlan
from amazon_emulator.clock import format_instant
from amazon_emulator.faults.rules import first_rule
from amazon_emulator.reports.store import ReportStore
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES
from amazon_emulator.state import EmulatorState, seeded_uuid

if TYPE_CHECKING:
    from amazon_emulator.ads_accounts.scope import Account
    from amazon_emulator.ads_reporting.validation import ReportRequest
    from amazon_emulator.faults.rules import Rule


class AdsReportStore(ReportStore[str, AdsReport]):
    """All reports by id, and the creates that were turned down."""

    def __init__(self, state: EmulatorState) -> None:
        super().__init__(state)
        self._live: dict[tuple[tuple[str, str], str], str] = {}
        self._refused: list[dict[str, object]] = []
        self._aliases: dict[str, str] = {}

    def reset(self) -> None:
        """Forget all reports and what was turned down; ids start anew."""
        super().reset()
        with self._state.lock:
            self._live.clear()
            self._aliases.clear()
            self._refused.clear()

    def create(
        self,
        account: Account,
        request: ReportRequest,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> AdsReport:
        """Store a new report; its document is yet to be made."""
        lasting = [rule for rule in rules if rule.action in LASTING_ACTIONS]
        with self._state.lock:
            report = self._new(account, request, body, lasting)
            self._reports[report.report_id] = report
            self._live[(account.key, request.identity)] = report.report_id
            other = first_rule(rules, "other_id")
            if other is not None:
                report.shown_id = other.text("id")
                self._aliases[report.shown_id] = report.report_id
        return report

    def duplicate(self, account: Account, request: ReportRequest) -> AdsReport | None:
        """Return the report of an identical request that is still being made."""
        with self._state.lock:
            report_id = self._live.get((account.key, request.identity))
            report = self._reports.get(report_id or "")
            if report is None or report.is_deleted:
                return None
            return (
                report if status_of(report, self._state.clock.now()) in LIVE else None
            )

    def find(self, report_id: str) -> AdsReport | None:
        """Return a report that has not been deleted."""
        report = self.any(report_id)
        return None if report is None or report.is_deleted else report

    def any(self, report_id: str) -> AdsReport | None:
        """Return a report, deleted or not."""
        return self._reports.get(self._aliases.get(report_id, report_id))

    def refuse(self, account: str | None, body: object, status: int, text: str) -> None:
        """Remember a create that was turned down."""
        entry = {"account": account, "body": body, "status": status, "answer": text}
        entry["at"] = format_instant(self._state.clock.now())
        with self._state.lock:
            self._refused.append(entry)

    def as_json(self) -> dict[str, object]:
        """Return `creates` and `refused` for the statistics, oldest first."""
        with self._state.lock:
            refused = list(self._refused)
        creates = [_entry(report) for report in self.all() if report.is_asked]
        return {"creates": creates, "refused": refused}

    def _new(
        self,
        account: Account,
        request: ReportRequest,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> AdsReport:
        settings, number = self._state.settings, len(self._reports) + 1
        seed = f"{settings.seed}|{number}|{account.key}|{request.identity}"
        report_id = str(seeded_uuid(seed))
        seconds, looks = self._wait(report_id)
        plan = RowPlan(
            request.report_type,
            request.group_by,
            request.columns,
            request.time_unit,
            request.start,
            request.end,
            _owners(account, request.advertiser_ids, self._state.clock.now()),
            request.filters,
            settings.seed,
            settings.rows_per_day,
            settings.restate,
            settings.combinations_per_campaign,
            settings.sp_asins,
        )
        return AdsReport(
            report_id=report_id,
            account=account.key,
            request=request,
            body=body,
            created_at=self._state.clock.now(),
            ready_after_seconds=seconds,
            ready_after_looks=looks,
            plan=plan,
            document=self._new_document(f"{report_id}.gz"),
            rules=rules,
        )


def _owners(
    account: Account, advertiser_ids: Sequence[str], now: datetime
) -> list[dict[str, object]]:
    """Return whose rows a report holds, each with the date where it is."""
    if not advertiser_ids:
        own = {
            "id": account.account_id,
            "currency": account.currency,
            "kind": account.kind,
            "marketplace": account.marketplace_id,
        }
        return [own | {"today": _today(account.timezone, now)}]
    return [
        {
            **_advertiser(account, advertiser_id),
            "id": advertiser_id,
            "entity_id": account.entity_id,
        }
        | {"today": _today(account.zone_of(advertiser_id), now)}
        for advertiser_id in advertiser_ids
    ]


def _today(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def _advertiser(account: Account, advertiser_id: str) -> dict[str, object]:
    found = dict(account.advertisers[advertiser_id])
    country = str(found.get("country"))
    by_country = (m for m in MARKETPLACES.values() if m.country == country)
    shop = next(by_country, None)
    marketplace_id = account.marketplace_id if shop is None else shop.marketplace_id
    return {"marketplace": marketplace_id, **found}


def _entry(report: AdsReport) -> dict[str, object]:
    header, account = report.account
    more = {"header": header, "account": account, "is_deleted": report.is_deleted}
    return report.common_json() | more
