"""The audiences part against Amazon's own OpenAPI files, where a copy is at hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError
from werkzeug.test import TestResponse

from amazon_emulator.audiences import contract
from amazon_emulator.audiences.uploads.jobs import FAILED, PARTIALLY, PENDING, SUCCEEDED
from support.audience.emulation import (
    ACCOUNT,
    ADVERTISER,
    AMC,
    AMC_AND_DSP,
    AUDIENCES,
    CONNECTIONS,
    INSTANCE,
    MARKETPLACE,
    AudienceCaller,
    audience_body,
    digest,
    record,
)
from support.core.material import amazons
from support.core.openapi import check_exchange, read_spec

SPECS, pytestmark = amazons("amazon-audiences")
FAMILY = "advertiser-audiences.openapi.json"
LOOKUPS = "amc-administration.accounts-instances.openapi.json"
INSTANCES = "application/vnd.amcinstances.v1+json"
OF_ACCOUNT = {
    "Amazon-Advertising-API-AdvertiserId": ACCOUNT,
    "Amazon-Advertising-API-MarketplaceId": MARKETPLACE,
}
# Answers that come from the service although the file does not list them there.
UNLISTED = {401, 403, 406, 413, 415}


def check(
    response: TestResponse, status: int, sent: object = None, name: str = FAMILY
) -> None:
    """Validate one exchange; `sent` None: no body, or one that is wrong on purpose."""
    assert response.status_code == status, response.data
    check_exchange(
        SPECS / name,
        (AUDIENCES, CONNECTIONS, INSTANCES),
        response,
        sent=sent,
        wrong_request=sent is None and response.request.method not in ("GET", "DELETE"),
    )


def test_accounts_and_instances(amc: AudienceCaller) -> None:
    check(amc.get("/amc/accounts"), 200, name=LOOKUPS)
    check(amc.get("/amc/accounts?nextToken=x"), 400, name=LOOKUPS)
    for query in ("", "?limit=2"):
        response = amc.get(f"/amc/instances{query}", **OF_ACCOUNT)
        check(response, 200, name=LOOKUPS)
    check(amc.get(f"/amc/instances/{INSTANCE}", **OF_ACCOUNT), 200, name=LOOKUPS)
    check(amc.get("/amc/instances/other", **OF_ACCOUNT), 404, name=LOOKUPS)
    foreign = {**OF_ACCOUNT, "Amazon-Advertising-API-AdvertiserId": "other"}
    check(amc.get("/amc/instances", **foreign), 403, name=LOOKUPS)
    for code in (429, 500):
        amc.emulation.state.faults.clear()
        amc.fault("status", code=code)
        check(amc.get("/amc/accounts"), code, name=LOOKUPS)
        check(amc.get("/amc/instances", **OF_ACCOUNT), code, name=LOOKUPS)


def test_connections(amc: AudienceCaller) -> None:
    for query in ("", "?isDefault=true", f"?connectionId={AMC}"):
        check(amc.call("GET", f"/connections{query}"), 200)
    check(amc.call("GET", "/connections?connectionId=other"), 404)
    body = {
        "amcAccountId": ACCOUNT,
        "amcAccountMarketplaceId": MARKETPLACE,
        "amcInstanceId": INSTANCE,
        "dspAdvertiserId": str(ADVERTISER),
        "isDefault": False,
    }
    check(amc.call("POST", "/connections", body, CONNECTIONS), 201, body)
    check(amc.call("POST", "/connections", {}, CONNECTIONS), 400, {})
    foreign = {"dspAdvertiserId": "1"}
    check(amc.call("POST", "/connections", foreign, CONNECTIONS), 403, foreign)
    check(amc.call("DELETE", "/connections?connectionId=other"), 404)
    check(amc.call("DELETE", f"/connections?connectionId={AMC}"), 204)
    check(amc.call("DELETE", "/connections"), 204)


def test_terms(amc: AudienceCaller) -> None:
    response = amc.call("GET", "/connections/terms")
    check(response, 200)
    token = response.get_json()["agreementToken"]
    for word, status in ((token, 204), ("other", 400)):
        body = {"agreementToken": word, "hasAccepted": True}
        response = amc.call("PATCH", "/connections/terms", body, CONNECTIONS)
        check(response, status, body)
    check(amc.call("PATCH", "/connections/terms", {}, CONNECTIONS), 400)


def test_errors_of_connections_and_terms(amc: AudienceCaller) -> None:
    body = {"agreementToken": "x", "hasAccepted": True}
    for code in (401, 403, 404, 429, 500):
        amc.emulation.state.faults.clear()
        amc.fault("status", code=code)
        check(amc.call("GET", "/connections"), code)
        check(amc.call("GET", "/connections/terms"), code)
        response = amc.call("PATCH", "/connections/terms", body, CONNECTIONS)
        check(response, code, body)


def test_audience_from_create_to_update(amc: AudienceCaller) -> None:
    fees = [{"currency": "USD", "cpmCents": 1}]
    cases: list[dict[str, object]] = [
        {"fees": fees, "ttl": 0},
        {"advertiser": ADVERTISER},
        {"countryCode": None},
    ]
    for number, changes in enumerate(cases):
        body = audience_body(external_id=str(number), **changes)
        response = amc.call("POST", "/metadata", body)
        check(response, 201, body)
        path = f"/metadata/{response.get_json()['audienceId']}"
        check(amc.call("GET", path), 200)
        update = {"description": "", "metadata": {"ttl": 5, "audienceFees": fees}}
        check(amc.call("PUT", path, update), 200, update)
        check(amc.call("PUT", path, {}), 200, {})


def test_errors_of_audiences(amc: AudienceCaller) -> None:
    body = audience_body()
    wrong = audience_body(name="short")
    check(amc.call("POST", "/metadata", wrong), 400)
    amc.emulation.state.change({"repeated_external_id": "refuse"})
    amc.new_audience()
    check(amc.call("POST", "/metadata", body), 400, body)
    check(amc.call("GET", "/metadata/1"), 404)
    check(amc.call("PUT", "/metadata/1", {}), 404, {})
    for code in (400, 429, 500):
        amc.emulation.state.faults.clear()
        amc.fault("status", code=code)
        check(amc.call("POST", "/metadata", body), code, body)
        check(amc.call("GET", "/metadata/1"), code)
        check(amc.call("PUT", "/metadata/1", {}), code, {})
        check(amc.upload(1, record()), code)
        check(amc.call("GET", "/records/1"), code)


def records_body(audience_id: int, *records: dict[str, Any]) -> dict[str, Any]:
    target = {"connectionId": AMC_AND_DSP, "targetTypes": ["DSP"]}
    return {
        "audienceId": audience_id,
        "targetResource": target,
        "records": list(records),
    }


def test_uploads_and_their_jobs(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience(connection=AMC_AND_DSP)
    fields = {name: digest(name) for name in contract.PII_FIELDS}
    full = record(
        hashedPII=[fields] * 2,
        measurements={},
        userConsent={
            "geo": {"countryCode": "GB", "ipAddress": "192.0.2.1"},
            "consent": {"amzn": {"amznUserData": "GRANTED"}, "tcf": "a", "gpp": "b"},
        },
    )
    body = records_body(audience_id, full, record("b", "DELETE"), record("c"))
    amc.fault("invalid_record", external_user_ids=["c"], times=1)
    amc.fault("status_word", times=1, operation="records", word="COMPLETED")
    amc.fault("job_failed", times=1, operation="records", reason="no")
    amc.fault("partially_succeeded", times=1, operation="records")
    amc.fault("never_ready", times=1, operation="records")
    amc.emulation.state.change({"job_ready_after_looks": 1})
    states = set()
    for _ in range(6):
        response = amc.call("POST", "/records", body)
        check(response, 202, body)
        for _ in range(2):
            response = amc.call("GET", f"/records/{answer_id(response)}")
            check(response, 200)
            states.add(response.get_json()["jobState"])

    assert states == {PENDING, SUCCEEDED, FAILED, PARTIALLY, "COMPLETED"}
    known = read_spec(SPECS / FAMILY)["components"]["schemas"]["jobState"]["enum"]
    assert states == set(known)


def answer_id(response: TestResponse) -> str:
    job_id: str = response.get_json()["jobRequestId"]
    return job_id


def test_errors_of_uploads(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    body = records_body(audience_id, record())
    check(amc.call("POST", "/records", body), 400, body)
    body["targetResource"] = {"connectionId": AMC, "targetTypes": ["DSP"]}
    check(amc.call("POST", "/records", body), 501, body)
    check(amc.upload(audience_id, record("bad id")), 400)
    amc.emulation.state.change({"records_per_hour": 1})
    check(amc.upload(audience_id, record("a"), record("b")), 429)
    check(amc.call("GET", "/records/other"), 404)


@pytest.mark.parametrize("status", sorted(UNLISTED))
def test_answers_the_file_does_not_list_have_the_same_body(
    amc: AudienceCaller, status: int
) -> None:
    audience_id = amc.new_audience()
    if status == 401:
        amc.emulation.tokens.revoke_all()
    elif status == 403:
        amc.emulation.state.change({"terms_accepted": False})
    elif status == 413:
        amc.emulation.state.change({"max_request_bytes": 1})
    media = CONNECTIONS if status == 415 else AUDIENCES
    headers = amc.headers(**({"Accept": "text/html"} if status == 406 else {}))
    body = {
        "audienceId": audience_id,
        "targetResource": {"connectionId": AMC},
        "records": [record()],
    }
    response = amc.api.post(
        "/amc/audiences/records",
        headers=headers,
        data=json.dumps(body),
        content_type=media,
    )

    assert (response.status_code, response.content_type) == (status, AUDIENCES)
    assert set(response.get_json()) == {"message"}
    with pytest.raises(OpenAPIError):
        check(response, status)


def test_codes_and_limits_are_those_of_the_file() -> None:
    schemas = read_spec(SPECS / FAMILY)["components"]["schemas"]
    create = schemas["CreateAudienceMetadataV2RequestContent"]["properties"]
    metadata = schemas["AudienceMetadata"]["properties"]
    pii_list = schemas["PayloadObj"]["properties"]["hashedPII"]
    manage = schemas["ManageAudienceV2RequestContent"]["properties"]["records"]
    listed = schemas["ManageAudienceStatusV2ResponseContent"]["properties"]
    connections = schemas["AmcpLinkGetConnectionsV2ResponseContent"]["properties"]

    def lengths(item: dict[str, Any], kind: str) -> tuple[int, int]:
        return item[f"min{kind}"], item[f"max{kind}"]

    # A later snapshot of the file has one more code, ZZ.
    assert set(schemas["CountryCode"]["enum"]) - {"ZZ"} == contract.COUNTRIES
    assert set(schemas["currency"]["enum"]) == contract.CURRENCIES
    assert set(schemas["action"]["enum"]) == contract.ACTIONS
    assert set(schemas["ConsentEnums"]["enum"]) == contract.CONSENT_VALUES
    assert set(schemas["HashedPIIObj"]["properties"]) == set(contract.PII_FIELDS)
    assert lengths(create["name"], "Length") == contract.NAME_LENGTH
    assert lengths(create["description"], "Length") == contract.DESCRIPTION_LENGTH
    assert lengths(metadata["audienceFees"], "Items") == contract.FEES
    ttl = metadata["ttl"]
    assert (ttl["minimum"], ttl["maximum"]) == contract.TTL_SECONDS
    assert lengths(pii_list, "Items") == contract.PII_OBJECTS
    assert lengths(manage, "Items") == contract.RECORDS
    assert listed["invalidRecords"]["maxItems"] == contract.MAX_INVALID_RECORDS
    assert connections["connections"]["maxItems"] == contract.MAX_CONNECTIONS


def test_every_operation_of_the_file_is_emulated(amc: AudienceCaller) -> None:
    known = {
        (route.method, route.path.split("<")[0])
        for service in amc.emulation.api.services
        for route in service.routes
    }
    for path, item in read_spec(SPECS / FAMILY)["paths"].items():
        for method in item:
            assert (method.upper(), path.split("{")[0]) in known
