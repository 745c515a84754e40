"""Raw calls to Ads Data Manager in an emulation, as a client that knows the wire."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse

from support.ads.emulation import AdsCaller
from support.audience.emulation import digest

MANAGER = "amzn1.ads1.ma1.na7k2"
DSP_ACCOUNT = "ENTITY7051069373501"
MARKETPLACE = "ATVPDKIKX0DER"
INSTANCE = "amclight01"
MEMBERS = "application/vnd.admAudiences.v1+json"
METRICS = "application/vnd.admmetrics.v1+json"
DELETION = "application/vnd.admDataDeletion.v1+json"
JSON = "application/json"
GRANTED = {"amzn": {"amznUserData": "GRANTED", "amznAdStorage": "GRANTED"}}


class DataManagerCaller(AdsCaller):
    """An emulation with a stopped clock, and a client signed in as one account."""

    account = ("Amazon-Ads-Manager-Account-ID", MANAGER)
    """Header and id of the account that calls are made for."""

    def prepare(self, account_id: str = MANAGER) -> None:
        """Accept the terms and create the data room, as a person in the console."""
        given = {"terms_accepted": True, "dataroom": True}
        self.emulation.data_manager.accounts.set(account_id, given)

    def call(
        self, method: str, path: str, body: object = None, media: str = JSON
    ) -> TestResponse:
        """Make a call under /adm; a body goes as JSON of a media type."""
        more: dict[str, Any] = {}
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            more = {"data": data, "content_type": media}
        headers = self.headers(**dict([self.account]))
        return self.api.open(f"/adm{path}", method=method, headers=headers, **more)

    def as_advertiser(self, account_id: str = DSP_ACCOUNT) -> None:
        """Make the next calls for a DSP advertiser account."""
        self.account = ("Amazon-Ads-AccountId", account_id)

    def new_dataset(self, name: str = "loyalty_us", **changes: object) -> str:
        body = dataset_body(name=name, **changes)
        response = self.call("POST", "/audiences", body)
        assert response.status_code == 201, response.data
        dataset_id: str = response.get_json()["dataSetId"]
        return dataset_id

    def upload(self, dataset_id: str, *members: dict[str, Any]) -> TestResponse:
        body = {"members": list(members)}
        return self.call("POST", f"/audiences/{dataset_id}/members", body, MEMBERS)

    def send(self, dataset_id: str, *members: dict[str, Any]) -> dict[int, str]:
        """Send members; return index -> reason of those that were rejected."""
        response = self.upload(dataset_id, *members)
        assert response.status_code == 200, response.data
        errors = response.get_json().get("errors", [])
        return {error["index"]: error["details"] for error in errors}

    def share(self, dataset_id: str, **changes: object) -> TestResponse:
        return self.call("POST", "/sharingRules", rule_body(dataset_id, **changes))

    def rules(self, **filters: object) -> list[dict[str, Any]]:
        found = self.call("POST", "/sharingRules/list", filters).get_json()
        rules: list[dict[str, Any]] = found["sharingRules"]
        return rules

    def metrics(self, dataset_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call(
            "GET", f"/datasets/{dataset_id}/metrics"
        ).get_json()
        return found

    def members(self, dataset_id: str) -> dict[str, dict[str, Any]]:
        """Return the members of a dataset by user id, as the emulator keeps them."""
        found = self.emulation.data_manager.datasets.members(dataset_id)
        assert found is not None
        return {item["external_user_id"]: item for item in found}

    def alarms(self) -> list[str]:
        alarms = self.emulation.data_manager.statistics()["adm_alarms"]
        assert isinstance(alarms, list)
        return alarms


def dataset_body(**changes: object) -> dict[str, Any]:
    """Return a body that creates a dataset; None takes a field out."""
    body = {"name": "loyalty_us", "countryCode": "US", **changes}
    return {key: value for key, value in body.items() if value is not None}


def member(
    user: str = "user_1", action: str = "CREATE", **changes: object
) -> dict[str, Any]:
    """Return a member; `emails` gives a hashed object each, None takes a field out.

    `consent` is what stands below `userConsent.consent`, `geo` its sibling.
    """
    emails = changes.pop("emails", (user,))
    assert isinstance(emails, tuple)
    geo = changes.pop("geo", {"countryCode": "US"})
    consent = {"geo": geo, "consent": changes.pop("consent", GRANTED)}
    whole = {
        "action": action,
        "externalUserId": user,
        "userIdentity": {"hashedPiis": [{"em": digest(str(x))} for x in emails]},
        "userConsent": {key: value for key, value in consent.items() if value},
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def rule_body(dataset_id: str, **changes: object) -> dict[str, Any]:
    """Return a body that shares a dataset with a DSP account."""
    name = changes.pop("audience_name", "Loyalty US 2026")
    return {
        "application": "DSP_AUDIENCES",
        "dataSetId": dataset_id,
        "destinationAccountId": DSP_ACCOUNT,
        "marketplaceId": MARKETPLACE,
        "metadata": {"audienceMetadata": {"audienceName": name}},
        **changes,
    }


def amc_rule_body(dataset_id: str, instance: str = INSTANCE) -> dict[str, Any]:
    """Return a body that shares a dataset with an AMC instance."""
    return rule_body(
        dataset_id,
        application="AMAZON_MARKETING_CLOUD",
        destinationAccountId=instance,
        metadata={"amcMetadata": {"amcInstanceId": instance}},
    )
