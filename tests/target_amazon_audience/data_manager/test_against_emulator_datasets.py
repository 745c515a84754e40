"""Which dataset and sharing rules a run finds, makes and leaves alone."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from amazon_emulator.data_manager.contract import AMC as AMC_APPLICATION
from support.audience.dataset_runner import (
    DSP,
    DSP_ACCOUNT,
    DSP_ADVERTISER,
    MANAGER,
    RULES,
    DatasetRunner,
)
from support.audience.emulator import INSTANCE
from support.audience.runner import WAIT, names, people, person, state

BOTH: dict[str, Any] = {**DSP, "target": "AMC_AND_DSP"}
DUPLICATE_CODES = ["400", "DuplicateDatasetName"]


def paths(target: DatasetRunner) -> list[str]:
    return [
        f"{call.method} {call.path.replace(target.dataset().dataset_id, '{id}')}"
        for call in target.emulator.exchanges
        if not call.path.startswith("/auth/")
    ]


def test_rules_come_before_members_and_counters_last(target: DatasetRunner) -> None:
    ran = target.good(people(1, 2), **BOTH)
    assert paths(target) == [
        "GET /adm/terms",
        "GET /adm/datarooms",
        "GET /managerAccounts",
        "GET /adm/audiences",
        "POST /adm/audiences",
        "POST /adm/sharingRules/list",
        "POST /adm/sharingRules",
        "POST /adm/sharingRules",
        "POST /adm/audiences/{id}/members",
        "POST /adm/sharingRules/list",
        "GET /adm/datasets/{id}/metrics",
    ]
    assert target.members() == names(1, 2)
    report = ran.report
    assert report["result"] == "accepted"
    assert report["dataset_id"] == target.dataset().dataset_id
    assert report["dataset_counters"]["upload_count"] == 2
    shared = {rule["application"]: rule for rule in report["sharing_rules"]}
    assert shared["DSP_AUDIENCES"]["destination_account_id"] == DSP_ACCOUNT
    assert shared["DSP_AUDIENCES"]["audience_id"].isdigit()
    assert shared["DSP_AUDIENCES"]["audience_id_v2"].startswith("amzn1.")
    assert shared[AMC_APPLICATION]["destination_account_id"] == INSTANCE
    assert {rule.marketplace_id for rule in target.rules()} == {"ATVPDKIKX0DER"}


def test_the_next_run_goes_on_without_making_anything(target: DatasetRunner) -> None:
    target.sent(1, **BOTH)
    target.sent(2, **BOTH)
    for path in target.database.parent.glob("state.sqlite3*"):
        path.unlink()
    ran = target.sent(3, **BOTH)
    assert target.members() == names(1, 2, 3)
    assert len(target.rules()) == 2
    assert not ran.report["created"]


@pytest.mark.parametrize("code", DUPLICATE_CODES)
def test_a_name_that_is_taken_meanwhile_is_taken_over(
    target: DatasetRunner, code: str
) -> None:
    """As after an answer that was lost: Amazon names the dataset in its refusal."""
    target.client.change(adm_duplicate_code=code)
    target.fault("lost_answer", "adm_create_dataset", times=1)
    target.sent(1)
    assert target.count("adm_create_dataset") == 2
    assert target.members() == names(1)


@pytest.mark.parametrize("code", DUPLICATE_CODES)
def test_a_dataset_of_another_country_is_not_taken_over(
    target: DatasetRunner, code: str
) -> None:
    target.client.change(adm_duplicate_code=code)
    target.sent(1)
    ran = target.run([person(2)], country_code="UK")
    assert "Setting country_code is 'GB'" in str(ran.error)
    assert "has 'US'" in str(ran.error)
    assert target.members() == names(1)


def test_an_id_that_the_answer_leaves_out_is_looked_up(target: DatasetRunner) -> None:
    target.client.change(adm_omit_dataset_id=True, adm_page_size=1)
    target.sent(1, external_audience_id="LOYALTY-US")
    ran = target.sent(2)
    [other, found] = target.client.adm_datasets()
    assert (other.name, found.name) == ("LOYALTY-US", "loyalty-us")
    assert ran.report["dataset_id"] == found.dataset_id
    assert not found.dataset_id.isdigit()
    assert target.members(found.dataset_id) == names(2)


def test_an_id_that_is_no_name_is_written_as_one(target: DatasetRunner) -> None:
    target.sent(1, external_audience_id="9 lives, naïve")
    assert target.dataset().name.startswith("audience-9-lives-na-ve-")


def test_update_takes_the_dataset_by_id_or_by_name(target: DatasetRunner) -> None:
    ran = target.run([person(1)], action="UPDATE")
    assert "has no dataset loyalty-us" in str(ran.error)
    assert target.client.adm_datasets() == []
    target.sent(1)
    target.sent(2, action="UPDATE")
    known = target.dataset().dataset_id
    by_id = {"action": "UPDATE", "audience_id": known, "external_audience_id": None}
    target.sent(3, **by_id)
    assert target.members() == names(1, 2, 3)
    gone = {**by_id, "audience_id": "d-elsewhere"}
    ran = target.run([person(4), state(1)], **gone)
    assert "Dataset d-elsewhere is not known to Amazon" in str(ran.error)
    assert ran.states == []


def test_a_dataset_that_is_gone_is_forgotten_and_made_anew(
    target: DatasetRunner,
) -> None:
    target.sent(1)
    first = target.dataset().dataset_id
    target.client.remove_adm_dataset(first)
    assert f"Dataset {first} is not known" in str(target.run([person(2)]).error)
    target.sent(3)
    assert target.dataset().dataset_id != first
    assert target.members() == names(3)


def test_a_dataset_that_goes_in_the_middle_of_a_run(target: DatasetRunner) -> None:
    target.fault("status", code=404, skip=1)
    ran = target.run([*people(1, 2), state(1)], batch_size_rows=1)
    assert "is gone at Amazon" in str(ran.error)
    assert ran.states == []
    target.client.clear_faults()
    target.sent(3)
    assert target.members() == names(1, 3)


@pytest.mark.parametrize("wish", ["audience_description", "id_retention"])
def test_what_differs_and_cannot_be_changed_stops_the_run(
    target: DatasetRunner, wish: str
) -> None:
    first: dict[str, Any] = {"audience_description": "Old", "id_retention": True}
    target.sent(1, **first)
    target.sent(2, **first)
    target.sent(3)
    other: dict[str, Any] = {"audience_description": "New", "id_retention": False}
    ran = target.run([person(4)], **{**first, wish: other[wish]})
    assert f"Setting {wish} is {other[wish]!r}" in str(ran.error)
    assert target.members() == names(1, 2, 3)


# Rules


def test_a_rule_that_was_made_although_the_answer_is_429(
    target: DatasetRunner,
) -> None:
    target.fault("throttle", "adm_create_rule", accepted=True, times=1)
    target.sent(1, **DSP)
    assert target.count("adm_create_rule") == 1
    assert len(target.rules()) == 1


@pytest.mark.parametrize("action", ["lost_answer", "reset", "status"])
def test_a_rule_is_asked_for_once_whatever_the_answer(
    target: DatasetRunner, action: str
) -> None:
    target.fault(action, "adm_create_rule", times=1)
    ran = target.run([person(1), state(1)], **DSP)
    assert len(target.emulator.calls("POST", RULES)) == 1
    if action == "lost_answer":
        assert ran.error is None
    else:
        assert "It is not certain whether a sharing rule was made" in str(ran.error)
        assert ran.states == []
        assert target.members() == set()
        target.sent(1, **DSP)
    assert target.members() == names(1)
    assert len(target.rules()) == 1


def test_a_rule_that_was_revoked_is_not_made_again(target: DatasetRunner) -> None:
    target.sent(1, **DSP)
    [rule] = target.rules()
    target.client.set_adm_rule(rule.rule_id, "REVOKED_BY_USER")
    ran = target.run([person(2)], **DSP)
    assert "was revoked (REVOKED_BY_USER)" in str(ran.error)
    assert len(target.rules()) == 1
    assert target.members() == names(1)
    target.sent(1, **DSP, upload_mode="DELETE")  # nothing stops a removal
    assert target.members() == set()


@pytest.mark.parametrize("word", ["SHADOW", "SOMETHING_NEW"])
def test_a_rule_in_an_unknown_state_is_there(target: DatasetRunner, word: str) -> None:
    target.sent(1, **DSP)
    [rule] = target.rules()
    target.client.set_adm_rule(rule.rule_id, word)
    ran = target.sent(2, **DSP)
    assert ran.noted(f"is {word} and not ACTIVE yet")
    assert len(target.rules()) == 1


def test_a_rule_in_the_wrong_marketplace(target: DatasetRunner) -> None:
    ran = target.run([person(1)], **DSP, marketplace_id="A1PA6795UKMFR9")
    assert "dsp_advertiser_id 7051069373501 is linked with no" in str(ran.error)
    ran = target.run([person(1)], marketplace_id="A1PA6795UKMFR9")
    assert "in marketplace A1PA6795UKMFR9: check both" in str(ran.error)
    assert target.members() == set()


def test_an_audience_is_not_renamed(target: DatasetRunner) -> None:
    target.sent(1, **DSP)
    ran = target.run([person(2)], **DSP, audience_name="Something else")
    assert "is called 'loyalty_members'" in str(ran.error)


def test_a_run_that_waits_for_rules_to_be_active(target: DatasetRunner) -> None:
    target.client.change(adm_rule_pending_answers=3)
    ran = target.sent(1, **DSP, **WAIT)
    assert ran.report["result"] == "accepted"
    assert ran.report["sharing_rules"][0]["status"] == "ACTIVE"
    assert target.clock.now().timestamp() > 0


def test_a_run_that_waits_in_vain_says_so(target: DatasetRunner) -> None:
    target.fault("never_ready", "adm_create_rule")
    before = target.clock.now()
    ran = target.sent(1, **DSP, **WAIT)
    assert (ran.report["result"], ran.summary["result"]) == ("waiting", "waiting")
    waited = (target.clock.now() - before).total_seconds()
    assert waited == pytest.approx(3600, abs=60)


def test_without_a_target_nothing_is_shared(target: DatasetRunner) -> None:
    target.sent(1, target="NONE", amc_instance_id=None, audience_name=None)
    assert target.rules() == []
    assert target.members() == names(1)


def test_a_run_that_only_removes_shares_nothing(target: DatasetRunner) -> None:
    target.sent(1, target="NONE")
    target.sent(1, **DSP, upload_mode="DELETE")
    assert target.rules() == []
    assert target.members() == set()


# Accounts


def test_an_advertiser_account_is_its_own_destination(target: DatasetRunner) -> None:
    target.client.set_adm_account(DSP_ACCOUNT, terms_accepted=True, dataroom=True)
    own: dict[str, Any] = {"manager_account_id": None, "ads_account_id": DSP_ACCOUNT}
    target.sent(1, **own, target="DSP")
    [rule] = target.rules()
    assert (rule.account_id, rule.destination_id) == (DSP_ACCOUNT, DSP_ACCOUNT)
    for call in target.emulator.exchanges:
        if call.path.startswith("/adm/"):
            assert call.headers["Amazon-Ads-AccountId"] == DSP_ACCOUNT
            assert "Amazon-Ads-Manager-Account-ID" not in call.headers


def test_what_is_known_is_of_one_account(target: DatasetRunner) -> None:
    target.client.set_adm_account(DSP_ACCOUNT, terms_accepted=True, dataroom=True)
    own: dict[str, Any] = {"manager_account_id": None, "ads_account_id": DSP_ACCOUNT}
    target.mirror(*people(1, 2), target="NONE")
    ran = target.mirror(person(3), target="NONE", **own)
    assert ran.report["mirror"]["known"] == 0
    first, second = target.client.adm_datasets()
    assert (first.name, first.account_id) == (second.name, MANAGER)
    assert target.members(first.dataset_id) == names(1, 2)
    assert target.members(second.dataset_id) == names(3)


def test_an_advertiser_in_two_marketplaces_needs_one_named(
    target: DatasetRunner,
) -> None:
    accounts = target.client.accounts()
    [manager] = [
        m for m in accounts["managerAccounts"] if m["managerAccountId"] == MANAGER
    ]
    twin = {**manager["linkedAccounts"][0], "accountId": "ENTITYCANADA"}
    manager["linkedAccounts"].append({**twin, "marketplaceId": "A2EUQ1WTGCTBG2"})
    target.client.set_accounts(accounts)
    ran = target.run([person(1)], **DSP)
    assert "in the marketplaces A2EUQ1WTGCTBG2, ATVPDKIKX0DER" in str(ran.error)
    target.sent(1, **DSP, marketplace_id="A2EUQ1WTGCTBG2")
    assert target.rules()[0].destination_id == "ENTITYCANADA"


def test_an_advertiser_that_is_linked_nowhere(target: DatasetRunner) -> None:
    ran = target.run([person(1)], target="DSP", dsp_advertiser_id="123")
    assert "dsp_advertiser_id 123 is linked with no manager account" in str(ran.error)


def test_terms_and_data_room_are_made_only_if_asked(target: DatasetRunner) -> None:
    target.client.set_adm_account(MANAGER, terms_accepted=False, dataroom=False)
    ran = target.run([person(1)])
    assert "set accept_adm_terms" in str(ran.error)
    target.client.change(adm_may_accept_terms=True)
    ran = target.run([person(1)], accept_adm_terms=True)
    assert "set create_data_room" in str(ran.error)
    target.sent(1, create_data_room=True)
    assert target.members() == names(1)


def test_a_role_that_may_create_but_not_send(target: DatasetRunner) -> None:
    target.client.set_adm_account(MANAGER, roles=["ManagerAccount_Dev"])
    ran = target.run([person(1), state(1)], target="NONE")
    assert "HTTP 403" in str(ran.error)
    assert "that takes ads_data_manager_edit" in str(ran.error)
    assert ran.states == []


# Settings


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"manager_account_id": None}, "needs exactly one of manager_account_id and"),
        ({"ads_account_id": "ENTITY1"}, "stands beside ads_account_id"),
        ({"audience_fee": "USD:1"}, "Ads Data Manager has no fee"),
        ({"time_to_live": 0}, "takes no time to live: use upload_mode MIRROR"),
        ({"time_to_live": 86400}, "takes no time to live"),
        ({"allow_ttl_zero": True}, "takes no time to live"),
        ({"connection_id": "x"}, "knows no connections"),
        (
            {"upload_mode": "MIRROR", "experimental_mirror": False},
            "experimental_mirror",
        ),
        ({"audience_name": "x" * 128}, "Amazon wants 10 to 127"),
        ({"target": "DSP"}, "dsp_account_id is missing"),
        ({"amc_instance_id": None}, "amc_instance_id is missing"),
        ({"external_audience_id": None}, "external_audience_id is missing"),
        ({"batch_size_bytes": 10_000_001}, "Amazon takes 10000000 at most"),
        ({**DSP, "audience_name": None}, "audience_name is missing"),
        (
            {"action": "UPDATE", "external_audience_id": None},
            "audience_id is missing: action UPDATE needs the id of the dataset",
        ),
    ],
)
def test_what_this_api_cannot_do_is_refused_before_the_first_call(
    target: DatasetRunner, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigValidationError, match=sentence):
        target.plugin(**changes)
    assert target.is_untouched()


@pytest.mark.parametrize(
    "changes",
    [
        {"target": "NONE"},
        {"create_data_room": True},
        {"manager_account_id": MANAGER},
        {"experimental_mirror": True},
    ],
)
def test_settings_of_ads_data_manager_mean_nothing_to_the_other_api(
    target: DatasetRunner, changes: dict[str, Any]
) -> None:
    other = {"manager_account_id": None, "experimental_mirror": None, "consent": None}
    with pytest.raises(ConfigValidationError, match="ads_data_manager"):
        target.plugin(**{**other, "api": "advertiser_audiences", **changes})


def test_settings_that_mean_nothing_here_are_named(
    target: DatasetRunner, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        target.sent(1, amc_account_id="ENTITY1", accept_amc_terms=True)
    for name in ("amc_account_id", "accept_amc_terms"):
        assert f"Setting {name} is not used with api ads_data_manager" in caplog.text
    assert caplog.text.count("api ads_data_manager is experimental") == 1


def test_a_switch_of_the_api_begins_anew_and_removes_nobody(
    target: DatasetRunner,
) -> None:
    """Both ways in one state file, side by side."""
    older: dict[str, Any] = {
        "api": "advertiser_audiences",
        "manager_account_id": None,
        "experimental_mirror": None,
    }
    target.mirror(*people(1, 2), **older)
    ran = target.mirror(*people(2, 3))
    assert ran.report["mirror"]["known"] == 0
    assert target.members() == names(2, 3)
    assert set(target.client.audience_members(target.ids()["loyalty-us"])) == names(
        1, 2
    )
    target.mirror(person(2), **older)
    assert target.members() == names(2, 3)
    hashes = target.client.audience_members(target.ids()["loyalty-us"])["user-2"]
    assert target.pii("user-2") == list(hashes.hashed_pii)


def test_two_streams_of_one_dataset_are_refused(target: DatasetRunner) -> None:
    target.sent(1)
    update = {"action": "UPDATE", "audience_id": target.dataset().dataset_id}
    streams = {"customers": {"external_audience_id": "loyalty-us"}, "others": update}
    ran = target.run([person(2)], streams=streams, external_audience_id=None)
    assert "both lead to audience" in str(ran.error)


def test_the_advertiser_of_the_digits_is_the_one_of_the_account(
    target: DatasetRunner,
) -> None:
    target.sent(1, target="DSP", dsp_account_id=DSP_ACCOUNT, dsp_entity_id="ENTITY9")
    [rule] = target.rules()
    assert (rule.destination_id, rule.entity_id) == (DSP_ACCOUNT, "ENTITY9")
    assert target.count("manager_accounts") == 0
    target.sent(2, target="DSP", dsp_advertiser_id=DSP_ADVERTISER)
    assert len(target.rules()) == 1
