"""What this part counts and remembers for the statistics; never a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.audiences.counters import AudienceCounters

if TYPE_CHECKING:
    from amazon_emulator.data_manager.datasets.validation import Sorted

DATASET_DELETED = "A dataset was deleted through the API."
RULE_REVOKED = "A sharing rule was revoked through the API."
IDENTITIES_DELETED = "Identities were deleted through the API."
TERMS_ACCEPTED = "The terms of Ads Data Manager were accepted, and nobody had asked."
RULE_REPEATED = "A sharing rule was made twice for one dataset and destination."
PERSONAL_DATA = "An upload held what looks like personal data in clear."


class AdmCounters(AudienceCounters):
    """Members by what became of them, uploads, refused calls, alarms."""

    def clear(self) -> None:
        """Start anew."""
        super().clear()
        with self._lock:
            self._ignored = 0
            self._uploads: list[Mapping[str, object]] = []

    def upload(self, dataset_id: str, found: Sorted, size: int) -> None:
        """Remember an accepted upload of so many bytes."""
        reasons = [reason for _, reason in found.errors]
        self.receive(found.received, reasons)
        with self._lock:
            self._ignored += found.ignored
            self._uploads.append(
                {
                    "dataset_id": dataset_id,
                    "bytes": size,
                    "received": found.received,
                    "invalid": len(found.errors),
                    "ignored": found.ignored,
                }
            )

    def as_json(self) -> dict[str, object]:
        """Return `adm_records`, `adm_uploads`, `adm_refusals` and `adm_alarms`."""
        records = self.records()
        with self._lock:
            return {
                "adm_records": {**records, "ignored": self._ignored},
                "adm_uploads": list(self._uploads),
                "adm_refusals": list(self._refusals),
                "adm_alarms": list(self._alarms),
            }
