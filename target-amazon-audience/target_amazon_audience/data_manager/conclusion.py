"""What the report says of a dataset at the end: its rules, and Amazon's counters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_amazon_audience.data_manager.models import ACTIVE, SharingRule
from target_amazon_audience.data_manager.sharing_rules.plan import is_revoked

if TYPE_CHECKING:
    from target_amazon_audience.data_manager.models import DataManagerApi
    from target_amazon_audience.data_manager.sharing_rules.rules import SharingRules
    from target_amazon_audience.reporting.audience_report import AudienceReport

COUNTERS = {
    "uploadCount": "upload_count",
    "acceptedCount": "accepted_count",
    "invalidRecordCount": "invalid_record_count",
    "recordsWithIdentity": "records_with_identity",
    "recordsResolved": "records_resolved",
    "matchRecordPercentage": "match_record_percentage",
}
"""Amazon's counters, which are of the dataset and not of a run, and come late."""


def conclude(
    api: DataManagerApi,
    rules: SharingRules,
    dataset_id: str,
    report: AudienceReport,
    until: float | None,
    intervals: tuple[float, float],
) -> None:
    """Look at the rules, ``until`` all are active; then read the counters once.

    ``intervals`` are the seconds between the first two looks, and the last ones.
    """
    found = rules.await_active(dataset_id, until, *intervals)
    report.sharing_rules = [rule.as_dict() for rule in found]
    for rule in found:
        _note(rule, report, is_waited_for=until is not None)
    report.counters = counters_of(api.metrics(dataset_id))


def counters_of(metrics: Mapping[str, object]) -> dict[str, float]:
    """Return Amazon's counters under names of ours."""
    return {
        name: value
        for key, name in COUNTERS.items()
        if isinstance(value := metrics.get(key), int | float)
        and not isinstance(value, bool)
    }


def _note(rule: SharingRule, report: AudienceReport, *, is_waited_for: bool) -> None:
    where = f"sharing rule {rule.id} with {rule.destination_id}"
    if is_revoked(rule):
        report.fail(f"{where} was revoked ({rule.status}): nothing is shared by it")
    elif rule.status != ACTIVE:
        report.is_sharing_pending = is_waited_for
        report.note(f"{where} is {rule.status or '?'} and not ACTIVE yet")
