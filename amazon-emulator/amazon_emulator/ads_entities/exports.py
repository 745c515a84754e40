"""The exports of one emulator: created, found again, over after a day."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from amazon_emulator.ads_entities.contract import LIFE_HOURS, MAX_RUNNING
from amazon_emulator.ads_entities.export_rows import batches, export_rows, odd
from amazon_emulator.faults.rules import first_rule
from amazon_emulator.http import RefusalError
from amazon_emulator.reports.documents import (
    ROWS,
    fault_bytes,
    json_array,
    raw_writer,
)
from amazon_emulator.reports.lifecycle import Report
from amazon_emulator.reports.store import ReportStore
from amazon_emulator.state import seeded_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amazon_emulator.ads_entities.contract import ExportRequest
    from amazon_emulator.ads_entities.export_rows import Row
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.market_model.accounts import MarketAccount
    from amazon_emulator.reports.documents import Document, Writer
    from amazon_emulator.stored_files import Writable

PROCESSING, COMPLETED, FAILED = "PROCESSING", "COMPLETED", "FAILED"
LASTING_ACTIONS = (
    *("failed", "status_word", "no_url", "never_ready"),
    *("empty", "document", "odd_rows"),
)
"""Rule actions that, applied to a create, stay with the export for its whole life."""
_SUFFIXES = {"campaigns": "C", "adGroups": "A", "targets": "T", "ads": "AD"}
_INLINE_ROWS = 20_000


@dataclass(slots=True, kw_only=True)
class Export(Report):
    """One export of one profile."""

    account: str
    request: ExportRequest
    market: MarketAccount
    largest: int = 0
    """More rows than this are too many; 0: none are."""

    def is_over(self, now: datetime) -> bool:
        """Return whether its time with Amazon is over."""
        return now > self.ready_at + timedelta(hours=LIFE_HOURS)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of its document."""
        rows = export_rows(self.market, self.request)
        return rows if self.rule("odd_rows") is None else map(odd, rows)

    @property
    def is_too_large(self) -> bool:
        """Whether it has more rows than this Amazon can put into one document."""
        return 0 < self.largest < self.document.counts.get(ROWS, 0)


def status_of(export: Export, now: datetime, rules: Sequence[Rule] = ()) -> str:
    """Return the status word; rules of this very call come before its own."""
    every = (*rules, *export.rules)
    if first_rule(every, "never_ready") is not None:
        return PROCESSING
    waiting = export.waiting_status(now, (PROCESSING, PROCESSING))
    if waiting is not None:
        return waiting
    end = first_rule(every, "failed", "status_word")
    if end is not None:
        return FAILED if end.action == "failed" else end.text("word")
    if not export.document.is_built:
        return PROCESSING
    return FAILED if export.is_too_large else COMPLETED


class ExportStore(ReportStore[str, Export]):
    """All exports by id."""

    def create(
        self,
        account: str,
        market: MarketAccount,
        request: ExportRequest,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> Export:
        """Begin an export: the same request again is another one, as at Amazon.

        Raises:
            RefusalError: 429, too many of the kind are under way.
        """
        now = self._state.clock.now()
        with self._state.lock:
            if self._running(request.kind.name, now) >= MAX_RUNNING:
                text = f"Too many {request.kind.name} exports in progress"
                raise RefusalError(429, text)
            export = self._new(account, market, request, body, rules)
            self._reports[export.report_id] = export
        size = market.campaigns * len(request.ad_products)
        if size <= _INLINE_ROWS:
            export.document.build(_writer(export))
        else:
            export.document.build_beside(_writer(export))
        return export

    def find(self, export_id: str) -> Export | None:
        """Return an export that has not been forgotten."""
        export = self._reports.get(export_id)
        now = self._state.clock.now()
        return None if export is None or export.is_over(now) else export

    def any(self, export_id: str) -> Export | None:
        """Return an export, forgotten or not."""
        return self._reports.get(export_id)

    def as_json(self) -> dict[str, object]:
        """Return `exports` for the statistics, oldest first."""
        listed = [
            export.common_json()
            | {"account": export.account, "entity": export.request.kind.name}
            for export in self.all()
        ]
        return {"exports": listed}

    def _running(self, kind: str, now: datetime) -> int:
        return sum(
            export.request.kind.name == kind and status_of(export, now) == PROCESSING
            for export in self._reports.values()
        )

    def _new(
        self,
        account: str,
        market: MarketAccount,
        request: ExportRequest,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> Export:
        number, kind = len(self._reports) + 1, request.kind.name
        seed = f"{self._state.settings.seed}|export|{number}|{account}|{kind}"
        text = f"{seeded_uuid(seed)},{_SUFFIXES[kind]}"
        export_id = base64.urlsafe_b64encode(text.encode()).decode()
        seconds, looks = self._wait(export_id)
        lasting = [rule for rule in rules if rule.action in LASTING_ACTIONS]
        document = self._new_document(f"export-{number}.gz")
        replaced = first_rule(lasting, "document", "empty")
        document.is_packed = replaced is None
        return Export(
            report_id=export_id,
            account=account,
            request=request,
            market=market,
            largest=self._state.settings.largest_export,
            body=body,
            created_at=self._state.clock.now(),
            ready_after_seconds=seconds,
            ready_after_looks=looks,
            document=document,
            rules=lasting,
            last_status=PROCESSING,
        )


def _writer(export: Export) -> Writer:
    replaced = export.rule("document") or export.rule("empty")
    if replaced is not None:
        return raw_writer(fault_bytes(replaced))

    def write(target: Writable, document: Document) -> None:
        texts = ([_text(row) for row in batch] for batch in batches(export.rows()))
        for piece in json_array(document.counted(texts)):
            target.write(piece)

    return write


_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
