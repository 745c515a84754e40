"""Every call and every answer, held against Amazon's own OpenAPI file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from support.audience_amazon import FIRST_ID, METADATA, RECORDS, Exchange, Fault
from support.audience_runs import Bench, person
from support.audience_specs import SPECS, needs_specs

HOST = "https://amazon.example"
ELSEWHERE = ("/auth/", "/amc/accounts", "/amc/instances")


@cache
def contract(name: str) -> OpenAPI:
    spec = json.loads((SPECS / name).read_text(encoding="utf-8"))
    spec["servers"] = [{"url": HOST}]
    media = [
        "application/vnd.amcaudiences.v1+json",
        "application/vnd.amcaudiencesconnections.v1+json",
        "application/vnd.amcinstances.v1+json",
    ]
    readers: dict[str, Callable[[bytes], Any]] = dict.fromkeys(media, json.loads)
    return OpenAPI.from_dict(
        spec, config=Config(extra_media_type_deserializers=readers)
    )


def check(calls: list[Exchange]) -> int:
    checked = 0
    for call in calls:
        if call.path.startswith("/auth/"):
            continue
        name = "advertiser-audiences.openapi.json"
        if call.path.startswith(ELSEWHERE):
            name = "amc-administration.accounts-instances.openapi.json"
        request = MockRequest(
            HOST,
            call.method.lower(),
            call.path,
            args=call.query,
            headers=call.headers,
            data=call.body or None,
            content_type=call.headers.get("Content-Type", ""),
        )
        spec = contract(name)
        spec.validate_request(request)
        answer = MockResponse(
            call.answer, status_code=call.status, content_type=call.media
        )
        spec.validate_response(request, answer)
        checked += 1
    return checked


WAIT: dict[str, Any] = {"wait_until_finish": True, "max_wait_time": 60}


@needs_specs
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target": "AMC_AND_DSP", "dsp_advertiser_id": "5000"},
        {"target": "DSP", "dsp_advertiser_id": "590000000000000123"},
        {"audience_fee": "EUR:25", "time_to_live": 604800},
        {"accept_amc_terms": True},
        {"normalisation": "both", "upload_mode": "MIRROR"},
    ],
)
def test_all_calls_are_as_amazon_describes_them(
    bench: Bench, changes: dict[str, Any]
) -> None:
    bench.amazon.has_accepted = "accept_amc_terms" not in changes
    bench.amazon.looks = 1
    bench.amazon.invalid = {"user-2": "bad"}
    full = {
        "phone": "2065550100",
        "firstname": "Ann",
        "lastname": "Lee",
        "address": "1 Main St",
        "city": "Seattle",
        "state": "WA",
        "postal": "98109",
    }
    consent = {
        "amznuserdata": "GRANTED",
        "amznadstorage": "GRANTED",
        "tcf": "CPXX",
        "gpp": "DBAA",
        "ipaddress": "192.0.2.1",
        "consentcountrycode": "GB",
    }
    rows = [person(1, **full), person(2, **consent), person("a_b")]
    assert bench.run(rows, **WAIT, **changes).error is None
    again = {"audience_description": "Other", "audience_fee": "USD:1"}
    assert (
        bench.run(
            [person(2)], **WAIT, **{**changes, **again}, mirror_max_delete_percent=100
        ).error
        is None
    )
    update = {"action": "UPDATE", "audience_id": str(FIRST_ID), "upload_mode": "DELETE"}
    assert bench.run([person(1)], **WAIT, **{**changes, **update}).error is None
    calls = bench.amazon.exchanges
    assert {call.method for call in calls if call.path.startswith(METADATA)} == {
        "POST",
        "GET",
        "PUT",
    }
    assert check(calls) == len([c for c in calls if not c.path.startswith("/auth/")])


@needs_specs
def test_the_check_itself_sees_a_breach(bench: Bench) -> None:
    bench.run([person(1)])
    [call] = bench.amazon.calls("POST", RECORDS)
    body = json.loads(call.body)
    body["records"][0]["externalUserId"] = "not allowed"
    call.body = json.dumps(body).encode()
    with pytest.raises(Exception, match=r"not valid for schema|[Ii]nvalid"):
        check([call])


@pytest.mark.parametrize("key", ["message", "Message", "details", "errorMessage"])
def test_amazons_words_whichever_way_they_are_spelt(bench: Bench, key: str) -> None:
    bench.amazon.faults = [Fault("POST", RECORDS, 403, body={key: "No, \n since"})]
    ran = bench.run([person(1)])
    assert "HTTP 403: No, since." in str(ran.error)
