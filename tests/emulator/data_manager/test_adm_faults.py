"""Faults of all operations, unknown fields, and the client over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from werkzeug.test import TestResponse

from amazon_emulator import Emulator
from amazon_emulator.data_manager.contract import ROLES
from amazon_emulator.faults.actions import OPERATIONS
from amazon_emulator.http import CutShortError, ResetError
from support.audience.data_manager import (
    DELETION,
    MANAGER,
    MEMBERS,
    DataManagerCaller,
    dataset_body,
    member,
)
from support.core.emulation import emulator_fixtures

running, emulator = emulator_fixtures()
Make = Callable[[DataManagerCaller], TestResponse]
ODD = {"agreementToken": "x", "hasAccepted": True}
CALLS: dict[str, Make] = {
    "adm_terms": lambda adm: adm.call("GET", "/terms"),
    "adm_accept_terms": lambda adm: adm.call("PATCH", "/terms", ODD),
    "adm_create_dataroom": lambda adm: adm.call("POST", "/datarooms"),
    "adm_dataroom": lambda adm: adm.call("GET", "/datarooms"),
    "adm_dataroom_counts": lambda adm: adm.call("GET", "/datarooms/metadata"),
    "adm_create_dataset": lambda adm: adm.call("POST", "/audiences", dataset_body()),
    "adm_datasets": lambda adm: adm.call("GET", "/audiences"),
    "adm_dataset": lambda adm: adm.call("GET", "/audiences/x"),
    "adm_members": lambda adm: adm.upload("x", member()),
    "adm_dataset_details": lambda adm: adm.call("POST", "/datasets/list"),
    "adm_delete_dataset": lambda adm: adm.call("DELETE", "/datasets/x"),
    "adm_metrics": lambda adm: adm.call("GET", "/datasets/x/metrics"),
    "adm_aggregates": lambda adm: adm.call("POST", "/datasets/x/metrics/aggregates"),
    "adm_delete_identities": lambda adm: adm.call(
        "POST", "/identities/delete", {}, DELETION
    ),
    "adm_create_rule": lambda adm: adm.share("x"),
    "adm_rules": lambda adm: adm.call("POST", "/sharingRules/list"),
    "adm_revoke_rule": lambda adm: adm.call("PATCH", "/sharingRules/x/revoke"),
}


def test_every_operation_has_roles_and_is_called_here() -> None:
    named = tuple(name for name in OPERATIONS if name.startswith("adm_"))
    assert named == tuple(CALLS) == tuple(ROLES)


@pytest.mark.parametrize("operation", CALLS)
def test_faults_of_all_operations(adm: DataManagerCaller, operation: str) -> None:
    call = CALLS[operation]
    usual = call(adm).status_code
    adm.fault("throttle", operation, account=MANAGER, times=1)
    adm.fault("throttle", operation, retry_after=30, times=1)
    adm.fault("status", operation, times=1)
    adm.fault("reset", operation, times=1)

    plain, patient, broken = call(adm), call(adm), call(adm)
    assert (plain.status_code, patient.status_code) == (429, 429)
    assert "Retry-After" not in plain.headers
    assert patient.headers["Retry-After"] == "30"
    assert (broken.status_code, broken.get_json()["code"]) == (500, "500")
    with pytest.raises(ResetError):
        call(adm)
    assert call(adm).status_code in (usual, 400)


def test_an_upload_may_be_taken_although_nobody_heard(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    adm.fault("lost_answer", "adm_members", times=1)
    adm.fault("truncate", "adm_members", times=1, after_bytes=5)
    adm.fault("throttle", "adm_members", times=1, accepted=True)

    with pytest.raises(ResetError):
        adm.upload(dataset_id, member("a"))
    cut = adm.api.open(
        f"/adm/audiences/{dataset_id}/members",
        method="POST",
        headers=adm.headers(**dict([adm.account])),
        json={"members": [member("b")]},
        content_type=MEMBERS,
        buffered=False,
    )
    with pytest.raises(CutShortError):
        _ = cut.data
    assert adm.upload(dataset_id, member("c")).status_code == 429
    assert adm.members(dataset_id).keys() == {"a", "b", "c"}


def test_a_token_may_end_in_mid_run(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    adm.advance(3601)
    assert adm.upload(dataset_id, member()).status_code == 401
    adm.sign_in()
    assert adm.send(dataset_id, member()) == {}


def test_members_may_be_rejected_or_refused_by_name(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    rows = [member(name) for name in "abcd"]
    adm.fault("invalid_record", external_user_ids=["b"], reason="no", times=1)
    adm.fault("invalid_record", every=2, listed=1, times=1)
    adm.fault("refuse_record", external_user_ids=["d"])

    assert adm.send(dataset_id, *rows[:3]) == {1: "no"}
    assert adm.send(dataset_id, *rows[:3]).keys() == {1}
    assert adm.upload(dataset_id, *rows).status_code == 400
    assert adm.send(dataset_id, *rows[:3]) == {}


def test_answers_may_have_fields_of_no_model(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    adm.share(dataset_id)
    adm.emulation.state.change({"adm_unknown_fields": True})

    assert "addedLater" in adm.upload(dataset_id, member()).get_json()
    listed = adm.call("GET", "/audiences").get_json()
    assert "addedLater" in listed
    assert "addedLater" in listed["dataSets"][0]
    assert "addedLater" in adm.rules()[0]
    assert "addedLater" in adm.upload("x", member()).get_json()
    managers = adm.get("/managerAccounts").get_json()
    assert "addedLater" in managers
    assert "addedLater" in managers["managerAccounts"][0]


def test_every_answer_has_a_request_id(adm: DataManagerCaller) -> None:
    for call in CALLS.values():
        assert call(adm).headers["Amazon-Advertising-API-RequestId"]


def test_the_client_sees_the_truth_over_http(emulator: Emulator) -> None:
    client, caller = emulator.client, requests.Session()
    given = emulator.credentials
    form = {"grant_type": "refresh_token", **given}
    token = requests.post(emulator.token_url, data=form, timeout=9).json()
    caller.headers.update(
        {
            "Authorization": f"Bearer {token['access_token']}",
            "Amazon-Advertising-API-ClientId": given["client_id"],
            "Amazon-Ads-Manager-Account-ID": MANAGER,
        }
    )
    changed = client.set_adm_account(MANAGER, terms_accepted=True, dataroom=True)
    assert changed in client.adm_accounts()
    url = f"{emulator.url}/adm"
    made = caller.post(f"{url}/audiences", json=dataset_body(), timeout=9).json()
    dataset_id = made["dataSetId"]
    caller.post(
        f"{url}/audiences/{dataset_id}/members",
        json={"members": [member("a"), member("b", userConsent=None)]},
        headers={"Content-Type": MEMBERS},
        timeout=9,
    )
    body = {
        "application": "DSP_AUDIENCES",
        "dataSetId": dataset_id,
        "destinationAccountId": "ENTITY7051069373501",
        "marketplaceId": "ATVPDKIKX0DER",
        "metadata": {"audienceMetadata": {"audienceName": "Loyalty US 2026"}},
    }
    caller.post(f"{url}/sharingRules", json=body, timeout=9)

    (dataset,) = client.adm_datasets()
    assert (dataset.name, dataset.members, dataset.received) == ("loyalty_us", 1, 2)
    assert client.adm_members(dataset_id)["a"].is_matched
    (rule,) = client.adm_rules()
    assert (rule.application, rule.status) == ("DSP_AUDIENCES", "PENDING")
    statistics = client.statistics()
    assert statistics.adm_records["received"] == 2
    assert statistics.adm_uploads[0]["invalid"] == 1
    assert statistics.count("adm_members", 200) == 1
    assert not statistics.alarms
    assert not statistics.adm_refusals
    client.set_adm_rule(rule.rule_id, "REVOKED_BY_USER")
    client.remove_adm_dataset(dataset_id)
    assert (client.adm_datasets(), client.adm_rules()[0].status) == (
        [],
        "REVOKED_BY_USER",
    )
