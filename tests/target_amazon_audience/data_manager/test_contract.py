"""Every call and every answer, held against Amazon's own file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from support.audience.dataset_runner import DSP, MANAGER, DatasetRunner
from support.audience.emulator import URL, Exchange
from support.audience.runner import END, WAIT, person
from support.core.material import AUDIENCE_SPECS, needs_audience_specs

MEDIA = ["application/vnd.admaudiences.v1+json", "application/vnd.admmetrics.v1+json"]
"""In small letters, as openapi-core compares them."""


@cache
def contract() -> OpenAPI:
    path = AUDIENCE_SPECS / "ads-data-manager.openapi.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    spec["servers"] = [{"url": URL}]
    readers: dict[str, Callable[[bytes], Any]] = dict.fromkeys(MEDIA, json.loads)
    return OpenAPI.from_dict(
        spec, config=Config(extra_media_type_deserializers=readers)
    )


def check(calls: list[Exchange]) -> set[str]:
    """Validate calls and answers; return which operations they were of."""
    checked = set()
    for call in calls:
        if not call.path.startswith("/adm/"):
            continue
        request = MockRequest(
            URL,
            call.method.lower(),
            call.path,
            args=call.query,
            headers=call.headers,
            data=call.body or None,
            content_type=call.headers.get("Content-Type", ""),
        )
        contract().validate_request(request)
        answer = MockResponse(
            call.answer, status_code=call.status, content_type=call.media
        )
        if call.status not in {0, 204}:
            contract().validate_response(request, answer)
        checked.add(f"{call.method} {call.path.split('/')[2]}")
    return checked


@needs_audience_specs
def test_all_calls_are_as_amazon_describes_them(target: DatasetRunner) -> None:
    target.client.set_adm_account(MANAGER, terms_accepted=False, dataroom=False)
    target.client.change(adm_may_accept_terms=True)
    target.fault("invalid_record", external_user_ids=["user-2"], times=1)
    target.fault("lost_answer", "adm_create_dataset", times=1)
    asked: dict[str, Any] = {
        **DSP,
        "target": "AMC_AND_DSP",
        "accept_adm_terms": True,
        "create_data_room": True,
        "id_retention": True,
        "audience_description": "Loyal ones",
        "dsp_entity_id": "ENTITY5",
    }
    full = {
        "phone": "2065550100",
        "firstname": "Ann",
        "lastname": "Lee",
        "address": "1 Main St",
        "city": "Seattle",
        "state": "WA",
        "postal": "98109",
    }
    consent = {"tcf": "CPXX", "gpp": "DBAA", "ipaddress": "192.0.2.1"}
    rows = [person(1, **full), person(2), person(3, **consent), person("a_b")]
    target.good(rows, **asked, **WAIT)
    target.mirror(person(2), END, **asked)
    target.good([person(2)], upload_mode="DELETE", **asked)
    assert check(target.emulator.exchanges) == {
        "GET terms",
        "PATCH terms",
        "GET datarooms",
        "POST datarooms",
        "GET audiences",
        "POST audiences",
        "POST sharingRules",
        "GET datasets",
    }


@needs_audience_specs
def test_the_check_itself_sees_a_breach(target: DatasetRunner) -> None:
    target.sent(1)
    [call] = [c for c in target.emulator.exchanges if c.path.endswith("/members")]
    body = call.payload
    body["members"][0]["action"] = "UPSERT"
    call.body = json.dumps(body).encode()
    with pytest.raises(Exception, match=r"not valid for schema|[Ii]nvalid"):
        check([call])
