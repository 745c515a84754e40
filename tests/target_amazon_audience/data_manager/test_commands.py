"""`check`, `audiences` and `purge` with Ads Data Manager; nothing is made by them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from singer_amazon.errors import ConfigError
from support.audience.dataset_runner import (
    DSP,
    DSP_ACCOUNT,
    MANAGER,
    DatasetRunner,
)
from support.audience.runner import names, people
from target_amazon_audience.commands.audiences import audiences
from target_amazon_audience.commands.check import findings
from target_amazon_audience.commands.datasets import datasets
from target_amazon_audience.state.purge import purge

BOTH = {**DSP, "target": "AMC_AND_DSP"}
_READS = {"/adm/sharingRules/list", "/auth/o2/token"}


def checked(runner: DatasetRunner, /, **changes: object) -> Mapping[str, Any]:
    """Return what `check` finds, by name; it has only read."""
    before = len(runner.emulator.exchanges)
    found = {f.name: f for f in findings(runner.plugin(**changes))}
    for call in runner.emulator.exchanges[before:]:
        assert call.method in {"GET", "HEAD"} or call.path in _READS, call.path
    return found


def test_check_of_an_account_that_may_begin(target: DatasetRunner) -> None:
    found = checked(target, **BOTH)
    assert found["terms of Ads Data Manager"].result == "ok"
    assert found["data room"].result == "ok"
    assert found["role"].result == "allowed"
    assert found["sending members"].result == "unknown without asking"
    assert "ads_data_manager_edit" in found["sending members"].words
    assert DSP_ACCOUNT in found["DSP advertiser 7051069373501"].words
    assert found["audience loyalty-us"].result == "unknown without asking"
    target.good(people(1), **BOTH)
    found = checked(target, **BOTH)
    assert target.dataset().dataset_id in found["audience loyalty-us"].words
    assert found["DSP audience"].words.endswith(": ACTIVE")
    assert found["AMC instance"].words.endswith(": ACTIVE")
    [rule, _] = target.rules()
    target.client.set_adm_rule(rule.rule_id, "REVOKED_BY_USER")
    assert checked(target, **BOTH)["DSP audience"].is_failure


def test_check_of_an_account_that_may_not(target: DatasetRunner) -> None:
    target.client.set_adm_account(MANAGER, terms_accepted=False, dataroom=False)
    terms = checked(target)["terms of Ads Data Manager"]
    assert terms.is_failure
    assert "set accept_adm_terms" in terms.next_step
    assert not checked(target, accept_adm_terms=True)[
        "terms of Ads Data Manager"
    ].is_failure
    target.client.set_adm_account(MANAGER, terms_accepted=True)
    dataroom = checked(target)["data room"]
    assert dataroom.is_failure
    assert "create_data_room" in dataroom.next_step
    assert not checked(target, create_data_room=True)["data room"].is_failure


def test_check_of_roles_and_links(target: DatasetRunner) -> None:
    target.client.set_adm_account(MANAGER, roles=["ManagerAccount_Dev"])
    found = checked(target, target="DSP", dsp_account_id="ENTITY0")
    assert found["role"].is_failure
    assert "ENTITY0 is not linked" in found["DSP advertiser ENTITY0"].words
    gone = checked(target, target="DSP", dsp_advertiser_id="1")["DSP advertiser 1"]
    assert "is linked with no manager account" in gone.words


def test_datasets_and_rules_are_listed_as_amazon_has_them(
    target: DatasetRunner,
) -> None:
    target.good(people(1), **BOTH)
    target.good(people(1), external_audience_id="other", target="NONE")
    target.client.change(adm_page_size=1)
    rows = list(datasets(target.plugin()))
    assert [row["status"] for row in rows] == ["ACTIVE", "ACTIVE", ""]
    assert {row["name"] for row in rows[:2]} == {"loyalty-us"}
    shared = {str(row["shared with"]).partition(" ")[0] for row in rows}
    assert shared == {"DSP_AUDIENCES", "AMAZON_MARKETING_CLOUD", ""}
    assert json.dumps(rows)
    older = {"api": "advertiser_audiences", "manager_account_id": None}
    none = {**older, "experimental_mirror": None, "consent": None}
    with pytest.raises(ConfigError, match="only api ads_data_manager lists"):
        list(datasets(target.plugin(**none)))


def test_a_dataset_in_the_state_file_is_shown_and_purged_by_its_id(
    target: DatasetRunner,
) -> None:
    target.mirror(*people(1, 2))
    known = target.dataset().dataset_id
    [row] = audiences(target.database)
    assert row["audience id"] == known
    assert (row["name"], row["external audience id"]) == ("loyalty-us", "loyalty-us")
    assert row["members known"] == 2
    assert f"2 members and 0 open batches of audience {known}" in purge(
        target.database, known
    )
    assert list(audiences(target.database)) == []
    ran = target.mirror(*people(2, 3))
    assert ran.report["mirror"]["known"] == 0
    assert target.members() == names(1, 2, 3)
