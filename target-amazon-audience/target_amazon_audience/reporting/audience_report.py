"""What came of one audience in one run, for people and for programs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from target_amazon_audience.matching.consent import ConsentStatus
from target_amazon_audience.matching.member import Reason

logger = logging.getLogger(__name__)

_MAX_REASONS = 50
_PERCENT = 100
_EXCLUDED = (ConsentStatus.DENIED.value, Reason.DELETED)
"""Reasons with which nothing is wrong: the person may not be in the audience."""


@dataclass(slots=True)
class AudienceReport:
    """Everything that is counted of one audience; ``as_dict`` is what users see."""

    stream: str | None
    action: str
    upload_mode: str
    target: str
    external_audience_id: str | None
    audience_id: str | None = None
    """What Amazon calls it: its id, or that of a dataset."""
    is_created: bool = False
    records: int = 0
    """Records the input held for this audience."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Records not sent, by reason; a denied consent is one of them."""
    examples: dict[str, str] = field(default_factory=dict)
    """What the first record of each of these reasons looks like, without its values."""
    unusable: dict[str, int] = field(default_factory=dict)
    flaws: dict[str, int] = field(default_factory=dict)
    """Unusable values by field and reason."""
    consent_missing: int = 0
    merged: int = 0
    sets_left_out: int = 0
    """Sets of personal data beyond what Amazon takes of one person."""
    crowded: int = 0
    """The most sets of personal data that one external id came with, if several."""
    sent: int = 0
    """Rows Amazon has accepted, of this run's input and of removals."""
    batches: int = 0
    completed: int = 0
    failed: int = 0
    pending: int = 0
    earlier_batches: int = 0
    """Batches of earlier runs that this run looked after."""
    earlier_rows: int = 0
    """Rows of those whose jobs have ended."""
    earlier_invalid: int = 0
    """Those of them that Amazon cannot use; ``invalid`` has them too."""
    invalid: Counter[str] = field(default_factory=Counter)
    """Rows uploaded and then found invalid by Amazon, by Amazon's reason."""
    throttled: int = 0
    has_jobs: bool = True
    """Whether batches become jobs whose end is known; else they are just accepted."""
    is_sharing_pending: bool = False
    """Whether a sharing rule that was waited for is not active yet."""
    sharing_rules: list[dict[str, str]] = field(default_factory=list)
    counters: dict[str, float] = field(default_factory=dict)
    """Amazon's counters of the whole dataset, where it has some."""
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

    def count_invalid(
        self, reason: str, rows: int = 1, *, is_earlier: bool = False
    ) -> None:
        """Count rows Amazon found invalid; many different reasons are one."""
        self.earlier_invalid += rows if is_earlier else 0
        is_new = reason not in self.invalid
        if is_new and len(self.invalid) >= _MAX_REASONS:
            reason = "other reasons"
        self.invalid[reason] += rows

    def skip(self, reason: str, example: str | None = None) -> None:
        """Count a record that is not sent."""
        self.skipped[reason] += 1
        if example is not None:
            self.examples.setdefault(reason, example)

    @property
    def excluded(self) -> int:
        """Records of people who may not be in the audience."""
        return sum(self.skipped[reason] for reason in _EXCLUDED)

    @property
    def rejected(self) -> int:
        """Records that should have been sent, and rows that Amazon cannot use."""
        invalid = sum(self.invalid.values()) - self.earlier_invalid
        return sum(self.skipped.values()) - self.excluded + invalid

    def too_many_rejected(self, max_percent: float | None) -> str | None:
        """Say that more records were rejected than may be; None where they were not.

        Without a limit one record has to get through, and every one that is deleted.
        Batches of earlier runs are looked at by themselves.
        """
        due = self.records - self.excluded - self.merged
        return _too_many(
            self.rejected, self.records, max_percent, 1 if self.is_erasure else due
        ) or _too_many(
            self.earlier_invalid,
            self.earlier_rows,
            max_percent,
            1 if self.is_erasure else self.earlier_rows,
            " of batches of earlier runs",
        )

    @property
    def is_erasure(self) -> bool:
        """Whether every record asks for a person to be removed."""
        return self.upload_mode == "DELETE"

    def not_erased(self) -> str | None:
        """Say who stays in the audience though the input asks for their removal."""
        left = self.rejected + self.earlier_invalid
        if not (self.is_erasure and left):
            return None
        return (
            f"{left:,} records were to be deleted and were not: these people "
            "may still be in the audience"
        )

    @property
    def result(self) -> str:
        """One word: failed (nothing was accepted), partly, waiting or complete.

        Without jobs nobody says that anything is complete: it is accepted.
        """
        if self.failures:
            return "partly" if self.sent else "failed"
        if self.pending or self.is_sharing_pending:
            return "waiting"
        return "complete" if self.has_jobs else "accepted"

    @property
    def label(self) -> str:
        """What the log calls it."""
        return self.stream or "all streams"

    @property
    def account(self) -> str:
        """What it is known by at Amazon, as far as that is known."""
        return f"audience {self.audience_id or self.external_audience_id or '?'}"

    def _log_batches(self, name: str) -> None:
        invalid = f"{sum(self.invalid.values()):,}"
        if self.has_jobs:
            logger.info(
                "%s: completed batches %s/%s, records uploaded but invalid %s",
                name,
                self.completed,
                self.batches + self.earlier_batches,
                invalid,
            )
            logger.info("%s: audience id %s", name, self.audience_id)
            return
        logger.info(
            "%s: accepted batches %s, records not accepted %s",
            name,
            self.batches,
            invalid,
        )
        logger.info("%s: dataset id %s", name, self.audience_id)
        for rule in self.sharing_rules:
            shown = ", ".join(f"{key} {value}" for key, value in rule.items())
            logger.info("%s: %s", name, shown)

    def _of_dataset(self) -> dict[str, object]:
        """Return what only datasets have."""
        if self.has_jobs:
            return {}
        return {
            "dataset_id": self.audience_id,
            "sharing_rules": self.sharing_rules,
            "dataset_counters": self.counters,
            "personal_data_left_out": self.sets_left_out,
        }

    def notices(self) -> Iterator[str]:
        """Yield what people should know although nothing failed."""
        yield from self.notes
        if self.sets_left_out:
            yield (
                f"{self.sets_left_out:,} sets of personal data were left out: Amazon "
                "takes so many of one person only"
            )
        rejected = f"{self.rejected:,} of {self.records:,} records were rejected"
        if self.rejected and not any(rejected in text for text in self.failures):
            yield rejected
        if self.pending:
            yield (
                f"Amazon still works on {self.pending} batches; their ids are kept, "
                "and the next run looks at them first"
            )

    def as_dict(self) -> dict[str, object]:
        """Return the report for JSON."""
        return {
            "stream": self.stream,
            "result": self.result,
            "audience_id": self.audience_id,
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
            "skipped_examples": dict(sorted(self.examples.items())),
            "unusable_values_by_field": dict(sorted(self.unusable.items())),
            "unusable_values_by_reason": dict(sorted(self.flaws.items())),
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
            **self._of_dataset(),
            "notes": list(self.notes),
            "failures": list(self.failures),
        }

    def log(self) -> None:
        """Log the report."""
        name = self.label
        logger.info(
            "%s: total records %s, batches %s, skipped records %s",
            name,
            f"{self.records:,}",
            self.batches,
            f"{sum(self.skipped.values()):,}",
        )
        self._log_batches(name)
        for reason, count in sorted(self.skipped.items()):
            example = self.examples.get(reason)
            shown = f" (such as {example})" if example else ""
            logger.warning("%s: skipped %s: %s%s", name, f"{count:,}", reason, shown)
        for flaw, count in sorted(self.flaws.items()):
            logger.warning("%s: unusable values %s: %s", name, f"{count:,}", flaw)
        for reason, count in sorted(self.invalid.items()):
            logger.warning("%s: invalid at Amazon %s: %s", name, f"{count:,}", reason)
        for sentence in self.notices():
            logger.warning("%s: %s", name, sentence)
        for sentence in self.failures:
            logger.error("%s: %s", name, sentence)


def _too_many(
    rejected: int,
    records: int,
    max_percent: float | None,
    too_many: int,
    which: str = "",
) -> str | None:
    """Judge by the percentage; without one ``too_many`` are too many."""
    if not rejected:
        return None
    found = f"{rejected:,} of {records:,} records{which} were rejected"
    if max_percent is None:
        if rejected < too_many:
            return None
        return f"{found} (the setting max_rejected_percent says how many may be)"
    if rejected * _PERCENT <= records * max_percent:
        return None
    return f"{found}, more than max_rejected_percent ({max_percent:g}) allows"
