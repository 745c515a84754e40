"""All datasets of one emulator, by account."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from amazon_emulator.audiences.uploads.members import Entry, MemberSet
from amazon_emulator.clock import format_instant
from amazon_emulator.data_manager.datasets.members import (
    FOREVER,
    may_be_matched,
    shown_identity,
)
from amazon_emulator.data_manager.datasets.metrics import Counts, LaggingCounts

if TYPE_CHECKING:
    from amazon_emulator.audiences.uploads.members import Pii
    from amazon_emulator.data_manager.counters import AdmCounters
    from amazon_emulator.data_manager.datasets.validation import NewDataset, Sorted
    from amazon_emulator.state import EmulatorState


@dataclass(slots=True)
class Dataset:
    """One dataset; members and counters included."""

    dataset_id: str
    account_id: str
    made: NewDataset
    created_at: datetime
    modified_at: datetime
    members: MemberSet = field(default_factory=MemberSet)
    counts: LaggingCounts = field(default_factory=LaggingCounts)
    received: int = 0
    ignored: int = 0
    """DELETEs that had no effect because no consent was granted."""


class DatasetStore:
    """Datasets by id; all methods hold the core's lock."""

    def __init__(self, state: EmulatorState, counters: AdmCounters) -> None:
        self._state, self._counters = state, counters
        self.reset()

    def reset(self) -> None:
        """Forget everything; ids start anew."""
        with self._state.lock:
            self._datasets: dict[str, Dataset] = {}
            self._made = 0

    def create(self, account_id: str, made: NewDataset) -> tuple[Dataset, bool]:
        """Return a new dataset and True, or the one of this name and False."""
        with self._state.lock:
            for dataset in self.of_account(account_id):
                if dataset.made.name == made.name:
                    return dataset, False
            now = self._state.clock.now()
            self._made += 1
            dataset = Dataset(self._new_id(), account_id, made, now, now)
            self._datasets[dataset.dataset_id] = dataset
            return dataset, True

    def find(self, account_id: str, dataset_id: str) -> Dataset | None:
        """Return a dataset of an account."""
        found = self._datasets.get(dataset_id)
        return found if found and found.account_id == account_id else None

    def of_account(self, account_id: str) -> list[Dataset]:
        """Return the datasets of an account, oldest first."""
        with self._state.lock:
            everyone = list(self._datasets.values())
        return [dataset for dataset in everyone if dataset.account_id == account_id]

    def remove(self, dataset_id: str) -> bool:
        """Delete a dataset for good; False when there is none."""
        with self._state.lock:
            return self._datasets.pop(dataset_id, None) is not None

    def take(self, dataset: Dataset, found: Sorted) -> None:
        """Apply an upload, in the order of its members."""
        now = self._state.clock.now()
        counts = Counts(found.received, len(found.errors), found.consented)
        with self._state.lock:
            self._apply(dataset, found.entries, now)
            dataset.counts.add(now, counts)
            dataset.modified_at = now
            dataset.received += found.received
            dataset.ignored += found.ignored

    def look(self, dataset: Dataset) -> dict[datetime, Counts]:
        """Return what the counters show by hour, and count this look at them."""
        with self._state.lock:
            return dataset.counts.look(self._state.settings.adm_metrics_lag_looks)

    def delete_user(self, account_id: str, user_id: str) -> None:
        """Delete a user from all datasets of an account."""
        now = self._state.clock.now()
        with self._state.lock:
            for dataset in self.of_account(account_id):
                gone = [Entry(False, user_id, (), None, None)]  # noqa: FBT003 - a DELETE
                dataset.members.apply(gone, now, delete_whole=True)

    def delete_identity(self, account_id: str, identity: Pii) -> None:
        """Delete every user who has one of these identities."""
        now, sought = self._state.clock.now(), set(identity)
        with self._state.lock:
            users = {
                user_id
                for dataset in self.of_account(account_id)
                for user_id, member in self._items(dataset, now)
                if not sought.isdisjoint(member.pii)
            }
        for user_id in users:
            self.delete_user(account_id, user_id)

    def all(self) -> list[dict[str, object]]:
        """Return all datasets for the control calls, oldest first."""
        with self._state.lock:
            return [self._shown(dataset) for dataset in self._datasets.values()]

    def members(self, dataset_id: str) -> Iterator[dict[str, Any]] | None:
        """Return the members of a dataset one by one; None: no such dataset."""
        with self._state.lock:
            dataset = self._datasets.get(dataset_id)
            if dataset is None:
                return None
            found = self._items(dataset, self._state.clock.now())
        return (
            {
                "external_user_id": user_id,
                **shown_identity(member.pii),
                "country_code": member.country,
                "user_consent": member.consent,
                "is_matched": may_be_matched(member.consent),
                "added_at": format_instant(member.added_at),
            }
            for user_id, member in found
        )

    def size(self, dataset: Dataset) -> int:
        """Return how many members a dataset has."""
        return dataset.members.count(self._state.clock.now(), FOREVER)[0]

    def _items(self, dataset: Dataset, now: datetime) -> Iterator[tuple[str, Any]]:
        return dataset.members.items(now, FOREVER, is_active=True)

    def _apply(self, dataset: Dataset, entries: Sequence[Entry], now: datetime) -> None:
        delete_whole = self._state.settings.delete_by == "user_id"
        effect = dataset.members.apply(list(entries), now, delete_whole=delete_whole)
        self._counters.apply(effect)

    def _shown(self, dataset: Dataset) -> dict[str, object]:
        made = dataset.made
        return {
            "dataset_id": dataset.dataset_id,
            "account_id": dataset.account_id,
            "name": made.name,
            "description": made.description,
            "country_code": made.country,
            "id_retention": made.id_retention,
            "created_at": format_instant(dataset.created_at),
            "members": self.size(dataset),
            "received": dataset.received,
            "ignored": dataset.ignored,
        }

    def _new_id(self) -> str:
        """Return letters and digits with a dash, never digits only."""
        seed = f"{self._state.settings.seed}|dataset|{self._made}".encode()
        word = base64.b32encode(sha256(seed).digest()).decode()
        return f"d{word[:7].lower()}-{word[7:19]}"
