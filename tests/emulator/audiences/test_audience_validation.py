from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from support.audience.emulation import (
    ADVERTISER,
    AMC,
    AMC_AND_DSP,
    AUDIENCES,
    CONNECTIONS,
    AudienceCaller,
    audience_body,
    record,
)
from support.core.cases import rows

USD = {"currency": "USD", "cpmCents": 1}


def show(amc: AudienceCaller, audience_id: int) -> dict[str, Any]:
    response = amc.call("GET", f"/metadata/{audience_id}")
    assert (response.status_code, response.content_type) == (200, AUDIENCES)
    shown: dict[str, Any] = response.get_json()
    return shown


def put(amc: AudienceCaller, audience_id: int, body: object) -> TestResponse:
    return amc.call("PUT", f"/metadata/{audience_id}", body)


def test_created_audience_is_shown(amc: AudienceCaller) -> None:
    response = amc.create_audience(ttl=604800, fees=[USD])

    audience_id = response.get_json()["audienceId"]
    assert response.status_code == 201
    assert response.get_json()["externalAudienceId"] == "loyalty-us"
    assert show(amc, audience_id) == {
        "audienceId": audience_id,
        "name": "loyalty_members_us",
        "description": "Loyalty members",
        "countryCode": "US",
        "metadata": {
            "externalAudienceId": "loyalty-us",
            "ttl": 604800,
            "audienceFees": [USD],
            "audienceSize": {"receivedRecordSize": 0, "idResolutionCount": 0},
        },
    }


def test_ids_are_json_integers_that_no_double_can_hold(amc: AudienceCaller) -> None:
    for number in range(20):
        text = amc.create_audience(external_id=str(number)).get_data(as_text=True)
        audience_id = json.loads(text)["audienceId"]
        assert f'"audienceId": {audience_id},' in text
        assert int(float(audience_id)) != audience_id


def test_defaults(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience(countryCode=None)

    shown = show(amc, audience_id)
    assert shown["metadata"]["ttl"] == 34300800
    assert "countryCode" not in shown
    assert "audienceFees" not in shown["metadata"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "x" * 10},
        {"name": "x" * 128},
        {"description": ""},
        {"description": "x" * 1000},
        {"ttl": 0},
        {"ttl": 34300800},
        {"fees": [USD, {"currency": "JPY", "cpmCents": 100.5}]},
        {"countryCode": "UNKNOWN"},
        {"countryCode": "XK"},
        {"advertiser": ADVERTISER},
        {"connection": AMC_AND_DSP},
    ],
)
def test_what_the_contract_allows_is_taken(
    amc: AudienceCaller, changes: dict[str, object]
) -> None:
    assert amc.create_audience(**changes).status_code == 201


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        *rows(__file__, "wrong_audiences"),
        ({"description": "x" * 1001}, "description must be"),
        ({"fees": [USD] * 14}, "metadata.audienceFees must be"),
    ],
)
def test_wrong_audience_is_refused_with_a_reason(
    amc: AudienceCaller, changes: dict[str, object], text: str
) -> None:
    response = amc.create_audience(**changes)

    assert (response.status_code, response.content_type) == (400, AUDIENCES)
    assert text in response.get_json()["message"]
    assert amc.emulation.audiences.audiences() == []
    refusals = amc.statistics()["audience_refusals"]
    assert [(item["operation"], item["status"]) for item in refusals] == [
        ("create_audience", 400)
    ]


def test_quoted_id_is_refused_as_was_seen(amc: AudienceCaller) -> None:
    response = amc.create_audience(advertiser=str(ADVERTISER))

    assert response.status_code == 400
    assert response.get_json() == {
        "Message": "STRING_VALUE can not be converted to a Long"
    }
    assert amc.call("GET", "/metadata/abc").status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_body_that_is_no_object(amc: AudienceCaller, body: bytes) -> None:
    assert amc.call("POST", "/metadata", body).status_code == 400


def test_media_types(amc: AudienceCaller) -> None:
    body = audience_body()
    for media in (CONNECTIONS, "application/json", "text/plain"):
        assert amc.call("POST", "/metadata", body, media).status_code == 415
    parameters = f"{AUDIENCES}; charset=utf-8"
    assert amc.call("POST", "/metadata", body, parameters).status_code == 201


def test_message_can_be_capital(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"capital_message": True})

    assert set(amc.create_audience(name="short").get_json()) == {"Message"}


@pytest.mark.parametrize(
    ("mode", "status", "is_same"),
    [("same", 201, True), ("new", 201, False), ("refuse", 400, False)],
)
def test_repeated_external_id_has_three_answers(
    amc: AudienceCaller, mode: str, status: int, is_same: bool
) -> None:
    amc.emulation.state.change({"repeated_external_id": mode})
    first = amc.new_audience()

    response = amc.create_audience()

    assert response.status_code == status
    assert (response.get_json().get("audienceId") == first) is is_same
    made = {"same": 1, "new": 2, "refuse": 1}
    assert len(amc.emulation.audiences.audiences()) == made[mode]
    other_target = amc.create_audience(advertiser=ADVERTISER)
    assert other_target.status_code == 201
    assert other_target.get_json()["audienceId"] != first


def test_update_changes_only_what_it_may(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience(ttl=604800, fees=[USD])

    body = {"description": "New", "metadata": {"ttl": 5, "audienceFees": [USD, USD]}}
    response = put(amc, audience_id, body)

    assert response.status_code == 200
    assert response.get_json() == {
        "audienceId": audience_id,
        "name": "loyalty_members_us",
        "description": "New",
        "metadata": {
            "externalAudienceId": "loyalty-us",
            "ttl": 5,
            "audienceFees": [USD, USD],
        },
    }
    assert show(amc, audience_id)["metadata"]["ttl"] == 5


@pytest.mark.parametrize("mode", ["keep", "clear"])
def test_what_an_update_leaves_out_is_kept_or_cleared(
    amc: AudienceCaller, mode: str
) -> None:
    amc.emulation.state.change({"update_omitted": mode})
    audience_id = amc.new_audience(ttl=604800, fees=[USD])

    shown = put(amc, audience_id, {"metadata": {"audienceFees": [USD]}}).get_json()
    emptied = put(amc, audience_id, {}).get_json()

    kept = mode == "keep"
    assert shown["description"] == ("Loyalty members" if kept else "")
    assert shown["metadata"]["ttl"] == (604800 if kept else 34300800)
    assert emptied["metadata"].get("audienceFees") == ([USD] if kept else None)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "another_name"},
        {"countryCode": "DE"},
        {"metadata": {"externalAudienceId": "other"}},
        {"metadata": {"ttl": 34300801}},
        {"metadata": {"ttl": None}},
        {"description": None},
        {"metadata": []},
    ],
)
def test_wrong_update_changes_nothing(amc: AudienceCaller, body: object) -> None:
    audience_id = amc.new_audience()
    before = show(amc, audience_id)

    assert put(amc, audience_id, body).status_code == 400
    assert show(amc, audience_id) == before


def test_unknown_audience(amc: AudienceCaller) -> None:
    assert amc.call("GET", "/metadata/1").get_json() == {
        "message": "audienceId not found"
    }
    assert put(amc, 413642381039213537, {}).status_code == 404


def test_dsp_audience_is_known_on_the_host_of_its_advertiser_only(
    amc: AudienceCaller,
) -> None:
    dsp = amc.new_audience(advertiser=ADVERTISER)
    both = amc.new_audience(connection=AMC_AND_DSP)
    alone = amc.new_audience(connection=AMC)
    assert show(amc, dsp)["advertiserId"] == ADVERTISER
    amc.upload(dsp, record(), connection=None)
    assert show(amc, dsp)["metadata"]["audienceSize"]["dspAudienceSize"] == 1

    amc.emulation.state.change({"region": "EU"})

    for audience_id, status in ((dsp, 404), (both, 404), (alone, 200)):
        assert amc.call("GET", f"/metadata/{audience_id}").status_code == status


def test_calls_need_a_token(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    amc.emulation.tokens.revoke_all()

    for response in (
        amc.call("GET", f"/metadata/{audience_id}"),
        amc.create_audience(),
        put(amc, audience_id, {}),
        amc.upload(audience_id, record()),
        amc.call("GET", "/records/x"),
        amc.call("GET", "/connections"),
        amc.call("GET", "/connections/terms"),
    ):
        assert response.status_code == 401
        assert response.get_json()["message"]
    amc.sign_in()
    assert amc.upload(audience_id, record()).status_code == 202
