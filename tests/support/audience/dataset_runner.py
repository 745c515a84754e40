"""Runs of target-amazon-audience with Ads Data Manager, against the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amazon_emulator.client.data_manager import DatasetView, SharingRuleView
from support.audience.runner import Ran, Runner, person

MANAGER = "amzn1.ads1.ma1.na7k2"
DSP_ACCOUNT = "ENTITY7051069373501"
DSP_ADVERTISER = "7051069373501"
MEMBERS = "/adm/audiences/{}/members"
RULES = "/adm/sharingRules"

DATASET: dict[str, Any] = {
    "api": "ads_data_manager",
    "manager_account_id": MANAGER,
    "experimental_mirror": True,
    "consent": {"amznuserdata": "GRANTED", "amznadstorage": "GRANTED"},
}
DSP: dict[str, Any] = {"target": "DSP", "dsp_advertiser_id": DSP_ADVERTISER}
FULL = {
    "phone": "2065550100",
    "firstname": "Ann",
    "lastname": "Lee",
    "address": "1 Main St",
    "city": "Seattle",
    "state": "WA",
    "postal": "98109",
}
"""All but the e-mail of a person in Seattle."""
NAMES = {
    "em": "email",
    "ph": "phone",
    "fn": "firstname",
    "ln": "lastname",
    "ad": "address",
    "cty": "city",
    "st": "state",
    "zip": "postal",
}


class DatasetRunner(Runner):
    """A folder, a clock and an emulator with a manager account that may begin."""

    def prepare(self) -> None:
        """Accept the terms and make the data room, as a person in the console."""
        self.client.set_adm_account(MANAGER, terms_accepted=True, dataroom=True)

    @staticmethod
    def rule(rule: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return a fault rule for members; what befalls jobs befalls nobody here."""
        is_of_jobs = rule["operation"] == "job"
        if is_of_jobs or rule["action"] in {"job_failed", "status_word"}:
            return None
        return {**rule, "operation": "adm_members"}

    def jobs(self) -> list[Any]:
        return []

    def config(self, **changes: object) -> dict[str, Any]:
        return super().config(**{**DATASET, **changes})

    def fault(self, action: str, operation: str = "adm_members", **more: Any) -> int:
        return self.client.add_fault(action, operation=operation, **more)

    # What the emulator holds

    def dataset(self) -> DatasetView:
        [found] = self.client.adm_datasets()
        return found

    def audience(self) -> DatasetView:
        return self.dataset()

    def rules(self) -> list[SharingRuleView]:
        return self.client.adm_rules()

    def members(self, audience_id: int | str | None = None) -> set[str]:
        found = self.dataset().dataset_id if audience_id is None else str(audience_id)
        return set(self.client.adm_members(found))

    def held(self) -> dict[str, list[Mapping[str, str]]]:
        """Return whom the only dataset holds, hashes under the names of records."""
        assert self.alarms() == []
        members = self.client.adm_members(self.dataset().dataset_id)
        return {
            name: [{NAMES[k]: v for k, v in pii.items()} for pii in member.hashed_piis]
            for name, member in members.items()
        }

    def pii(self, name: str) -> list[Mapping[str, str]]:
        return self.held()[name]

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the requests that Amazon took."""
        return [
            row
            for call in self.emulator.exchanges
            if call.method == "POST"
            and call.path.endswith("/members")
            and call.status == 200
            for row in call.payload["members"]
        ]

    def alarms(self) -> list[str]:
        """Return what no target may ever do, and this one has done."""
        return list(self.client.statistics().alarms)

    def sent(self, number: int, **changes: object) -> Ran:
        """Send one person without an error."""
        return self.good([person(number)], **changes)
