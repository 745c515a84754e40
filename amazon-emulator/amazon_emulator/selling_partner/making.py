"""What the document of a report becomes: its rows, an error, or what a rule says."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.documents import (
    JSON_TYPE,
    raw_writer,
    write_content,
)
from amazon_emulator.selling_partner.periods import spans
from amazon_emulator.selling_partner.rows.contents import content_of
from amazon_emulator.selling_partner.rows.plan import (
    Content,
    FlatContent,
    JsonContent,
    Section,
    XmlContent,
)

if TYPE_CHECKING:
    from amazon_emulator.faults import Rule
    from amazon_emulator.selling_partner.lifecycle import SpReport
    from amazon_emulator.selling_partner.rows.plan import RowPlan

_AT_ONCE = 30_000
_HOUR_SECONDS = 3600


def make_document(report: SpReport) -> None:
    """Begin the document of a report: at once, or beside the calls when it is large."""
    document, plan = report.document, report.plan
    given = _given_bytes(report)
    if given is not None:
        content_bytes, document.is_packed = given
        document.build(raw_writer(content_bytes))
        return
    content = _content(report)
    document.content_type = _content_type(content)
    document.is_packed = _is_packed(plan, content)
    write = write_content(content, spec_last=plan.settings.sp_specification_last)
    cut = report.fate("truncated_gzip")
    if cut is not None:
        document.is_packed = True
        document.build(write)
        _cut(report, int(cut.number("after_bytes")))
    elif _rows(plan) > _AT_ONCE:
        document.build_beside(write)
    else:
        document.build(write)


def fault_bytes(rule: Rule) -> bytes:
    """Return the bytes a `document` rule serves."""
    encoded, text = rule.parameters["base64"], rule.parameters["text"]
    content = base64.b64decode(str(encoded)) if encoded else str(text or "").encode()
    return gzip.compress(content, 1, mtime=0) if rule.parameters["gzip"] else content


def _given_bytes(report: SpReport) -> tuple[bytes, bool] | None:
    """Return bytes that replace the rows, and whether gzip is laid around them."""
    rule = report.fate("document")
    if rule is not None:
        return fault_bytes(rule), False
    details = None
    if report.verdict is not None:
        details = report.verdict.details or ""
    for action in ("fatal", "error_details"):
        rule = report.fate(action)
        if rule is not None:
            details = rule.text("details")
    if details is None:
        return None
    return json.dumps({"errorDetails": details}).encode(), True


def _content(report: SpReport) -> Content:
    content = content_of(report.plan)
    is_empty = report.fate("empty") is not None
    if isinstance(content, JsonContent):
        if report.fate("without_array") is not None:
            return JsonContent(content.specification)
        if is_empty:
            names = [section.name for section in content.sections]
            empty = [Section(name, lambda: iter(())) for name in names]
            return JsonContent(content.specification, empty)
        return content
    if is_empty and isinstance(content, FlatContent):
        return FlatContent(
            content.columns,
            tuple,
            content.delimiter,
            content.charset,
            content.is_quoted,
        )
    if is_empty and isinstance(content, XmlContent):
        return XmlContent(content.root, content.element, tuple)
    return content


def _content_type(content: Content) -> str:
    if isinstance(content, JsonContent):
        return JSON_TYPE
    if isinstance(content, XmlContent):
        return "text/xml;charset=UTF-8"
    kind = "text/csv" if content.delimiter == "," else "text/plain"
    return kind if content.charset is None else f"{kind};charset={content.charset}"


def _is_packed(plan: RowPlan, content: Content) -> bool:
    wanted = plan.settings.sp_compression
    if wanted == "by_format":
        return isinstance(content, JsonContent)
    return wanted == "gzip"


def _cut(report: SpReport, after_bytes: int) -> None:
    """Leave only the first bytes; size and etag are those of what is left."""
    path = report.document.path
    path.write_bytes(path.read_bytes()[:after_bytes])
    report.document.size = path.stat().st_size


def _rows(plan: RowPlan) -> int:
    """Return about how many rows a document has."""
    if "SEARCH_TERMS" in plan.report_type.name:
        return plan.settings.sp_search_term_rows
    periods = 1
    if plan.report_type.shape == "periods":
        days = (plan.start.date(), plan.end.date())
        periods = sum(1 for _ in spans(plan.options["reportPeriod"], *days))
    if plan.report_type.shape == "hours":
        periods = int((plan.end - plan.start).total_seconds() // _HOUR_SECONDS)
    return max(1, periods) * max(plan.settings.sp_asins, plan.settings.sp_flat_rows)
