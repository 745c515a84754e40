"""The reports of all selling partners: created, found again, listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import first_rule
from amazon_emulator.reports.store import ReportStore
from amazon_emulator.selling_partner.report_types import REPORT_TYPES, SETTLEMENT
from amazon_emulator.selling_partner.reports.content_validation import FinalStatus
from amazon_emulator.selling_partner.reports.document_builder import (
    JSON_TYPE,
    begin_document,
)
from amazon_emulator.selling_partner.reports.lifecycle import LASTING_ACTIONS, SpReport
from amazon_emulator.selling_partner.rows.plan import SpRowPlan
from amazon_emulator.state import EmulatorState, seeded_uuid

if TYPE_CHECKING:
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.orders.book import OrderBook
    from amazon_emulator.selling_partner.reports.content_validation import (
        SpReportRequest,
    )

RETENTION = timedelta(days=90)
_SETTLEMENT_DAYS = 14
_FIRST_ID = 50_000_000_000
_FIRST_SETTLEMENT_ID = 40_000_000_000


class SpReportStore(ReportStore[tuple[str, str], SpReport]):
    """All reports: ids are unique within one account only, as at Amazon."""

    def __init__(self, state: EmulatorState, orders: OrderBook) -> None:
        super().__init__(state)
        self._orders = orders
        self._documents: dict[str, SpReport] = {}
        self._counts: Counter[str] = Counter()
        self._aliases: dict[tuple[str, str], str] = {}

    def reset(self) -> None:
        """Forget all reports and their documents; ids start anew."""
        super().reset()
        with self._state.lock:
            self._documents.clear()
            self._counts.clear()
            self._aliases.clear()

    def create(
        self,
        partner: Partner,
        request: SpReportRequest,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> SpReport:
        """Store a new report and begin its document."""
        lasting = [rule for rule in rules if rule.action in LASTING_ACTIONS]
        now, settings = self._state.clock.now(), self._state.settings
        plan = SpRowPlan(
            request.report_type,
            partner,
            request.marketplaces,
            request.options,
            request.start,
            request.end,
            now,
            settings,
            self._orders,
        )
        with self._state.lock:
            final_status = request.final_status or self._too_soon(plan)
            self._counts[partner.name] += 1
            number = _FIRST_ID + settings.seed * 1_000_000 + self._counts[partner.name]
            report = self._add(str(number), plan, body, final_status, lasting)
            other = first_rule(rules, "other_id")
            if other is not None:
                report.shown_id = other.text("id")
                self._aliases[partner.name, report.shown_id] = report.report_id
        begin_document(report)
        return report

    def find(self, account: str, report_id: str) -> SpReport | None:
        """Return a report of an account, unless it is too old."""
        own_id = self._aliases.get((account, report_id), report_id)
        report = self._reports.get((account, own_id))
        if report is None or report.created_at + RETENTION < self._state.clock.now():
            return None
        return report

    def of_document(self, document_id: str) -> SpReport | None:
        """Return the report whose document this is."""
        return self._documents.get(document_id)

    def name_document(self, report: SpReport, document_id: str) -> str:
        """Let a report's document be found by another id as well; return that id."""
        self._documents[document_id] = report
        return document_id

    def of_account(self, partner: Partner) -> list[SpReport]:
        """Return all reports of an account, newest first, settlements included."""
        self._add_settlements(partner)
        with self._state.lock:
            own = [r for (name, _), r in self._reports.items() if name == partner.name]
        own.sort(key=lambda report: (report.created_at, report.report_id), reverse=True)
        return own

    def as_json(self) -> list[dict[str, object]]:
        """Return all reports that were asked for, oldest first."""
        return [_entry(report) for report in self.all() if not report.is_listed_only]

    def _too_soon(self, plan: SpRowPlan) -> FinalStatus | None:
        """Cancel what is asked for again before Amazon makes it anew."""
        seconds = plan.report_type.cooldown_seconds
        settings = self._state.settings
        scale = settings.sp_rate_scale or float(settings.sp_cooldown)
        if not seconds or not scale:
            return None
        since = plan.created_at - timedelta(seconds=seconds / scale)
        for report in self._reports.values():
            is_same = (
                report.account == plan.partner.name
                and report.plan.report_type is plan.report_type
                and report.plan.marketplaces == plan.marketplaces
            )
            if is_same and report.created_at > since and report.final_status is None:
                return FinalStatus("CANCELLED")
        return None

    def _add(
        self,
        report_id: str,
        plan: SpRowPlan,
        body: Mapping[str, object],
        final_status: FinalStatus | None,
        rules: Sequence[Rule] = (),
    ) -> SpReport:
        seed = f"{self._state.settings.seed}|{plan.partner.name}|{report_id}"
        name = seeded_uuid(seed)
        seconds, looks = self._wait(seed)
        document_id = (
            f"amzn1.spdoc.1.4.{plan.partner.region.lower()}.{name}.T{report_id[-6:]}"
        )
        report = SpReport(
            report_id=report_id,
            document_id=document_id,
            plan=plan,
            body=body,
            created_at=plan.created_at,
            ready_after_seconds=seconds,
            ready_after_looks=looks,
            document=self._new_document(str(name), JSON_TYPE),
            final_status=final_status,
            rules=rules,
        )
        self._reports[plan.partner.name, report_id] = report
        self._documents[document_id] = report
        return report

    def _add_settlements(self, partner: Partner) -> None:
        """Add the settlements that Amazon has made by itself up to now."""
        if partner.account_type != "seller":
            return
        now = self._state.clock.now()
        oldest, newest = (now - RETENTION).toordinal(), now.toordinal()
        for ordinal in range(oldest, newest + 1):
            if ordinal % _SETTLEMENT_DAYS == 0:
                for number, _ in enumerate(partner.marketplaces):
                    day = date.fromordinal(ordinal)
                    self._add_settlement(partner, day, number, now)

    def _add_settlement(
        self, partner: Partner, day: date, marketplace: int, now: datetime
    ) -> None:
        number = _FIRST_SETTLEMENT_ID + day.toordinal() * 100 + marketplace
        midnight = datetime.combine(day, time(), timezone.utc)
        made_at = midnight + timedelta(hours=7)
        with self._state.lock:
            if (partner.name, str(number)) in self._reports or made_at > now:
                return
            plan = SpRowPlan(
                REPORT_TYPES[SETTLEMENT],
                partner,
                [partner.marketplaces[marketplace]],
                {},
                midnight - timedelta(days=_SETTLEMENT_DAYS),
                midnight,
                made_at,
                self._state.settings,
                self._orders,
            )
            report = self._add(str(number), plan, {"reportType": SETTLEMENT}, None)
            report.is_listed_only = True
            report.ready_after_seconds, report.ready_after_looks = 0, 0
        begin_document(report)


def _entry(report: SpReport) -> dict[str, object]:
    plan = report.plan
    return report.common_json() | {
        "document_id": report.document_id,
        "account": report.account,
        "report_type": plan.report_type.name,
        "marketplace_ids": [each.marketplace_id for each in plan.marketplaces],
        "options": dict(plan.options),
        "document_calls": report.document_calls,
    }
