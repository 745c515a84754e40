"""Datasets of Ads Data Manager: each has a number here, by which all else is kept.

Amazon's ids of datasets are text, and one account's are not another's. Their numbers
are below zero: ids of the other API's audiences never are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_amazon_audience.state.store import AudienceStore

_KNOWN = "select audience_id from datasets where account = ? and dataset_id = ?"


@dataclass(frozen=True, slots=True)
class DatasetNumbers:
    """The numbers of one account's datasets."""

    store: AudienceStore
    account: str

    def known(self, dataset_id: str) -> int | None:
        """Return the number of a dataset, None where it has none yet."""
        with self.store.reading() as db:
            row = db.execute(_KNOWN, (self.account, dataset_id)).fetchone()
        return None if row is None else int(row[0])

    def number(self, dataset_id: str) -> int:
        """Return the number of a dataset, given now if it has none yet."""
        with self.store.transaction() as db:
            db.execute(
                "insert or ignore into datasets"
                " select coalesce(min(audience_id), 0) - 1, ?, ? from datasets",
                (self.account, dataset_id),
            )
            row = db.execute(_KNOWN, (self.account, dataset_id)).fetchone()
        return int(row[0])

    def dataset_id(self, number: int) -> str | None:
        """Return Amazon's id of a dataset; None for a number that is not of one."""
        with self.store.reading() as db:
            row = db.execute(
                "select dataset_id from datasets where audience_id = ?", (number,)
            ).fetchone()
        return None if row is None else str(row[0])
