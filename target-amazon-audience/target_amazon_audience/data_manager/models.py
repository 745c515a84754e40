"""What the rest of this target knows of Ads Data Manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from target_amazon_audience.delivery.models import BadRequestError
from target_amazon_audience.delivery.ports import Receipt

DSP = "DSP_AUDIENCES"
AMC = "AMAZON_MARKETING_CLOUD"
ACTIVE, PENDING = "ACTIVE", "PENDING"


class DuplicateNameError(BadRequestError):
    """A dataset of this name exists: ``dataset_id`` is its id."""

    def __init__(self, message: str, dataset_id: str) -> None:
        super().__init__(message, message)
        self.dataset_id = dataset_id


@dataclass(frozen=True, slots=True)
class Terms:
    """Whether the terms of Ads Data Manager are accepted for the account."""

    is_accepted: bool
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as Amazon has it; empty where Amazon does not say."""

    id: str
    name: str
    country: str = ""
    description: str = ""
    id_retention: bool | None = None


@dataclass(frozen=True, slots=True)
class NewDataset:
    """A dataset to be made."""

    name: str
    country: str
    description: str | None = None
    id_retention: bool | None = None


@dataclass(frozen=True, slots=True)
class NewRule:
    """A sharing rule to be made: which application gets a dataset, and where."""

    application: str
    dataset_id: str
    destination_id: str
    marketplace_id: str
    metadata: Mapping[str, object]
    entity_id: str | None = None


@dataclass(frozen=True, slots=True)
class SharingRule:
    """A sharing rule as Amazon has it."""

    id: str
    application: str
    dataset_id: str
    destination_id: str
    status: str
    audience_name: str = ""
    audience_id: str = ""
    """Ids of the DSP audience, once the rule is active."""
    audience_id_v2: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it for a report; empty values are left out."""
        found = {
            "sharing_rule_id": self.id,
            "application": self.application,
            "destination_account_id": self.destination_id,
            "status": self.status,
            "audience_name": self.audience_name,
            "audience_id": self.audience_id,
            "audience_id_v2": self.audience_id_v2,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """An account that a manager account is linked with."""

    manager_id: str
    account_id: str
    marketplace_id: str
    dsp_advertiser_id: str


class DataManagerApi(Protocol):
    """Ads Data Manager as one account sees it; raises errors of singer_amazon."""

    def terms(self) -> Terms:
        """Return the state of the terms."""

    def accept_terms(self, token: str) -> None:
        """Accept them in the user's name."""

    def has_dataroom(self) -> bool:
        """Whether the account has a data room."""

    def create_dataroom(self) -> None:
        """Make the account's data room."""

    def dataroom_counts(self) -> Mapping[str, object]:
        """Return what stands in the data room, in numbers."""

    def datasets(self) -> Iterator[Dataset]:
        """Yield the datasets of audiences."""

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a dataset."""

    def create_dataset(self, dataset: NewDataset) -> str | None:
        """Make a dataset and return its id, where Amazon tells it.

        Raises:
            DuplicateNameError: there is one of this name.
        """

    def send_members(self, dataset_id: str, body: bytearray) -> Receipt:
        """Send one request with members."""

    def rules(self, dataset_id: str | None = None) -> Iterator[SharingRule]:
        """Yield the sharing rules of a dataset, or of all."""

    def create_rule(self, rule: NewRule) -> SharingRule:
        """Make a sharing rule, with one try: a second one would make a second rule."""

    def metrics(self, dataset_id: str) -> Mapping[str, object]:
        """Return Amazon's counters of a dataset."""

    def linked_accounts(self) -> Iterator[LinkedAccount]:
        """Yield the accounts that the user's manager accounts are linked with."""
