"""Sharing rules: what may be shared with whom, and how a rule becomes ACTIVE."""

from __future__ import annotations

from typing import Any

import pytest

from support.audience.data_manager import (
    DSP_ACCOUNT,
    INSTANCE,
    MANAGER,
    DataManagerCaller,
    amc_rule_body,
    rule_body,
)

NAME = "Loyalty US 2026"


@pytest.fixture
def dataset_id(adm: DataManagerCaller) -> str:
    return adm.new_dataset()


def metadata(**changes: object) -> dict[str, Any]:
    return {"audienceMetadata": {"audienceName": NAME, **changes}}


def test_a_rule_is_pending_for_some_answers_and_then_names_its_audience(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    adm.emulation.state.change({"adm_rule_pending_answers": 3})
    answers = [adm.share(dataset_id).get_json()]
    answers += [adm.rules(datasetIds=[dataset_id])[0] for _ in range(3)]

    assert [rule["status"] for rule in answers] == ["PENDING"] * 3 + ["ACTIVE"]
    assert not any("metadata" in rule for rule in answers[:3])
    audience = answers[3]["metadata"]["audienceMetadata"]
    assert audience.keys() == {"audienceId", "audienceIdV2", "audienceName"}
    assert (audience["audienceName"], answers[3]["dataSetName"]) == (NAME, "loyalty_us")
    (rule,) = adm.emulation.data_manager.rules.all()
    assert rule["audience_id"] == audience["audienceId"]


def test_a_rule_may_be_active_at_once(adm: DataManagerCaller, dataset_id: str) -> None:
    adm.emulation.state.change({"adm_rule_pending_answers": 0})

    assert adm.share(dataset_id).get_json()["status"] == "ACTIVE"


@pytest.mark.parametrize("word", ["SHADOW", "SOMETHING_NEW"])
def test_a_rule_may_have_any_status_word(
    adm: DataManagerCaller, dataset_id: str, word: str
) -> None:
    adm.fault("status_word", "adm_create_rule", word=word, times=1)
    assert adm.share(dataset_id).get_json()["status"] == word
    assert [adm.rules()[0]["status"] for _ in range(3)] == [word] * 3

    adm.fault("status_word", "adm_rules", word="ODD", times=1)
    assert [adm.rules()[0]["status"] for _ in range(2)] == ["ODD", word]


def test_a_rule_may_stay_pending(adm: DataManagerCaller, dataset_id: str) -> None:
    adm.fault("never_ready", "adm_create_rule")
    adm.share(dataset_id)

    assert [adm.rules()[0]["status"] for _ in range(5)] == ["PENDING"] * 5


def test_a_repeated_create_makes_a_second_rule_and_an_alarm(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    adm.share(dataset_id)
    assert (
        adm.call("POST", "/sharingRules", amc_rule_body(dataset_id)).status_code == 200
    )
    other = adm.share(dataset_id, destinationAccountId="ENTITY4728736040201")
    assert other.status_code == 200
    assert adm.alarms() == []

    assert adm.share(dataset_id, audience_name="Another name").status_code == 200

    assert len(adm.rules(application="DSP_AUDIENCES")) == 3
    assert len(adm.alarms()) == 1


def test_a_429_may_have_made_the_rule_all_the_same(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    adm.fault("throttle", "adm_create_rule", accepted=True, retry_after=2, times=1)

    refused = adm.share(dataset_id)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert len(adm.rules()) == 1
    adm.share(dataset_id)
    assert len(adm.alarms()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"application": None},
        {"application": "DSP"},
        {"application": "EVENTS_MANAGER"},
        {"applicationId": "DSP_AUDIENCES"},
        {"marketplaceId": ""},
        {"metadata": {}},
        {"metadata": {"amcMetadata": {"amcInstanceId": DSP_ACCOUNT}}},
        {"metadata": {**metadata(), "amcMetadata": {"amcInstanceId": INSTANCE}}},
        {"metadata": metadata(audienceName="nine char")},
        {"metadata": metadata(audienceName="x" * 128)},
        {"metadata": metadata(ttl=5)},
        {"marketplaceId": "A1PA6795UKMFR9"},
    ],
)
def test_mistakes_are_refused(
    adm: DataManagerCaller, dataset_id: str, changes: dict[str, object]
) -> None:
    assert adm.share(dataset_id, **changes).status_code == 400
    assert adm.rules() == []


@pytest.mark.parametrize("length", [10, 127])
def test_names_of_audiences_may_be_so_long(
    adm: DataManagerCaller, dataset_id: str, length: int
) -> None:
    assert adm.share(dataset_id, audience_name="x" * length).status_code == 200


def test_destinations_must_be_linked_with_data_sharing(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    unlinked = adm.share(dataset_id, destinationAccountId="ENTITY1")
    assert unlinked.status_code == 403
    unshared = {"unshared": [DSP_ACCOUNT, INSTANCE]}
    adm.emulation.data_manager.accounts.set(MANAGER, unshared)
    amc = amc_rule_body(dataset_id)
    assert adm.share(dataset_id).status_code == 403
    assert adm.call("POST", "/sharingRules", amc).status_code == 403
    adm.emulation.data_manager.accounts.set(MANAGER, {"unshared": []})
    assert adm.share(dataset_id).status_code == 200
    assert adm.call("POST", "/sharingRules", amc).status_code == 200


def test_an_advertiser_account_shares_with_itself(adm: DataManagerCaller) -> None:
    adm.as_advertiser()
    adm.prepare(DSP_ACCOUNT)
    dataset_id = adm.new_dataset()

    assert adm.share(dataset_id).status_code == 200
    other = rule_body(dataset_id, destinationAccountId="ENTITY4728736040201")
    assert adm.call("POST", "/sharingRules", other).status_code == 403


def test_rules_are_filtered(adm: DataManagerCaller, dataset_id: str) -> None:
    other = adm.new_dataset("other_one")
    adm.share(dataset_id)
    adm.call("POST", "/sharingRules", amc_rule_body(other))

    def found(**filters: object) -> list[str]:
        return [rule["dataSetId"] for rule in adm.rules(**filters)]

    assert found(statuses=["ACTIVE", "PENDING"]) == [dataset_id, other]
    assert found(datasetIds=[other]) == [other]
    assert found(application="DSP_AUDIENCES") == [dataset_id]
    assert found(destinationAccountId=INSTANCE) == [other]
    assert found(statuses=["REVOKED_BY_USER"]) == []
    assert found(activatedAfter="2026-11-21T00:00:00Z") == []
    assert found(activatedBefore="2026-11-21T00:00:00Z") == [dataset_id, other]
    mistakes: tuple[dict[str, Any], ...] = (
        {"statuses": []},
        {"maxResults": "5"},
        {"maxResults": 0},
        {"activatedAfter": "x"},
        {"application": 5},
        {"datasets": []},
    )
    for wrong in mistakes:
        assert adm.call("POST", "/sharingRules/list", wrong).status_code == 400


def test_rules_come_page_by_page(adm: DataManagerCaller, dataset_id: str) -> None:
    adm.share(dataset_id)
    adm.call("POST", "/sharingRules", amc_rule_body(dataset_id))
    first = adm.call("POST", "/sharingRules/list", {"maxResults": 1}).get_json()
    body = {"nextToken": first["nextToken"]}
    second = adm.call("POST", "/sharingRules/list", body).get_json()

    ids = {page["sharingRules"][0]["sharingRuleId"] for page in (first, second)}
    assert len(ids) == 2
    assert "nextToken" not in second


def test_a_revoke_is_an_alarm_and_another_rule_may_follow(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    rule_id = adm.share(dataset_id).get_json()["sharingRuleId"]

    assert adm.call("PATCH", f"/sharingRules/{rule_id}/revoke").status_code == 204

    (rule,) = adm.rules()
    assert rule["status"] == "REVOKED_BY_USER"
    assert rule["revokedTime"]
    assert adm.share(dataset_id).status_code == 200
    assert len(adm.alarms()) == 1


def test_the_console_may_change_a_rule(adm: DataManagerCaller, dataset_id: str) -> None:
    rule_id = adm.share(dataset_id).get_json()["sharingRuleId"]
    path = f"/_emulator/adm/sharing-rules/{rule_id}"

    assert (
        adm.api.put(path, json={"status": "REVOKED_BY_SHARING_GRANT"}).status_code
        == 200
    )

    assert adm.rules()[0]["status"] == "REVOKED_BY_SHARING_GRANT"
    assert adm.alarms() == []
    assert adm.api.put(f"{path}x", json={"status": "ACTIVE"}).status_code == 400


def test_rules_end_with_the_data_sharing_permission(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    adm.share(dataset_id)
    adm.call("POST", "/sharingRules", amc_rule_body(dataset_id))

    path = f"/_emulator/adm/accounts/{MANAGER}"
    shown = adm.api.put(path, json={"unshared": [DSP_ACCOUNT]}).get_json()

    assert shown["unshared"] == [DSP_ACCOUNT]
    statuses = [rule["status"] for rule in adm.rules()]
    assert statuses == ["REVOKED_BY_SHARING_GRANT", "ACTIVE"]
    assert adm.alarms() == []
