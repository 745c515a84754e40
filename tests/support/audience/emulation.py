"""Raw calls to the audiences part of an emulation, as a client that knows the wire."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from werkzeug.test import TestResponse

from support.ads.emulation import AdsCaller

AMC = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a01"
"""A connection without a DSP advertiser; the default one."""
AMC_AND_DSP = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a02"
NO_TERMS = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a03"
ACCOUNT = "ENTITY2AMC3LIGHT4H"
INSTANCE = "amclight01"
MARKETPLACE = "ATVPDKIKX0DER"
ADVERTISER = 574839201746352811
"""A DSP advertiser whose id no double can hold."""
AUDIENCES = "application/vnd.amcaudiences.v1+json"
CONNECTIONS = "application/vnd.amcaudiencesconnections.v1+json"
PATH = "/amc/audiences"


class AudienceCaller(AdsCaller):
    """An emulation with a stopped clock, and one signed-in client of audiences."""

    def call(
        self, method: str, path: str, body: object = None, media: str = AUDIENCES
    ) -> TestResponse:
        """Make a call under /amc/audiences; a body goes as JSON of a media type."""
        more: dict[str, Any] = {}
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            more = {"data": data, "content_type": media}
        url = f"{PATH}{path}"
        return self.api.open(url, method=method, headers=self.headers(), **more)

    def create_audience(self, **changes: object) -> TestResponse:
        return self.call("POST", "/metadata", audience_body(**changes))

    def new_audience(self, **changes: object) -> int:
        response = self.create_audience(**changes)
        assert response.status_code == 201, response.data
        audience_id: int = response.get_json()["audienceId"]
        return audience_id

    def upload(
        self,
        audience_id: int,
        *records: dict[str, Any],
        connection: str | None = AMC,
        types: list[str] | None = None,
    ) -> TestResponse:
        body: dict[str, Any] = {"audienceId": audience_id, "records": list(records)}
        if connection is not None:
            body["targetResource"] = {"connectionId": connection}
        if types is not None:
            body["targetResource"]["targetTypes"] = types
        return self.call("POST", "/records", body)

    def send(self, audience_id: int, *records: dict[str, Any]) -> str:
        response = self.upload(audience_id, *records)
        assert response.status_code == 202, response.data
        job_id: str = response.get_json()["jobRequestId"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        response: dict[str, Any] = self.call("GET", f"/records/{job_id}").get_json()
        return response

    def members(self, audience_id: int) -> dict[str, list[dict[str, str]]]:
        """Return user id -> hashed objects of the active members."""
        found = self.emulation.audiences.members(audience_id)
        assert found is not None
        return {item["external_user_id"]: item["hashed_pii"] for item in found}

    def statistics(self) -> dict[str, Any]:
        return self.emulation.audiences.as_json()


def audience_body(**changes: object) -> dict[str, Any]:
    """Return a body that creates an audience; None takes a field out.

    `external_id`, `ttl` and `fees` go into the metadata, `connection` and `advertiser`
    into the target.
    """
    metadata = {
        "externalAudienceId": changes.pop("external_id", "loyalty-us"),
        "ttl": changes.pop("ttl", None),
        "audienceFees": changes.pop("fees", None),
    }
    target = {"connectionId": changes.pop("connection", AMC)}
    if "advertiser" in changes:
        target = {"advertiserId": changes.pop("advertiser")}
    body: dict[str, object] = {
        "name": "loyalty_members_us",
        "description": "Loyalty members",
        "countryCode": "US",
        "targetResource": target,
        "metadata": {
            key: value for key, value in metadata.items() if value is not None
        },
        **changes,
    }
    return {key: value for key, value in body.items() if value is not None}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def record(
    user: str = "user_1", action: str = "CREATE", **changes: object
) -> dict[str, Any]:
    """Return a record; `emails` gives one hashed object each, None takes out."""
    emails = changes.pop("emails", (user,))
    assert isinstance(emails, tuple)
    whole = {
        "externalUserId": user,
        "action": action,
        "countryCode": "US",
        "hashedPII": [{"email": digest(str(email))} for email in emails],
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def pii(*emails: str) -> list[dict[str, str]]:
    """Return the hashed objects of e-mails in the order the emulator shows them."""
    return [{"email": value} for value in sorted(digest(email) for email in emails)]
