"""What came of one audience in one run, for people and for programs."""

from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from target_amazon_audience.errors import StateFileError

logger = logging.getLogger(__name__)

_MAX_REASONS = 50
_PERCENT = 100
_RIGHTS = 0o600


@dataclass(slots=True)
class AudienceReport:
    """Everything that is counted of one audience; ``as_dict`` is what users see."""

    stream: str | None
    action: str
    upload_mode: str
    target: str
    external_audience_id: str | None
    audience_id: int | None = None
    is_created: bool = False
    records: int = 0
    """Records the input held for this audience."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Records not sent, by reason; a denied consent is one of them."""
    unusable: dict[str, int] = field(default_factory=dict)
    consent_missing: int = 0
    merged: int = 0
    sent: int = 0
    """Rows Amazon has accepted, of this run's input and of removals."""
    batches: int = 0
    completed: int = 0
    failed: int = 0
    pending: int = 0
    earlier_batches: int = 0
    """Batches of earlier runs that this run looked after."""
    invalid: Counter[str] = field(default_factory=Counter)
    """Rows uploaded and then found invalid by Amazon, by Amazon's reason."""
    throttled: int = 0
    mirror: dict[str, int] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    failures: dict[str, None] = field(default_factory=dict)
    """What makes the run exit 1; both are sets that keep their order."""

    def note(self, sentence: str) -> None:
        """Note what people should know although nothing is wrong."""
        self.notes.setdefault(sentence)

    def fail(self, sentence: str) -> None:
        """Note what went wrong."""
        self.failures.setdefault(sentence)

    def count_invalid(self, reason: str, rows: int = 1) -> None:
        """Count rows Amazon found invalid; many different reasons are one."""
        is_new = reason not in self.invalid
        if is_new and len(self.invalid) >= _MAX_REASONS:
            reason = "other reasons"
        self.invalid[reason] += rows

    def too_many_rejected(self, max_percent: float) -> str | None:
        """Say that more records were rejected than may be; None where they were not."""
        rejected = sum(self.skipped.values()) - self.skipped["consent denied"]
        if not self.records or rejected * _PERCENT <= self.records * max_percent:
            return None
        return (
            f"{rejected:,} of {self.records:,} records were rejected, more than "
            f"max_rejected_percent ({max_percent:g}) allows"
        )

    @property
    def result(self) -> str:
        """One word: failed, pending or done."""
        if self.failures:
            return "failed"
        return "pending" if self.pending else "done"

    def as_dict(self) -> dict[str, object]:
        """Return the report for JSON."""
        return {
            "stream": self.stream,
            "result": self.result,
            "audience_id": None if self.audience_id is None else str(self.audience_id),
            "external_audience_id": self.external_audience_id,
            "created": self.is_created,
            "action": self.action,
            "upload_mode": self.upload_mode,
            "target": self.target,
            "records": self.records,
            "sent": self.sent,
            "merged": self.merged,
            "skipped": sum(self.skipped.values()),
            "skipped_by_reason": dict(sorted(self.skipped.items())),
            "unusable_values_by_field": dict(sorted(self.unusable.items())),
            "sent_without_consent": self.consent_missing,
            "batches": self.batches,
            "batches_completed": self.completed,
            "batches_failed": self.failed,
            "batches_pending": self.pending,
            "batches_of_earlier_runs": self.earlier_batches,
            "invalid": sum(self.invalid.values()),
            "invalid_by_reason": dict(sorted(self.invalid.items())),
            "throttled": self.throttled,
            "mirror": self.mirror or None,
            "notes": list(self.notes),
            "failures": list(self.failures),
        }

    def log(self) -> None:
        """Log the report."""
        name = self.stream or "all streams"
        logger.info(
            "%s: total records %s, batches %s, skipped records %s",
            name,
            f"{self.records:,}",
            self.batches,
            f"{sum(self.skipped.values()):,}",
        )
        logger.info(
            "%s: completed batches %s/%s, records uploaded but invalid %s",
            name,
            self.completed,
            self.batches + self.earlier_batches,
            f"{sum(self.invalid.values()):,}",
        )
        logger.info("%s: audience id %s", name, self.audience_id)
        for reason, count in sorted(self.skipped.items()):
            logger.info("%s: skipped %s: %s", name, f"{count:,}", reason)
        for reason, count in sorted(self.invalid.items()):
            logger.warning("%s: invalid at Amazon %s: %s", name, f"{count:,}", reason)
        for sentence in self.notes:
            logger.warning("%s: %s", name, sentence)
        if self.pending:
            logger.warning(
                "%s: Amazon still works on %s batches; their ids are kept, and the "
                "next run looks at them first",
                name,
                self.pending,
            )
        for sentence in self.failures:
            logger.error("%s: %s", name, sentence)


def write_summary(path: Path, summary: object) -> None:
    """Write a report as a file of its own, whole or not at all.

    Raises:
        StateFileError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        number = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _RIGHTS)
        with os.fdopen(number, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(summary)) + b"\n")
        part.replace(path)
    except OSError as error:
        msg = f"The file {path} of summary_path cannot be written ({error})."
        raise StateFileError(msg) from None
