"""The reports of all selling partners: created, found again, listed."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant
from amazon_emulator.selling_partner.contract import REPORT_TYPES, SETTLEMENT
from amazon_emulator.selling_partner.documents import Document
from amazon_emulator.selling_partner.lifecycle import FATES, SpReport
from amazon_emulator.selling_partner.making import make_document
from amazon_emulator.selling_partner.rows.plan import RowPlan
from amazon_emulator.selling_partner.verdict import Verdict

if TYPE_CHECKING:
    from amazon_emulator.core import Core
    from amazon_emulator.faults import Rule
    from amazon_emulator.selling_partner.orders.book import OrderBook
    from amazon_emulator.selling_partner.verdict import ReportRequest
    from amazon_emulator.selling_partner.world import Partner

RETENTION = timedelta(days=90)
_SETTLEMENT_DAYS = 14
_FIRST_ID = 50_000_000_000
_FIRST_SETTLEMENT_ID = 40_000_000_000


class SpReportStore:
    """All reports: ids are unique within one account only, as at Amazon."""

    def __init__(self, core: Core, orders: OrderBook) -> None:
        self._core, self._orders = core, orders
        self._reports: dict[tuple[str, str], SpReport] = {}
        self._documents: dict[str, SpReport] = {}
        self._counts: Counter[str] = Counter()
        self._folder: Path | None = None

    def reset(self) -> None:
        """Forget all reports and their documents; ids start anew."""
        self.close()
        with self._core.lock:
            self._reports.clear()
            self._documents.clear()
            self._counts.clear()

    def close(self) -> None:
        """Stop writing documents and remove their folder."""
        with self._core.lock:
            for report in self._reports.values():
                report.document.cancel()
            folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def create(
        self,
        partner: Partner,
        request: ReportRequest,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> SpReport:
        """Store a new report and begin its document."""
        fates = [rule for rule in rules if rule.action in FATES]
        now, settings = self._core.clock.now(), self._core.settings
        plan = RowPlan(
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
        with self._core.lock:
            verdict = request.verdict or self._too_soon(plan)
            self._counts[partner.name] += 1
            number = _FIRST_ID + settings.seed * 1_000_000 + self._counts[partner.name]
            report = self._add(str(number), plan, body, verdict, fates)
        make_document(report)
        return report

    def find(self, account: str, report_id: str) -> SpReport | None:
        """Return a report of an account, unless it is too old."""
        report = self._reports.get((account, report_id))
        if report is None or report.created_at + RETENTION < self._core.clock.now():
            return None
        return report

    def of_document(self, document_id: str) -> SpReport | None:
        """Return the report whose document this is."""
        return self._documents.get(document_id)

    def of_account(self, partner: Partner) -> list[SpReport]:
        """Return all reports of an account, newest first, settlements included."""
        self._add_settlements(partner)
        with self._core.lock:
            own = [r for (name, _), r in self._reports.items() if name == partner.name]
        own.sort(key=lambda report: (report.created_at, report.report_id), reverse=True)
        return own

    def as_json(self) -> list[dict[str, object]]:
        """Return all reports that were asked for, oldest first."""
        with self._core.lock:
            reports = list(self._reports.values())
        return [_entry(report) for report in reports if not report.is_listed_only]

    def _too_soon(self, plan: RowPlan) -> Verdict | None:
        """Cancel what is asked for again before Amazon makes it anew."""
        seconds = plan.report_type.cooldown_seconds
        scale = self._core.settings.sp_rate_scale
        if not seconds or not scale:
            return None
        since = plan.created_at - timedelta(seconds=seconds / scale)
        for report in self._reports.values():
            is_same = (
                report.account == plan.partner.name
                and report.plan.report_type is plan.report_type
                and report.plan.marketplaces == plan.marketplaces
            )
            if is_same and report.created_at > since and report.verdict is None:
                return Verdict("CANCELLED")
        return None

    def _add(
        self,
        report_id: str,
        plan: RowPlan,
        body: Mapping[str, object],
        verdict: Verdict | None,
        fates: Sequence[Rule] = (),
    ) -> SpReport:
        settings = self._core.settings
        word = f"{settings.seed}|{plan.partner.name}|{report_id}"
        name = uuid.UUID(bytes=sha256(word.encode()).digest()[:16], version=4)
        document_id = (
            f"amzn1.spdoc.1.4.{plan.partner.region.lower()}.{name}.T{report_id[-6:]}"
        )
        report = SpReport(
            report_id,
            document_id,
            plan,
            body,
            plan.created_at,
            settings.ready_after_seconds.draw(f"{word}|seconds"),
            round(settings.ready_after_looks.draw(f"{word}|looks")),
            Document(self._document_folder() / str(name), is_packed=True),
            verdict,
            fates,
        )
        self._reports[plan.partner.name, report_id] = report
        self._documents[document_id] = report
        return report

    def _document_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="amazon-emulator-sp-"))
        return self._folder

    def _add_settlements(self, partner: Partner) -> None:
        """Add the settlements that Amazon has made by itself up to now."""
        if partner.account_type != "seller":
            return
        now = self._core.clock.now()
        oldest, newest = (now - RETENTION).toordinal(), now.toordinal()
        for ordinal in range(oldest, newest + 1):
            if ordinal % _SETTLEMENT_DAYS == 0:
                for place, _ in enumerate(partner.marketplaces):
                    self._add_settlement(partner, date.fromordinal(ordinal), place, now)

    def _add_settlement(
        self, partner: Partner, day: date, place: int, now: datetime
    ) -> None:
        number = _FIRST_SETTLEMENT_ID + day.toordinal() * 100 + place
        midnight = datetime.combine(day, time(), timezone.utc)
        made_at = midnight + timedelta(hours=7)
        with self._core.lock:
            if (partner.name, str(number)) in self._reports or made_at > now:
                return
            plan = RowPlan(
                REPORT_TYPES[SETTLEMENT],
                partner,
                [partner.marketplaces[place]],
                {},
                midnight - timedelta(days=_SETTLEMENT_DAYS),
                midnight,
                made_at,
                self._core.settings,
                self._orders,
            )
            report = self._add(str(number), plan, {"reportType": SETTLEMENT}, None)
            report.is_listed_only = True
            report.ready_after_seconds, report.ready_after_looks = 0, 0
        make_document(report)


def _entry(report: SpReport) -> dict[str, object]:
    plan = report.plan
    return {
        "report_id": report.report_id,
        "document_id": report.document_id,
        "account": report.account,
        "report_type": plan.report_type.name,
        "marketplace_ids": [place.marketplace_id for place in plan.marketplaces],
        "options": dict(plan.options),
        "body": report.body,
        "created_at": format_instant(report.created_at),
        "ready_after_seconds": report.ready_after_seconds,
        "status": report.last_status,
        "looks": report.looks,
        "document_calls": report.document_calls,
        "downloads": report.downloads,
    }
