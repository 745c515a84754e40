"""The queries of all selling partners: created, carried out, found again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import first_rule
from amazon_emulator.reports.documents import ROWS, fault_bytes
from amazon_emulator.reports.store import ReportStore
from amazon_emulator.selling_partner.data_kiosk.business_rules import (
    error_entries,
    fatal_reason,
)
from amazon_emulator.selling_partner.data_kiosk.datasets.contents import lines_of
from amazon_emulator.selling_partner.data_kiosk.datasets.lines import KioskPlan
from amazon_emulator.selling_partner.data_kiosk.lifecycle import (
    LASTING_ACTIONS,
    KioskQuery,
    status_of,
)
from amazon_emulator.selling_partner.data_kiosk.line_faults import (
    CutWriter,
    spoilt_lines,
)
from amazon_emulator.selling_partner.data_kiosk.pages import Page, PageWriter
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES
from amazon_emulator.selling_partner.queries import page_token
from amazon_emulator.selling_partner.reports.lifecycle import (
    IN_QUEUE,
    STATUSES,
)
from amazon_emulator.state import EmulatorState, seeded_uuid

if TYPE_CHECKING:
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.reports.documents import Document
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.data_kiosk.query_text import QueryText
    from amazon_emulator.selling_partner.orders.book import OrderBook
    from amazon_emulator.stored_files import Writable

RETENTION = timedelta(days=30)
"""So long a query and its documents are kept: P30D of every field."""
JSON_LINES = "application/json"
_FIRST_ID = 70_000_000_000
_INLINE_ROWS = 20_000


class KioskStore(ReportStore[tuple[str, str], KioskQuery]):
    """All queries: ids are unique within one account only, as at Amazon."""

    def __init__(self, state: EmulatorState, orders: OrderBook) -> None:
        super().__init__(state)
        self._orders = orders
        self._documents: dict[str, KioskQuery] = {}
        self._counts: Counter[str] = Counter()

    def reset(self) -> None:
        """Forget all queries and their documents; ids start anew."""
        super().reset()
        with self._state.lock:
            self._documents.clear()
            self._counts.clear()

    def create(
        self,
        partner: Partner,
        query: QueryText,
        start: int,
        body: Mapping[str, object],
        rules: Sequence[Rule],
    ) -> KioskQuery:
        """Keep a query and begin its document; `start`: what came on pages before."""
        settings = self._state.settings
        with self._state.lock:
            self._counts[partner.name] += 1
            number = _FIRST_ID + settings.seed * 1_000_000 + self._counts[partner.name]
            seed = f"{settings.seed}|kiosk|{partner.name}|{number}"
            seconds, looks = self._wait(seed)
            name = seeded_uuid(seed)
            made = KioskQuery(
                report_id=str(number),
                account=partner.name,
                query=query,
                plan=self.plan(partner, query.root, query.arguments, query),
                page=Page(
                    start,
                    settings.sp_kiosk_lines_per_page,
                    settings.sp_kiosk_split_lines,
                ),
                document_id=f"amzn1.dkdoc.1.{partner.region.lower()}.{name}",
                body=body,
                created_at=self._state.clock.now(),
                ready_after_seconds=seconds,
                ready_after_looks=looks,
                document=self._new_document(str(name), JSON_LINES),
                problem=fatal_reason(query, self._state.clock.now().date()),
                rules=[rule for rule in rules if rule.action in LASTING_ACTIONS],
                last_status=IN_QUEUE,
            )
            is_given = first_rule(made.rules, "document") is not None
            made.document.is_packed = (
                settings.sp_kiosk_compression != "none" and not is_given
            )
            self._reports[partner.name, made.report_id] = made
            self._documents[made.document_id] = made
        self._begin(made)
        return made

    def plan(
        self,
        partner: Partner,
        root: str,
        arguments: Mapping[str, object],
        query: QueryText | None = None,
    ) -> KioskPlan:
        """Return what the lines of a dataset follow from."""
        listed = arguments.get("marketplaceIds") or arguments.get("marketplaceId")
        listed = [listed] if isinstance(listed, str) else listed
        ids = partner.marketplace_ids if not isinstance(listed, list) else listed
        return KioskPlan(
            root,
            arguments,
            partner,
            [MARKETPLACES[each] for each in dict.fromkeys(ids)],
            self._state.clock.now(),
            self._state.settings,
            self._orders,
            None if query is None else query.selection,
        )

    def find(self, account: str, query_id: str) -> KioskQuery | None:
        """Return a query of an account, unless it is too old."""
        query = self._reports.get((account, query_id))
        if query is None or query.created_at + RETENTION < self._state.clock.now():
            return None
        return query

    def of_document(self, document_id: str) -> KioskQuery | None:
        """Return the query whose document this is."""
        return self._documents.get(document_id)

    def of_account(self, account: str) -> list[KioskQuery]:
        """Return all queries of an account that are kept, newest first."""
        oldest = self._state.clock.now() - RETENTION
        found = [
            query
            for query in self.all()
            if query.account == account and query.created_at >= oldest
        ]
        return found[::-1]

    def pending(self, account: str) -> list[KioskQuery]:
        """Return the queries of an account that are not over."""
        now = self._state.clock.now()
        return [
            query
            for query in self.of_account(account)
            if status_of(query, now) in STATUSES[:2]
        ]

    def as_json(self) -> list[Mapping[str, object]]:
        """Return all queries, oldest first."""
        return [query.as_json() for query in self.all()]

    def _begin(self, query: KioskQuery) -> None:
        plan = query.plan
        first, last = plan.days
        rows = plan.settings.sp_asins * max(1, (last - first).days + 1)
        is_large = rows * len(plan.marketplaces) > _INLINE_ROWS
        build = query.document.build_beside if is_large else query.document.build

        def write(target: Writable, document: Document) -> None:
            document.counts[ROWS] = _write(query, target)

        build(write)


def _write(query: KioskQuery, target: Writable) -> int:
    """Write the document of a query, and return how many lines it has."""
    given = first_rule(query.rules, "document")
    if given is not None:
        target.write(fault_bytes(given))
        return 1
    error = first_rule(query.rules, "fatal", "error_document")
    reason = query.problem if error is None else error.text("details")
    if reason is not None:
        target.write(json.dumps(error_entries(query.query, reason)).encode())
        return 0
    cut = first_rule(query.rules, "cut_line")
    if cut is not None:
        target = CutWriter(target, int(cut.number("missing_bytes")))
    settings = query.plan.settings
    writer = PageWriter(
        query.query.selection, query.page, unknown_fields=settings.sp_unknown_fields
    )
    lines = spoilt_lines(lines_of(query.plan), query.rules)
    written = writer.write(target, lines)
    if written.has_more:
        query.next_token = next_page_token(query)
    return written.count


def next_page_token(query: KioskQuery) -> str:
    """Return the token of the page after that of a query."""
    start = query.page.start + query.page.size
    return page_token({"start": start, "query": query.query.minified})
