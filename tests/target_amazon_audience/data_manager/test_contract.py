"""Every call and every answer, held against Amazon's own file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.audience.contract import contract, validate
from support.audience.dataset_runner import DSP, FULL, MANAGER, DatasetRunner
from support.audience.emulator import Exchange
from support.audience.runner import END, WAIT, person
from support.core.material import needs_audience_specs

FILE = "ads-data-manager.openapi.json"
MEDIA = ("application/vnd.admaudiences.v1+json", "application/vnd.admmetrics.v1+json")


def check(calls: list[Exchange]) -> set[str]:
    """Validate calls and answers; return which operations they were of."""
    found = [call for call in calls if call.path.startswith("/adm/")]
    for call in found:
        validate(call, contract(FILE, MEDIA))
    return {f"{call.method} {call.path.split('/')[2]}" for call in found}


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
    consent = {"tcf": "CPXX", "gpp": "DBAA", "ipaddress": "192.0.2.1"}
    rows = [person(1, **FULL), person(2), person(3, **consent), person("a_b")]
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
