"""The reports of one emulator: created, found again, listed for the statistics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.lifecycle import LIVE, status_of
from amazon_emulator.ads_unified.catalogue import known_fields
from amazon_emulator.ads_unified.rows.plan import PlannedMarket, ReportPlan
from amazon_emulator.clock import format_instant
from amazon_emulator.faults.rules import first_rule
from amazon_emulator.http import RefusalError
from amazon_emulator.reports.lifecycle import Report
from amazon_emulator.reports.store import ReportStore
from amazon_emulator.state import EmulatorState, seeded_uuid

if TYPE_CHECKING:
    from amazon_emulator.ads_unified.advertisers import Advertiser
    from amazon_emulator.ads_unified.query import ReportRequest
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.reports.documents import Document

COMPLETED, FAILED = "COMPLETED", "FAILED"
LASTING_ACTIONS = (
    *("failed", "status_word", "no_url", "never_ready", "empty", "document"),
    *("empty_country", "duplicate_rows", "changed_meaning", "missing_part"),
)
"""Rule actions that, applied to a create, stay with the report for its whole life."""


@dataclass(slots=True, kw_only=True)
class UnifiedReport(Report):
    """One report; `document` is the first of its `documents`."""

    request: ReportRequest
    plan: ReportPlan
    account_ids: frozenset[str]
    documents: list[Document] = field(default_factory=list)
    is_lines: bool = False
    """Whether JSON parts hold a row on each line, and no array."""
    is_deleted: bool = False
    updated_at: datetime

    def status(self, now: datetime, rules: Sequence[Rule] = ()) -> str:
        """Return the status word; rules of this very call come before its own."""
        is_built = all(document.is_built for document in self.documents)
        return status_of(self, now, rules, is_built=is_built)


class UnifiedReportStore(ReportStore[str, UnifiedReport]):
    """All reports by id, and the creates that were turned down."""

    def __init__(self, state: EmulatorState) -> None:
        super().__init__(state)
        self._refused: list[dict[str, object]] = []

    def reset(self) -> None:
        """Forget all reports and what was turned down; ids start anew."""
        super().reset()
        with self._state.lock:
            self._refused.clear()

    def close(self) -> None:
        """Stop writing all parts and remove their folder."""
        for report in self.all():
            for document in report.documents:
                document.cancel()
        super().close()

    def create(
        self,
        request: ReportRequest,
        advertisers: Sequence[Advertiser],
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> UnifiedReport:
        """Begin a report: the same request again is another one, as at Amazon.

        Raises:
            RefusalError: 429, too many are under way, or the last is too recent.
        """
        lasting = [rule for rule in rules if rule.action in LASTING_ACTIONS]
        with self._state.lock:
            self._limit()
            report = self._new(request, advertisers, body, lasting)
            self._reports[report.report_id] = report
            other = first_rule(rules, "other_id")
            if other is not None:
                report.shown_id = other.text("id")
        return report

    def find(self, report_id: str) -> UnifiedReport | None:
        """Return a report that has not been deleted."""
        report = self.any(report_id)
        return None if report is None or report.is_deleted else report

    def any(self, report_id: str) -> UnifiedReport | None:
        """Return a report by either of its ids, deleted or not."""
        known = self._reports.get(report_id)
        others = (found for found in self.all() if found.shown_id == report_id)
        return known or next(others, None)

    def refuse(self, body: object, status: int, text: str) -> None:
        """Remember a create that was turned down."""
        at = format_instant(self._state.clock.now())
        with self._state.lock:
            self._refused.append(
                {"account": None, "body": body, "status": status, "answer": text}
                | {"at": at}
            )

    def as_json(self) -> dict[str, object]:
        """Return `unified_creates` and `unified_refused`, oldest first."""
        with self._state.lock:
            refused = list(self._refused)
        creates = [
            report.common_json()
            | {"accounts": list(report.request.advertiser_account_ids)}
            | {"parts": len(report.documents), "is_deleted": report.is_deleted}
            for report in self.all()
        ]
        return {"unified_creates": creates, "unified_refused": refused}

    def _limit(self) -> None:
        """Refuse what comes too soon after, or beside, other creates."""
        settings, now = self._state.settings, self._state.clock.now()
        running = [x for x in self._reports.values() if x.status(now) in LIVE]
        newest = max((x.created_at for x in self._reports.values()), default=None)
        spacing = timedelta(seconds=settings.unified_spacing_seconds)
        is_full = 0 < settings.unified_concurrent <= len(running)
        if is_full or (newest is not None and now < newest + spacing):
            seconds = settings.unified_retry_after_seconds
            headers = {"Retry-After": f"{seconds:g}"} if seconds else {}
            raise RefusalError(429, "Too Many Requests", headers=headers)

    def _new(
        self,
        request: ReportRequest,
        advertisers: Sequence[Advertiser],
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> UnifiedReport:
        settings, number = self._state.settings, len(self._reports) + 1
        report_id = str(seeded_uuid(f"{settings.seed}|unified|{number}"))
        seconds, looks = self._wait(report_id)
        now = self._state.clock.now()
        documents = self._new_documents(report_id, request, rules)
        ids = [advertiser.ids for advertiser in advertisers]
        return UnifiedReport(
            report_id=report_id,
            request=request,
            body=body,
            created_at=now,
            updated_at=now,
            ready_after_seconds=seconds,
            ready_after_looks=looks,
            plan=self._plan(request, advertisers, rules, now),
            account_ids=frozenset().union(*ids),
            document=documents[0],
            documents=documents,
            is_lines=settings.unified_json == "lines",
            rules=rules,
            last_status=LIVE[0],
        )

    def _new_documents(
        self, report_id: str, request: ReportRequest, rules: Iterable[Rule]
    ) -> list[Document]:
        count = self._state.settings.unified_parts if request.is_partitioned else 1
        ending = "csv" if request.is_csv else "json.gz"
        documents = [
            self._new_document(f"{report_id}-part-{number:05d}.{ending}")
            for number in range(min(max(1, count), 100))
        ]
        is_replaced = first_rule(rules, "document", "empty") is not None
        for document in documents:
            document.is_packed = not is_replaced and not request.is_csv
        return documents

    def _plan(
        self,
        request: ReportRequest,
        advertisers: Sequence[Advertiser],
        rules: Iterable[Rule],
        now: datetime,
    ) -> ReportPlan:
        settings, known = self._state.settings, known_fields()
        silent = {
            rule.text("country") for rule in rules if rule.action == "empty_country"
        }
        changed = [rule for rule in rules if rule.action == "changed_meaning"]
        markets = [
            PlannedMarket(advertiser, market, market.model(settings), market.today(now))
            for advertiser in advertisers
            for market in advertiser.markets
            if market.country not in silent
        ]
        return ReportPlan(
            [known[name] for name in request.fields],
            request.conditions,
            markets,
            request.start,
            request.end,
            request.currency,
            settings.restate,
            settings.unified_old_campaigns_every,
            {rule.text("field"): known[rule.text("becomes")] for rule in changed},
        )
