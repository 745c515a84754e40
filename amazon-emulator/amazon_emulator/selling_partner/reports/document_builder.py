"""What the document of a report becomes: its rows, an error, or what a rule says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from amazon_emulator.reports.documents import fault_bytes, raw_writer
from amazon_emulator.selling_partner.periods import spans
from amazon_emulator.selling_partner.reports.documents import (
    content_writer,
)
from amazon_emulator.selling_partner.rows.contents import content_of
from amazon_emulator.selling_partner.rows.flat_faults import damaged
from amazon_emulator.selling_partner.rows.plan import (
    Content,
    FlatContent,
    JsonContent,
    Section,
    XmlContent,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.reports.lifecycle import SpReport
    from amazon_emulator.selling_partner.rows.plan import SpRowPlan

_INLINE_ROWS = 30_000
JSON_TYPE = "application/json;charset=UTF-8"
_HOUR_SECONDS = 3600


def begin_document(report: SpReport) -> None:
    """Begin the document of a report: at once, or beside the calls when it is large."""
    document, plan = report.document, report.plan
    given = _replacement(report)
    if given is not None:
        raw, document.is_packed = given
        rule = report.rule("document")
        if rule is not None and rule.parameters["content_type"] is not None:
            document.content_type = rule.text("content_type")
        document.build(raw_writer(raw))
        return
    content = _content(report)
    document.content_type = _content_type(content)
    document.is_packed = _is_packed(plan, content)
    write = content_writer(content, spec_last=plan.settings.sp_specification_last)
    cut = report.rule("truncated_gzip")
    if cut is not None:
        document.is_packed = True
        document.build(write)
        _cut(report, int(cut.number("after_bytes")))
    elif _rows(plan) > _INLINE_ROWS:
        document.build_beside(write)
    else:
        document.build(write)


def _replacement(report: SpReport) -> tuple[bytes, bool] | None:
    """Return bytes that replace the rows, and whether gzip is laid around them."""
    rule = report.rule("document")
    if rule is not None:
        return fault_bytes(rule), False
    error = report.rule("error_details") or report.rule("fatal")
    end, details = report.final_status, None if error is None else error.text("details")
    if details is None and end is not None:
        details = end.details or ""
    if details is None:
        return None
    return json.dumps({"errorDetails": details}).encode(), True


def _content(report: SpReport) -> Content:
    content = content_of(report.plan)
    rule = report.rule("flat_file")
    if rule is not None and isinstance(content, FlatContent):
        content = damaged(content, rule)
    is_empty = report.rule("empty") is not None
    if isinstance(content, JsonContent):
        if report.rule("without_array") is not None:
            return JsonContent(content.specification)
        if is_empty:
            names = [section.name for section in content.sections]
            empty = [Section(name, lambda: iter(())) for name in names]
            return JsonContent(content.specification, empty)
        return content
    return replace(content, rows=tuple) if is_empty else content  # type: ignore[arg-type] # of either kind


def _content_type(content: Content) -> str:
    if isinstance(content, JsonContent):
        return JSON_TYPE
    if isinstance(content, XmlContent):
        return "text/xml;charset=UTF-8"
    kind = "text/csv" if content.delimiter == "," else "text/plain"
    return kind if content.charset is None else f"{kind};charset={content.charset}"


def _is_packed(plan: SpRowPlan, content: Content) -> bool:
    compression = plan.settings.sp_compression
    if compression == "by_format":
        return isinstance(content, JsonContent)
    return compression == "gzip"


def _cut(report: SpReport, after_bytes: int) -> None:
    """Leave only the first bytes; size and etag are those of what is left."""
    path = report.document.path
    path.write_bytes(path.read_bytes()[:after_bytes])
    report.document.size = path.stat().st_size


def _rows(plan: SpRowPlan) -> int:
    """Return about how many rows a document has."""
    if "SEARCH_TERMS" in plan.report_type.name:
        return plan.settings.sp_search_term_rows
    periods = 1
    if plan.report_type.shape == "periods":
        days = plan.days
        periods = sum(1 for _ in spans(plan.options["reportPeriod"], *days))
    if plan.report_type.shape == "hours":
        periods = int((plan.end - plan.start).total_seconds() // _HOUR_SECONDS)
    return max(1, periods) * max(plan.settings.sp_asins, plan.settings.sp_flat_rows)
