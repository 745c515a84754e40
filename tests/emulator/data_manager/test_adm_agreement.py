"""Every body that can be made wrong in one place: judged as Amazon's file judges it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator

from support.audience.data_manager import (
    DELETION,
    JSON,
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
from support.core.openapi import read_spec

SPECS, pytestmark = amazons("amazon-audiences")
FILE = "ads-data-manager.openapi.json"
DATASET = "dzm6ypjd-5IPIF2KCIUOE"
"""The id of the first dataset: it follows from the seed."""
IDENTITY = {"hashedPiis": [{"em": digest("a")}], "externalIdentities": [{"maId": "m"}]}
FULL = member(
    userIdentity=IDENTITY,
    geo={"countryCode": "GB", "ipAddress": "192.0.2.1"},
    consent={"amzn": {"amznUserData": "GRANTED"}, "tcf": "CPx", "gpp": "DBA"},
)
FILTERS = {
    "activatedAfter": "2026-11-01T00:00:00Z",
    "application": "DSP_AUDIENCES",
    "datasetIds": [DATASET],
    "destinationAccountId": "ENTITY1",
    "maxResults": 5,
    "statuses": ["ACTIVE"],
}
AGGREGATES = {"startDate": "2026-11-01T00:00:00Z", "metrics": ["RECEIVED"]}
BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "IngestAudiencesRequestContent": (
        f"/audiences/{DATASET}/members",
        MEMBERS,
        {"members": [FULL]},
    ),
    "AdsCdxSolCreateAudienceRequestContent": (
        "/audiences",
        JSON,
        dataset_body(name="another_one", description="Members", idRetention=True),
    ),
    "CreateSharingRuleRequestContent": (
        "/sharingRules",
        JSON,
        rule_body(DATASET, accountEntityId="ENTITY2"),
    ),
    "ListSharingRulesRequestContent": ("/sharingRules/list", JSON, FILTERS),
    "ListDatasetDetailsRequestContent": (
        "/datasets/list",
        METRICS,
        {"datasetIds": [DATASET]},
    ),
    "GetDatasetAggregatesRequestContent": (
        f"/datasets/{DATASET}/metrics/aggregates",
        METRICS,
        AGGREGATES,
    ),
    "DeleteIdentityRequestContent": (
        "/identities/delete",
        DELETION,
        {"targetIdentities": [{"externalUserId": "a"}, {"identity": IDENTITY}]},
    ),
}
OTHERS: tuple[Any, ...] = (None, True, 5, 5.5, "x", [], {}, "x" * 1001)
STRICTER = (
    # empty, unknown or unlinked; a rule for DSP has the metadata of DSP
    *("dataSetId", "destinationAccountId", "marketplaceId", "metadata"),
    *("accountEntityId", "externalUserId", "application"),
    # values that the file takes for any text
    *("em", "maId", "userIdentity", "hashedPiis", "externalIdentities"),
    *("audienceName", "identity", "targetIdentities"),
    *("activatedAfter", "startDate", "maxResults"),
)
"""Keys whose values may be refused although the file allows them."""


def checker(name: str) -> OAS30Validator:
    """Return the file's schema of a body, with unknown keys refused."""
    components = deepcopy(read_spec(SPECS / FILE)["components"])
    for schema in components["schemas"].values():
        close(schema)
    reference = {"$ref": f"#/components/schemas/{name}", "components": components}
    return OAS30Validator(reference)


def close(schema: Any) -> None:
    if isinstance(schema, list):
        for item in schema:
            close(item)
    elif isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for item in schema.values():
            close(item)


def places(body: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value inside a body."""
    items: Any = ()
    if isinstance(body, dict):
        items = body.items()
    elif isinstance(body, list):
        items = enumerate(body)
    for key, value in items:
        yield (*way, key)
        yield from places(value, (*way, key))


def changed(body: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield where a body was changed, and the body: once for each change."""
    for way in places(body):
        for value in (*OTHERS, ...):
            copy: Any = deepcopy(body)
            inner = copy
            for key in way[:-1]:
                inner = inner[key]
            if value is not ...:
                inner[way[-1]] = value
            elif isinstance(inner, dict):
                inner[f"{way[-1]}More"] = inner[way[-1]]
            else:
                del inner[way[-1]]
            yield way, copy


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_refused_when_the_file_refuses_it(
    adm: DataManagerCaller, name: str
) -> None:
    path, media, body = BODIES[name]
    schema = checker(name)
    assert adm.new_dataset() == DATASET
    assert not list(schema.iter_errors(body))
    assert adm.call("POST", path, body, media).status_code in (200, 201)
    refused = 0
    for way, wrong in changed(body):
        answer = adm.call("POST", path, wrong, media)
        is_refused = answer.status_code != 200 and "datasetId" not in answer.get_json()
        is_wrong = next(schema.iter_errors(wrong), None) is not None
        is_stricter = is_refused and not set(STRICTER).isdisjoint(way)
        assert is_refused is is_wrong or is_stricter, (way, json.dumps(wrong)[:2000])
        refused += is_wrong
    assert refused > 10


def test_the_rule_of_amc_is_allowed_by_the_file() -> None:
    schema = checker("CreateSharingRuleRequestContent")

    assert not list(schema.iter_errors(amc_rule_body(DATASET)))
