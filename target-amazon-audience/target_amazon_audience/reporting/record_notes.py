"""What a report says of the records an audience has read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_amazon.target.messages import printable

if TYPE_CHECKING:
    from target_amazon_audience.matching.record_reader import (
        RecordReader,
    )
    from target_amazon_audience.reporting.audience_report import AudienceReport

_CROWDED = 10
"""Sets of personal data that no person has under one external id."""


def note_records(report: AudienceReport, reader: RecordReader) -> None:
    """Complete a report with what its reader has counted and noticed."""
    report.flaws = {f"{name}: {why}": n for (name, why), n in reader.flaws.items()}
    report.unusable = dict(reader.unusable)
    report.consent_missing = reader.consent_missing
    for field, column in reader.fields.never_came() if report.records else ():
        report.note(
            f"field_mapping: no record has the column {printable(column)} that {field} "
            "is to come from"
        )
    if report.crowded >= _CROWDED:
        report.note(
            f"one external id came with {report.crowded} different sets of personal "
            "data: is it the id of one person?"
        )
    if reader.countries_differ:
        report.note(
            f"{reader.countries_differ:,} records name another country than their "
            "consent does: that of the consent was sent"
        )
