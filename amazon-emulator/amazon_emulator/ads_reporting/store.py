"""The reports of one emulator: created, found again, listed for the statistics."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.documents import Document
from amazon_emulator.ads_reporting.lifecycle import FATES, LIVE, Report, status_of
from amazon_emulator.ads_reporting.rows import RowPlan
from amazon_emulator.clock import format_instant

if TYPE_CHECKING:
    from amazon_emulator.ads_accounts.scope import Account
    from amazon_emulator.ads_reporting.judge import ReportRequest
    from amazon_emulator.core import Core
    from amazon_emulator.faults import Rule


class ReportStore:
    """All reports by id, and the creates that were turned down."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._reports: dict[str, Report] = {}
        self._live: dict[tuple[tuple[str, str], str], str] = {}
        self._refused: list[dict[str, object]] = []
        self._folder: Path | None = None

    def reset(self) -> None:
        """Forget all reports and their documents; ids start anew."""
        self.close()
        with self._core.lock:
            self._reports.clear()
            self._live.clear()
            self._refused.clear()

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
        account: Account,
        request: ReportRequest,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> Report:
        """Store a new report; its document is yet to be made."""
        fates = [rule for rule in rules if rule.action in FATES]
        with self._core.lock:
            report = self._new(account, request, body, fates)
            self._reports[report.report_id] = report
            self._live[(account.key, request.identity)] = report.report_id
        return report

    def duplicate(self, account: Account, request: ReportRequest) -> Report | None:
        """Return the report of an identical request that is still being made."""
        with self._core.lock:
            report_id = self._live.get((account.key, request.identity))
            report = self._reports.get(report_id or "")
            if report is None or report.is_deleted:
                return None
            return report if status_of(report, self._core.clock.now()) in LIVE else None

    def find(self, report_id: str) -> Report | None:
        """Return a report that has not been deleted."""
        report = self._reports.get(report_id)
        return None if report is None or report.is_deleted else report

    def any(self, report_id: str) -> Report | None:
        """Return a report, deleted or not."""
        return self._reports.get(report_id)

    def refuse(self, account: str | None, body: object, status: int, text: str) -> None:
        """Remember a create that was turned down."""
        entry = {"account": account, "body": body, "status": status, "answer": text}
        entry["at"] = format_instant(self._core.clock.now())
        with self._core.lock:
            self._refused.append(entry)

    def as_json(self) -> dict[str, object]:
        """Return `creates` and `refused` for the statistics, oldest first."""
        with self._core.lock:
            reports = list(self._reports.values())
            refused = list(self._refused)
        creates = [_entry(report) for report in reports if report.is_asked]
        return {"creates": creates, "refused": refused}

    def _new(
        self,
        account: Account,
        request: ReportRequest,
        body: Mapping[str, object],
        fates: Sequence[Rule],
    ) -> Report:
        settings, number = self._core.settings, len(self._reports) + 1
        word = f"{settings.seed}|{number}|{account.key}|{request.identity}"
        report_id = str(uuid.UUID(bytes=sha256(word.encode()).digest()[:16], version=4))
        plan = RowPlan(
            request.report_type,
            request.group_by,
            request.columns,
            request.time_unit,
            request.start,
            request.end,
            _owners(account, request.advertiser_ids),
            request.filters,
            settings.seed,
            settings.rows_per_day,
            settings.restate,
        )
        return Report(
            report_id,
            account.key,
            request,
            body,
            self._core.clock.now(),
            settings.ready_after_seconds.draw(f"{report_id}|seconds"),
            round(settings.ready_after_looks.draw(f"{report_id}|looks")),
            plan,
            Document(self._document_folder() / f"{report_id}.gz"),
            fates,
        )

    def _document_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="amazon-emulator-"))
        return self._folder


def _owners(account: Account, advertiser_ids: Sequence[str]) -> list[dict[str, object]]:
    if not advertiser_ids:
        return [{"id": account.account_id, "currency": account.currency}]
    return [
        {
            **account.advertisers[advertiser_id],
            "id": advertiser_id,
            "entity_id": account.entity_id,
        }
        for advertiser_id in advertiser_ids
    ]


def _entry(report: Report) -> dict[str, object]:
    header, account = report.account
    return {
        "report_id": report.report_id,
        "header": header,
        "account": account,
        "body": report.body,
        "created_at": format_instant(report.created_at),
        "ready_after_seconds": report.ready_after_seconds,
        "status": report.last_status,
        "looks": report.looks,
        "downloads": report.downloads,
        "is_deleted": report.is_deleted,
    }
