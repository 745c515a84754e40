"""Who may call what: account headers, roles, terms, the data room."""

from __future__ import annotations

import pytest

from support.audience.data_manager import (
    DSP_ACCOUNT,
    MANAGER,
    MEMBERS,
    DataManagerCaller,
    dataset_body,
    member,
)

BOTH = {
    "Amazon-Ads-Manager-Account-ID": MANAGER,
    "Amazon-Ads-AccountId": DSP_ACCOUNT,
}


def set_account(adm: DataManagerCaller, **changes: object) -> None:
    adm.emulation.data_manager.accounts.set(adm.account[1], changes)


@pytest.mark.parametrize("headers", [{}, BOTH])
def test_exactly_one_account_header(
    adm: DataManagerCaller, headers: dict[str, str]
) -> None:
    response = adm.api.get("/adm/terms", headers=adm.headers(**headers))

    assert response.status_code == 400
    assert "Exactly one" in response.get_json()["message"]


def test_a_token_is_checked_before_all_else(adm: DataManagerCaller) -> None:
    adm.emulation.tokens.revoke_all()

    assert adm.api.get("/adm/terms", headers=adm.headers()).status_code == 401
    assert adm.call("GET", "/terms").status_code == 401


@pytest.mark.parametrize(
    "account",
    [
        ("Amazon-Ads-Manager-Account-ID", "amzn1.ads1.ma1.eu7k2"),
        ("Amazon-Ads-Manager-Account-ID", DSP_ACCOUNT),
        ("Amazon-Ads-AccountId", MANAGER),
        ("Amazon-Ads-AccountId", "7051069373501"),
    ],
)
def test_accounts_of_other_hosts_and_kinds_are_refused(
    adm: DataManagerCaller, account: tuple[str, str]
) -> None:
    adm.account = account

    assert adm.call("GET", "/terms").status_code == 403


def test_a_single_global_account_is_refused(adm: DataManagerCaller) -> None:
    set_account(adm, single_global=True)

    response = adm.call("GET", "/terms")
    assert response.status_code == 403
    assert "Single Global" in response.get_json()["message"]


def test_a_user_may_create_but_not_send_members(adm: DataManagerCaller) -> None:
    set_account(adm, roles=["MasterAccount_Manager"])
    dataset_id = adm.new_dataset()

    assert adm.share(dataset_id).status_code == 200
    refused = adm.upload(dataset_id, member())
    assert refused.status_code == 403
    assert "ads_data_manager_edit" in refused.get_json()["message"]
    set_account(adm, roles=["ads_data_manager_edit"])
    assert adm.send(dataset_id, member()) == {}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("audiences_edit", {"read", "create", "send", "count"}),
        ("audiences_view", {"count"}),
        ("account_edit", {"send", "delete"}),
        ("advertiser_campaign_edit", {"send"}),
    ],
)
def test_roles_of_an_advertiser_account(
    adm: DataManagerCaller, role: str, allowed: set[str]
) -> None:
    adm.as_advertiser()
    adm.prepare(DSP_ACCOUNT)
    set_account(adm, roles=[role])
    calls = {
        "read": adm.call("GET", "/audiences"),
        "create": adm.call("POST", "/audiences", dataset_body()),
        "send": adm.call("POST", "/audiences/x/members", {}, MEMBERS),
        "count": adm.call("POST", "/datasets/list"),
        "delete": adm.call("DELETE", "/datasets/x"),
    }

    assert {
        name for name, found in calls.items() if found.status_code != 403
    } == allowed


@pytest.mark.parametrize("code", [403, 400])
def test_nothing_but_the_terms_before_they_are_accepted(
    fresh: DataManagerCaller, code: int
) -> None:
    fresh.emulation.state.change({"adm_terms_refusal": str(code)})

    for method, path in (("GET", "/audiences"), ("POST", "/datarooms")):
        response = fresh.call(method, path)
        assert response.status_code == code
        assert "terms" in response.get_json()["message"]
    assert fresh.call("GET", "/terms").get_json()["hasAccepted"] is False


def test_terms_are_accepted_by_their_token_and_for_one_account(
    fresh: DataManagerCaller,
) -> None:
    fresh.emulation.state.change({"adm_may_accept_terms": True})
    token = fresh.call("GET", "/terms").get_json()["agreementToken"]
    wrong = {"agreementToken": f"{token}x", "hasAccepted": True}
    assert fresh.call("PATCH", "/terms", wrong).status_code == 400

    right = {"agreementToken": token, "hasAccepted": True}
    assert fresh.call("PATCH", "/terms", right).status_code == 204
    assert fresh.call("GET", "/terms").get_json()["hasAccepted"] is True
    assert fresh.alarms() == []
    fresh.as_advertiser()
    assert fresh.call("GET", "/terms").get_json()["hasAccepted"] is False


def test_accepting_the_terms_unasked_is_an_alarm(fresh: DataManagerCaller) -> None:
    fresh.call("PATCH", "/terms", {"agreementToken": "x", "hasAccepted": True})

    (alarm,) = fresh.alarms()
    assert "terms" in alarm


@pytest.mark.parametrize("code", [404, 403])
def test_datasets_need_a_data_room(fresh: DataManagerCaller, code: int) -> None:
    set_account(fresh, terms_accepted=True)
    fresh.emulation.state.change({"adm_dataroom_refusal": str(code)})

    assert fresh.call("GET", "/datarooms").status_code == 404
    assert fresh.call("POST", "/audiences", dataset_body()).status_code == code
    assert fresh.call("GET", "/audiences").status_code == code
    made = fresh.call("POST", "/datarooms")
    assert made.status_code == 201
    fresh.advance(60)
    again = fresh.call("POST", "/datarooms", {})
    assert (again.status_code, again.get_json()) == (201, made.get_json())
    assert fresh.call("GET", "/datarooms").get_json() == made.get_json()
    assert fresh.call("POST", "/audiences", dataset_body()).status_code == 201


def test_what_cannot_be_set_is_said(adm: DataManagerCaller) -> None:
    for changes in ({"roles": ["boss"]}, {"terms": True}, {"dataroom": "yes"}):
        response = adm.api.put(f"/_emulator/adm/accounts/{MANAGER}", json=changes)
        assert response.status_code == 400
    response = adm.api.put("/_emulator/adm/accounts/other", json={})
    assert "other" in response.get_json()["error"]
