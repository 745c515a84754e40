"""Ads Data Manager against Amazon's own OpenAPI file, where a copy is at hand."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from amazon_emulator.audiences.uploads.members import pack
from amazon_emulator.data_manager import contract
from support.audience.data_manager import (
    DELETION,
    MANAGER,
    MEMBERS,
    METRICS,
    DataManagerCaller,
    amc_rule_body,
    dataset_body,
    member,
    rule_body,
)
from support.audience.emulation import digest
from support.core.material import amazons
from support.core.openapi import check_exchange, read_spec

SPECS, pytestmark = amazons("amazon-audiences")
FILE = "ads-data-manager.openapi.json"
_MEDIA = (MEMBERS, METRICS, DELETION, MEMBERS.lower(), DELETION.lower())


def check(response: TestResponse, status: int, sent: object = None) -> None:
    """Validate one exchange; `sent` None: no body, or one that is wrong on purpose."""
    assert response.status_code == status, response.data
    has_body = bool(response.request.content_length)
    check_exchange(
        SPECS / FILE,
        _MEDIA,
        response,
        sent=sent,
        wrong_request=sent is None and has_body,
        answer=response.mimetype and _as_in_the_file(response.mimetype),
    )


def _as_in_the_file(kind: str) -> str:
    """Return a media type in the capitals of the file, which MIME does not need."""
    return next((x for x in (MEMBERS, DELETION) if x.lower() == kind), kind)


def test_terms_and_data_room(fresh: DataManagerCaller) -> None:
    fresh.emulation.state.change({"adm_may_accept_terms": True})
    terms = fresh.call("GET", "/terms")
    check(terms, 200)
    check(fresh.call("GET", "/datarooms"), 403)
    body = {"agreementToken": "other", "hasAccepted": True}
    check(fresh.call("PATCH", "/terms", body), 400, body)
    check(fresh.call("PATCH", "/terms", {"hasAccepted": True}), 400)
    body["agreementToken"] = terms.get_json()["agreementToken"]
    check(fresh.call("PATCH", "/terms", body), 204, body)
    check(fresh.call("GET", "/datarooms"), 404)
    check(fresh.call("POST", "/datarooms"), 201)
    check(fresh.call("POST", "/datarooms"), 201)
    check(fresh.call("GET", "/datarooms"), 200)
    check(fresh.call("GET", "/datarooms/metadata"), 200)


@pytest.mark.parametrize("new_fields", [False, True])
def test_datasets(adm: DataManagerCaller, *, new_fields: bool) -> None:
    adm.emulation.state.change({"adm_unknown_fields": new_fields, "adm_page_size": 1})
    body = dataset_body(description="Members", idRetention=True)
    created = adm.call("POST", "/audiences", body)
    check(created, 201, body)
    check(adm.call("POST", "/audiences", body), 400, body)
    check(adm.call("POST", "/audiences", {"name": "x", "countryCode": "US"}), 400)
    path = f"/audiences/{created.get_json()['dataSetId']}"
    check(adm.call("GET", path), 200)
    check(adm.call("GET", "/audiences/other"), 404)
    adm.new_dataset("second", countryCode="ZZ")
    listed = adm.call("GET", "/audiences?limit=5")
    check(listed, 200)
    token = listed.get_json()["nextToken"]
    check(adm.call("GET", f"/audiences?nextToken={token}"), 200)
    check(adm.call("GET", f"/audiences?nextToken={token}"), 400)
    check(adm.call("POST", "/datasets/list?maxResults=1&search=x&order=a"), 200)
    body = {"datasetIds": [created.get_json()["dataSetId"]]}
    check(adm.call("POST", "/datasets/list", body, METRICS), 200, body)
    check(adm.call("POST", "/datasets/list?maxResults=0", body, METRICS), 400)
    role = {"roles": ["MasterAccount_Manager"]}
    adm.emulation.data_manager.accounts.set(MANAGER, role)
    check(adm.call("DELETE", path.replace("audiences", "datasets")), 204)


@pytest.mark.parametrize("new_fields", [False, True])
def test_members_and_their_errors(adm: DataManagerCaller, *, new_fields: bool) -> None:
    adm.emulation.state.change({"adm_unknown_fields": new_fields})
    dataset_id = adm.new_dataset()
    hashed = {name: digest(name) for name in contract.HASHED_FIELDS}
    external = dict.fromkeys(contract.EXTERNAL_FIELDS, "id")
    full = member(
        userIdentity={"hashedPiis": [hashed] * 2, "externalIdentities": [external]},
        geo={"countryCode": "GB", "ipAddress": "192.0.2.1"},
        consent={"amzn": {"amznUserData": "UNKNOWN"}, "tcf": "a", "gpp": "b"},
    )
    rows = [full, member("b", "DELETE"), member("c", userConsent=None)]
    for decimal in (False, True):
        adm.emulation.state.change(
            {"adm_decimal_index": decimal, "adm_omit_ingress_id": decimal}
        )
        response = adm.upload(dataset_id, *rows)
        check(response, 200, {"members": rows})
        assert response.get_json()["errors"][0]["index"] == 2
        assert ("ingressId" in response.get_json()) is not decimal
    check(adm.upload(dataset_id, full), 200, {"members": [full]})
    check(adm.upload(dataset_id), 400)
    check(adm.upload("other", full), 404, {"members": [full]})


def test_metrics(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    adm.send(dataset_id, member())
    check(adm.call("GET", f"/datasets/{dataset_id}/metrics"), 200)
    path = f"/datasets/{dataset_id}/metrics/aggregates"
    check(adm.call("POST", path), 200)
    for body in (
        {"metrics": ["RECEIVED", "CONSENTED"]},
        {"startDate": "2026-11-01T00:00:00Z", "endDate": "2026-12-01T00:00:00Z"},
    ):
        check(adm.call("POST", path, body, METRICS), 200, body)
    check(adm.call("POST", path, {"metrics": ["SOLD"]}, METRICS), 400)


def test_identities(adm: DataManagerCaller) -> None:
    identity = {"hashedPiis": [{"em": digest("a")}]}
    body = {"targetIdentities": [{"externalUserId": "a"}, {"identity": identity}]}
    response = adm.call("POST", "/identities/delete", body, DELETION)
    assert (response.status_code, response.data) == (200, b"")
    check(response, 200, body)
    wrong: dict[str, object] = {"targetIdentities": []}
    check(adm.call("POST", "/identities/delete", wrong, DELETION), 400)


@pytest.mark.parametrize("new_fields", [False, True])
def test_sharing_rules(adm: DataManagerCaller, *, new_fields: bool) -> None:
    adm.emulation.state.change({"adm_unknown_fields": new_fields, "adm_page_size": 1})
    dataset_id = adm.new_dataset()
    for body in (rule_body(dataset_id, accountEntityId="E"), amc_rule_body(dataset_id)):
        check(adm.call("POST", "/sharingRules", body), 200, body)
    check(adm.share(dataset_id, metadata={}), 400)
    unlinked = rule_body(dataset_id, destinationAccountId="ENTITYOTHER")
    check(adm.call("POST", "/sharingRules", unlinked), 403, unlinked)
    unknown = rule_body("other")
    check(adm.call("POST", "/sharingRules", unknown), 404, unknown)
    listed = adm.call("POST", "/sharingRules/list", {})
    check(listed, 200, {})
    body = {
        "nextToken": listed.get_json()["nextToken"],
        "statuses": ["ACTIVE"],
        "datasetIds": [dataset_id],
        "maxResults": 100,
        "activatedAfter": "2026-11-01T00:00:00Z",
        "application": "AMAZON_MARKETING_CLOUD",
    }
    check(adm.call("POST", "/sharingRules/list", body), 200, body)
    check(adm.call("POST", "/sharingRules/list", {"statuses": ["GONE"]}), 400)
    rule_id = listed.get_json()["sharingRules"][0]["sharingRuleId"]
    check(adm.call("PATCH", f"/sharingRules/{rule_id}/revoke"), 204)
    check(adm.call("PATCH", "/sharingRules/other/revoke"), 404)
    check(adm.call("POST", "/sharingRules/list"), 200)


CALLS: list[tuple[str, str, Any, str]] = [
    ("GET", "/terms", None, ""),
    ("GET", "/datarooms", None, ""),
    ("GET", "/datarooms/metadata", None, ""),
    ("GET", "/audiences", None, ""),
    ("POST", "/audiences", dataset_body(), "application/json"),
    ("GET", "/audiences/x", None, ""),
    ("POST", "/audiences/x/members", {"members": [member()]}, MEMBERS),
    ("POST", "/datasets/list", None, ""),
    ("GET", "/datasets/x/metrics", None, ""),
    ("POST", "/sharingRules", rule_body("x"), "application/json"),
    ("POST", "/sharingRules/list", None, ""),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
def test_errors_have_the_body_of_the_file(
    adm: DataManagerCaller, call: tuple[str, str, Any, str]
) -> None:
    method, path, body, media = call
    paths = read_spec(SPECS / FILE)["paths"]
    listed = paths[f"/adm{path.replace('/x', '/{dataSetId}')}"][method.lower()]
    for code in sorted(
        {400, 401, 403, 404, 429, 500} & set(map(int, listed["responses"]))
    ):
        adm.emulation.state.faults.clear()
        adm.fault("status", code=code)
        check(adm.call(method, path, body, media), code, body)


def test_every_operation_of_the_file_is_emulated(adm: DataManagerCaller) -> None:
    known = {
        (route.method, "/".join(x for x in route.path.split("/") if "<" not in x))
        for service in adm.emulation.api.services
        for route in service.routes
    }
    for path, item in read_spec(SPECS / FILE)["paths"].items():
        fixed = "/".join(x for x in path.split("/") if "{" not in x)
        for method in item:
            assert (method.upper(), fixed) in known


def test_codes_limits_and_roles_are_those_of_the_file() -> None:
    spec = read_spec(SPECS / FILE)
    schemas = spec["components"]["schemas"]

    def enum(name: str) -> set[str]:
        return set(schemas[name]["enum"])

    assert enum("CountryCode") == contract.COUNTRIES
    assert enum("ConsentEnums") == contract.CONSENT_VALUES
    assert enum("ApplicationId") == set(contract.APPLICATIONS)
    assert enum("SharingRuleStatus") == set(contract.STATUSES)
    assert enum("DatasetMetric") == set(contract.METRICS)
    assert set(schemas["HashedPii"]["properties"]) == set(contract.HASHED_FIELDS)
    assert set(schemas["ExternalIdentity"]["properties"]) == {*contract.EXTERNAL_FIELDS}
    assert enum("AwsRegion") == set(contract.AWS_REGIONS.values())
    members = schemas["IngestAudiencesRequestContent"]["properties"]["members"]
    assert (members["minItems"], members["maxItems"]) == contract.MEMBERS
    assert all(
        item["maxItems"] == contract.IDENTITIES
        for item in schemas["Identity"]["properties"].values()
    )
    name = schemas["AudienceMetadata"]["properties"]["audienceName"]
    assert (name["minLength"], name["maxLength"]) == contract.AUDIENCE_NAME_LENGTH
    assert {len(pack({x: digest(x)})) for x in contract.HASHED_FIELDS.values()} == {33}


def test_roles_are_those_of_the_file(adm: DataManagerCaller) -> None:
    spec = read_spec(SPECS / FILE)["paths"]
    routes = {
        (route.method, "/".join(x for x in route.path.split("/") if "<" not in x)): (
            route.operation
        )
        for service in adm.emulation.data_manager.services
        for route in service.routes
    }
    for path, item in spec.items():
        fixed = "/".join(x for x in path.split("/") if "{" not in x)
        for method, operation in item.items():
            roles = contract.ROLES[routes[(method.upper(), fixed)]]
            text = operation["description"]
            lists = [part.split("]")[0] for part in text.split("[")[1:]]
            found = {frozenset(x.replace('"', "").split(",")) for x in lists}
            assert found == {frozenset(roles.manager), frozenset(roles.advertiser)}
