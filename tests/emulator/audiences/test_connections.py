from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from support.ads.emulation import ADVERTISERS, AGENCY
from support.audience.emulation import (
    ACCOUNT,
    ADVERTISER,
    AMC,
    AMC_AND_DSP,
    AUDIENCES,
    CONNECTIONS,
    INSTANCE,
    MARKETPLACE,
    NO_TERMS,
    AudienceCaller,
    record,
)

AMC_BODY = {
    "amcAccountId": ACCOUNT,
    "amcAccountMarketplaceId": MARKETPLACE,
    "amcInstanceId": "amclight02",
}


def listed(amc: AudienceCaller, query: str = "") -> list[dict[str, Any]]:
    response = amc.call("GET", f"/connections{query}")
    assert response.content_type == CONNECTIONS
    found: list[dict[str, Any]] = response.get_json()["connections"]
    return found


def add(amc: AudienceCaller, **body: object) -> TestResponse:
    return amc.call("POST", "/connections", body, CONNECTIONS)


def accept_terms(amc: AudienceCaller, **changes: object) -> TestResponse:
    token = amc.call("GET", "/connections/terms").get_json()["agreementToken"]
    body = {"agreementToken": token, "hasAccepted": True, **changes}
    return amc.call("PATCH", "/connections/terms", body, CONNECTIONS)


def test_there_is_at_first_one_connection_with_and_one_without_dsp(
    amc: AudienceCaller,
) -> None:
    found = {item["connectionId"]: item for item in listed(amc)}

    assert set(found) == {AMC, AMC_AND_DSP, NO_TERMS}
    assert "dspAdvertiserId" not in found[AMC]
    assert found[AMC_AND_DSP]["dspAdvertiserId"] == str(ADVERTISER)
    assert {found[key]["amcInstanceId"] for key in (AMC, AMC_AND_DSP)} == {INSTANCE}
    assert [key for key, item in found.items() if item["isDefault"]] == [AMC]


def test_connections_with_dsp_are_on_the_host_of_their_advertiser() -> None:
    regions = {}
    for region in ("NA", "EU", "FE"):
        amc = AudienceCaller(region=region)
        amc.sign_in()
        shown = [item.get("dspAdvertiserRegion") for item in listed(amc)]
        regions[region] = {name for name in shown if name}

    assert regions == {"NA": {"NA"}, "EU": {"EU"}, "FE": {"FE"}}


def test_one_connection_can_be_asked_for(amc: AudienceCaller) -> None:
    assert [x["connectionId"] for x in listed(amc, "?isDefault=true")] == [AMC]
    assert [x["connectionId"] for x in listed(amc, f"?connectionId={NO_TERMS}")] == [
        NO_TERMS
    ]
    assert len(listed(amc, "?connectionId=&isDefault=false")) == 3
    assert amc.call("GET", "/connections?connectionId=x").status_code == 404
    assert amc.call("GET", "/connections?isDefault=maybe").status_code == 400


def test_added_connection_is_listed_with_names(amc: AudienceCaller) -> None:
    response = add(
        amc, **AMC_BODY, dspAdvertiserId=str(ADVERTISER), dspProfileId=AGENCY
    )

    connection_id = response.get_json()["connectionId"]
    found = listed(amc, f"?connectionId={connection_id}")[0]
    assert response.status_code == 201
    assert found["amcInstanceName"] == "lighthouse_us_dsp"
    assert found["dspAdvertiserName"] == "Blue Heron DSP"
    assert found["dspAdvertiserCountryCode"] == "US"
    assert found["isDefault"] is False
    assert found.items() >= AMC_BODY.items()


def test_connection_may_name_itself_and_an_agencys_advertiser(
    amc: AudienceCaller,
) -> None:
    response = add(amc, connectionId="mine", dspAdvertiserId=ADVERTISERS[0])

    assert response.get_json() == {"connectionId": "mine"}
    assert listed(amc, "?connectionId=mine")[0]["dspAdvertiserId"] == ADVERTISERS[0]
    assert add(amc, connectionId="mine", **AMC_BODY).status_code == 400


def test_default_moves_and_is_never_lost(amc: AudienceCaller) -> None:
    added = add(amc, **AMC_BODY, isDefault=True).get_json()["connectionId"]
    assert [x["connectionId"] for x in listed(amc, "?isDefault=true")] == [added]

    assert amc.call("DELETE", f"/connections?connectionId={added}").status_code == 204
    assert [x["connectionId"] for x in listed(amc, "?isDefault=true")] == [AMC]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"isDefault": True}, 400),
        ({"amcInstanceId": INSTANCE}, 400),
        ({**AMC_BODY, "amcInstanceId": "amcother"}, 403),
        ({**AMC_BODY, "amcAccountId": "ENTITYOTHER"}, 403),
        ({**AMC_BODY, "amcAccountMarketplaceId": "A1F83G8C2ARO7P"}, 403),
        ({**AMC_BODY, "dspAdvertiserId": "1"}, 403),
        ({**AMC_BODY, "dspAdvertiserId": "601928374655647383"}, 403),
        ({"dspAdvertiserId": str(ADVERTISER), "dspProfileId": "1"}, 403),
        ({"dspProfileId": AGENCY}, 400),
        ({**AMC_BODY, "dspAdvertiserId": ADVERTISER}, 400),
        ({**AMC_BODY, "isDefault": "true"}, 400),
        ({**AMC_BODY, "connectionId": None}, 400),
        ({**AMC_BODY, "instance": "x"}, 400),
    ],
)
def test_wrong_connection_is_refused(
    amc: AudienceCaller, body: dict[str, object], status: int
) -> None:
    response = add(amc, **body)

    assert response.status_code == status
    assert set(response.get_json()) == {"message", "requestId"}
    assert len(listed(amc)) == 3


def test_media_types_are_those_of_connections(amc: AudienceCaller) -> None:
    for media in (AUDIENCES, "application/json"):
        response = amc.call("POST", "/connections", AMC_BODY, media)
        assert response.status_code == 415
    response = amc.get("/amc/audiences/connections", Accept=AUDIENCES)
    assert response.status_code == 406
    for accept in (CONNECTIONS, "*/*", "application/*"):
        response = amc.get("/amc/audiences/connections", Accept=accept)
        assert response.status_code == 200


def test_delete_without_an_id_removes_all_and_raises_an_alarm(
    amc: AudienceCaller,
) -> None:
    assert amc.call("DELETE", "/connections?connectionId=x").status_code == 404
    assert amc.statistics()["alarms"] == []

    assert amc.call("DELETE", "/connections?connectionId=").status_code == 204

    assert listed(amc) == []
    assert len(amc.statistics()["alarms"]) == 1


def test_records_to_an_account_without_terms_wait_for_acceptance(
    amc: AudienceCaller,
) -> None:
    audience_id = amc.new_audience(connection=NO_TERMS)
    refused = amc.upload(audience_id, record(), connection=NO_TERMS)

    assert refused.status_code == 403
    assert "terms" in refused.get_json()["message"]
    assert accept_terms(amc).status_code == 204
    response = amc.upload(audience_id, record(), connection=NO_TERMS)
    assert response.status_code == 202


def test_user_who_has_not_accepted_the_terms(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"terms_accepted": False})
    audience_id = amc.new_audience()

    assert amc.call("GET", "/connections/terms").get_json()["hasAccepted"] is False
    assert amc.upload(audience_id, record()).status_code == 403
    assert accept_terms(amc).status_code == 204
    assert amc.call("GET", "/connections/terms").get_json()["hasAccepted"] is True
    assert amc.upload(audience_id, record()).status_code == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"agreementToken": "other"},
        {"hasAccepted": "true"},
        {"hasAccepted": None},
        {"more": 1},
    ],
)
def test_wrong_acceptance_is_refused(
    amc: AudienceCaller, changes: dict[str, object]
) -> None:
    amc.emulation.state.change({"terms_accepted": False})

    assert accept_terms(amc, **changes).status_code == 400
    assert amc.call("GET", "/connections/terms").get_json()["hasAccepted"] is False


def test_dsp_only_audience_needs_no_terms(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"terms_accepted": False})
    audience_id = amc.new_audience(advertiser=ADVERTISER)

    assert amc.upload(audience_id, record(), connection=None).status_code == 202
