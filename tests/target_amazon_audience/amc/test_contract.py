"""Every call and every answer, held against Amazon's own OpenAPI file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.audience.contract import contract, validate
from support.audience.emulator import ADVERTISER, METADATA, RECORDS, Exchange
from support.audience.runner import END, WAIT, Runner, person
from support.core.material import needs_audience_specs

ELSEWHERE = ("/auth/", "/amc/accounts", "/amc/instances")


MEDIA = (
    "application/vnd.amcaudiences.v1+json",
    "application/vnd.amcaudiencesconnections.v1+json",
    "application/vnd.amcinstances.v1+json",
)


def check(calls: list[Exchange]) -> int:
    checked = 0
    for call in calls:
        if call.path.startswith("/auth/"):
            continue
        name = "advertiser-audiences.openapi.json"
        if call.path.startswith(ELSEWHERE):
            name = "amc-administration.accounts-instances.openapi.json"
        validate(call, contract(name, MEDIA))
        checked += 1
    return checked


@needs_audience_specs
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target": "AMC_AND_DSP", "dsp_advertiser_id": ADVERTISER},
        {"target": "DSP", "dsp_advertiser_id": ADVERTISER},
        {"audience_fee": "EUR:25", "time_to_live": 604800},
        {"accept_amc_terms": True},
        {"normalisation": "both", "upload_mode": "MIRROR"},
    ],
)
def test_all_calls_are_as_amazon_describes_them(
    target: Runner, changes: dict[str, Any]
) -> None:
    target.client.change(terms_accepted="accept_amc_terms" not in changes)
    target.client.change(job_ready_after_looks=1)
    target.fault("invalid_record", external_user_ids=["user-2"], times=1)
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
    target.good(rows, **WAIT, **changes)
    again = {"audience_description": "Other", "audience_fee": "USD:1"}
    more = {**WAIT, **changes, "mirror_max_delete_percent": 100}
    target.good([person(2), END], **{**more, **again})
    audience_id = str(target.audience().audience_id)
    update = {"action": "UPDATE", "audience_id": audience_id, "upload_mode": "DELETE"}
    target.good([person(1)], **{**more, **update})
    calls = target.emulator.exchanges
    assert {call.method for call in calls if call.path.startswith(METADATA)} == {
        "POST",
        "GET",
        "PUT",
    }
    assert check(calls) == len([c for c in calls if not c.path.startswith("/auth/")])


@needs_audience_specs
def test_the_check_itself_sees_a_breach(target: Runner) -> None:
    target.run([person(1)])
    [call] = target.emulator.calls("POST", RECORDS)
    body = call.payload
    body["records"][0]["externalUserId"] = "not allowed"
    call.body = json.dumps(body).encode()
    with pytest.raises(Exception, match=r"not valid for schema|[Ii]nvalid"):
        check([call])


@pytest.mark.parametrize("key", ["message", "Message", "details", "errorMessage"])
def test_amazons_words_whichever_way_they_are_spelt(target: Runner, key: str) -> None:
    target.fault("status", code=403, body={key: "No, \n since"})
    ran = target.run([person(1)])
    assert "HTTP 403: No, since." in str(ran.error)
