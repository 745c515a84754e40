"""The control calls about Ads Data Manager, and what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amazon_emulator.client.control_client import ControlClient
from amazon_emulator.clock import parse_instant


@dataclass(frozen=True, slots=True)
class DatasetView:
    """One dataset as it is now."""

    dataset_id: str
    account_id: str
    name: str
    description: str | None
    country_code: str
    id_retention: bool | None
    created_at: datetime
    members: int
    received: int
    """Members of all uploads, rejected ones and removals included."""
    ignored: int
    """Removals that had no effect because no consent was granted."""

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> DatasetView:
        """Read one item of `GET /_emulator/adm/datasets`."""
        return cls(**{**entry, "created_at": parse_instant(entry["created_at"])})


@dataclass(frozen=True, slots=True)
class DatasetMemberView:
    """One member of a dataset."""

    external_user_id: str
    hashed_piis: Sequence[Mapping[str, str]]
    """Distinct objects, in an order that does not depend on how they came."""
    external_identities: Sequence[Mapping[str, str]]
    country_code: str
    """Of the member, else of the dataset."""
    user_consent: Mapping[str, Any] | None
    """As sent with the last CREATE, the IP address as `sha256:<hex>`."""
    is_matched: bool
    """Whether the consent lets Amazon match the member."""
    added_at: datetime

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> DatasetMemberView:
        """Read one item of `GET /_emulator/adm/datasets/<id>/members`."""
        return cls(**{**entry, "added_at": parse_instant(entry["added_at"])})


@dataclass(frozen=True, slots=True)
class SharingRuleView:
    """One sharing rule as it is now."""

    rule_id: str
    account_id: str
    application: str
    dataset_id: str
    destination_id: str
    marketplace_id: str
    entity_id: str | None
    metadata: Mapping[str, str]
    status: str
    audience_id: str | None
    """Of a rule for DSP; the API shows it once the rule is ACTIVE."""
    audience_id_v2: str | None
    created_at: datetime

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> SharingRuleView:
        """Read one item of `GET /_emulator/adm/sharing-rules`."""
        return cls(**{**entry, "created_at": parse_instant(entry["created_at"])})


class DataManagerCalls(ControlClient):
    """Asks for datasets, members and sharing rules; sets accounts."""

    def adm_accounts(self) -> list[dict[str, Any]]:
        """Return the accounts that a header may name, with what they have."""
        found: list[dict[str, Any]] = self._call("GET", "/adm/accounts")
        return found

    def set_adm_account(self, account_id: str, **changes: object) -> dict[str, Any]:
        """Change an account, and return it.

        `roles` (list) of the user, `terms_accepted`, `dataroom` (whether there is one),
        `single_global`, `unshared` (destinations linked without data sharing).
        """
        return self._object("PUT", f"/adm/accounts/{account_id}", changes)

    def adm_datasets(self) -> list[DatasetView]:
        """Return all datasets, oldest first."""
        found = self._call("GET", "/adm/datasets")
        return [DatasetView.parse(entry) for entry in found]

    def remove_adm_dataset(self, dataset_id: str) -> None:
        """Delete a dataset as a person in the console would: no alarm."""
        self._call("DELETE", f"/adm/datasets/{dataset_id}")

    def adm_members(self, dataset_id: str) -> dict[str, DatasetMemberView]:
        """Return the members of a dataset by user id."""
        listed = self._call("GET", f"/adm/datasets/{dataset_id}/members")
        members = [DatasetMemberView.parse(entry) for entry in listed]
        return {member.external_user_id: member for member in members}

    def adm_rules(self) -> list[SharingRuleView]:
        """Return all sharing rules, oldest first; they do not go on by it."""
        found = self._call("GET", "/adm/sharing-rules")
        return [SharingRuleView.parse(entry) for entry in found]

    def set_adm_rule(self, rule_id: str, status: str) -> None:
        """Give a sharing rule any status: `REVOKED_BY_USER`, `SHADOW`, ..."""
        self._call("PUT", f"/adm/sharing-rules/{rule_id}", {"status": status})
