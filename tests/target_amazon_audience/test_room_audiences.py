"""Audiences and connections, against the emulator over HTTP."""

from __future__ import annotations

import io
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from singer_amazon.errors import ConfigError
from support.audience_rooms import (
    ADVERTISER,
    FREE_INSTANCE,
    INSTANCE,
    MIRROR,
    Room,
    names,
)
from support.audience_runs import lines, person, schema, state

AMC_AND_DSP = {"target": "AMC_AND_DSP", "dsp_advertiser_id": ADVERTISER}
DSP = {"target": "DSP", "dsp_advertiser_id": ADVERTISER, "amc_instance_id": None}
OWN = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a01"
WITH_DSP = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a02"


def connections(room: Room) -> dict[str, dict[str, Any]]:
    return {c["connectionId"]: c for c in room.client.amc_accounts()["connections"]}


# The audience


def test_create_once_and_go_on_with_it_every_day(room: Room) -> None:
    first = room.good([person(1), person(2), state(1)])
    assert first.report["created"]
    assert first.states == [1]
    audience = room.audience()
    assert audience.audience_id > 2**53
    assert audience.audience_id % 2  # a double could not hold it
    assert first.report["audience_id"] == str(audience.audience_id)
    for day in (3, 4):
        room.client.advance(86400)
        again = room.good([person(day)])
        assert not again.report["created"]
    assert room.who() == names(1, 2, 3, 4)
    assert room.count("create_audience") == 1


def test_what_is_created(room: Room) -> None:
    room.good(
        [person(1)],
        audience_description="Loyal",
        audience_fee="EUR:25",
        time_to_live=604800,
        country_code="uk",
        consent_mode="off",
    )
    found = room.audience()
    assert (found.name, found.description) == ("loyalty_members", "Loyal")
    assert (found.country_code, found.ttl) == ("GB", 604800)
    assert found.fees == [{"currency": "EUR", "cpmCents": 25}]
    assert found.external_audience_id == "loyalty-us"


def test_defaults_at_creation(room: Room) -> None:
    room.good([person(1)])
    found = room.audience()
    assert (found.description, found.ttl, found.fees) == ("", 34300800, [])


@pytest.mark.parametrize("answer", ["same", "new"])
def test_a_lost_database_and_an_external_id_used_before(
    room: Room, answer: str
) -> None:
    room.client.change(repeated_external_id=answer)
    room.good([person(1)])
    room.database.unlink()
    ran = room.good([person(2)])
    newest = room.client.audiences()[-1].audience_id
    assert ran.report["audience_id"] == str(newest)
    assert len(room.client.audiences()) == (1 if answer == "same" else 2)
    assert "user-2" in room.who(newest)
    # from now on it is known
    room.good([person(3)])
    assert {"user-2", "user-3"} <= room.who(newest)
    assert room.count("create_audience") == 2


def test_a_lost_database_and_an_external_id_that_is_refused(room: Room) -> None:
    room.client.change(repeated_external_id="refuse")
    room.good([person(1)])
    room.database.unlink()
    ran = room.run([person(2), state(1)])
    assert "set action UPDATE and audience_id" in str(ran.error)
    assert "already exists" in str(ran.error)
    assert ran.states == []
    audience_id = str(room.audience().audience_id)
    room.good([person(2)], action="UPDATE", audience_id=audience_id)
    assert room.who() == names(1, 2)


@pytest.mark.parametrize("omitted", ["keep", "clear"])
def test_update_changes_what_was_written_and_differs_and_clears_nothing(
    room: Room, omitted: str
) -> None:
    room.client.change(update_omitted=omitted)
    room.good([person(1)], audience_description="Loyal", audience_fee="USD:1")
    update = {"action": "UPDATE", "audience_id": str(room.audience().audience_id)}
    plain = {"external_audience_id": None, "audience_name": None, **update}
    room.good([person(2)], **plain)
    room.good([person(2)], **plain, audience_fee="USD:1")
    assert room.count("update_audience") == 0
    room.good([person(2)], **plain, time_to_live=86400)
    found = room.audience()
    assert (found.description, found.ttl) == ("Loyal", 86400)
    assert found.fees == [{"currency": "USD", "cpmCents": 1}]
    room.good([person(2)], **plain, audience_description="Newer")
    room.good([person(2)], **plain, audience_fee="EUR:7")
    found = room.audience()
    assert (found.description, found.ttl) == ("Newer", 86400)
    assert found.fees == [{"currency": "EUR", "cpmCents": 7}]
    assert room.count("update_audience") == 3
    assert room.who() == names(1, 2)


def test_create_goes_on_and_changes_what_differs(room: Room) -> None:
    room.good([person(1)])
    room.good([person(1)], audience_description="New words")
    assert room.audience().description == "New words"
    assert room.audience().ttl == 34300800


def test_an_audience_nobody_knows(room: Room) -> None:
    ran = room.run([person(1)], action="UPDATE", audience_id="413642381039213537")
    assert "Audience 413642381039213537 is not known to Amazon" in str(ran.error)
    assert "audienceId not found" in str(ran.error)


def test_delete_with_create_is_refused_unless_the_audience_is_known(
    room: Room,
) -> None:
    ran = room.run([person(1)], upload_mode="DELETE")
    assert isinstance(ran.error, ConfigError)
    assert "Set action UPDATE and audience_id" in str(ran.error)
    assert room.is_untouched()
    room.good([person(1), person(2)])
    room.good([person(1)], upload_mode="DELETE")
    assert room.who() == names(2)


def test_a_time_to_live_of_zero_empties_softly(room: Room) -> None:
    room.good([person(1)])
    room.good([person(2)], time_to_live=0, allow_ttl_zero=True)
    assert room.who() == set()
    room.good([], time_to_live=34300800)
    assert room.who() == names(1, 2)


# Targets and connections


def test_amc_takes_the_connection_without_an_advertiser(room: Room) -> None:
    before = connections(room)
    room.good([person(1)])
    assert room.audience().connection_id == OWN
    assert room.jobs()[0].targets == ["AMC"]
    assert connections(room) == before
    assert room.who() == names(1)


def test_amc_makes_a_connection_where_the_only_one_has_an_advertiser(
    room: Room,
) -> None:
    room.good([person(1)], amc_instance_id="amclight02")
    made = connections(room)[room.audience().connection_id or ""]
    assert made["amcInstanceId"] == "amclight02"
    assert made["amcAccountId"] == "ENTITY2AMC3LIGHT4H"
    assert "dspAdvertiserId" not in made
    assert not made["isDefault"]


def test_amc_and_dsp_takes_the_connection_with_the_advertiser(room: Room) -> None:
    room.good([person(1)], **AMC_AND_DSP)
    assert room.audience().connection_id == WITH_DSP
    assert room.jobs()[0].targets == ["AMC", "DSP"]
    assert room.who() == names(1)


def test_a_missing_connection_is_made_and_its_account_found(room: Room) -> None:
    room.good([person(1)], amc_instance_id=FREE_INSTANCE, **AMC_AND_DSP)
    made = connections(room)[room.audience().connection_id or ""]
    assert made["amcInstanceId"] == FREE_INSTANCE
    assert made["dspAdvertiserId"] == ADVERTISER
    assert made["amcAccountId"] == "ENTITY2AMC3LIGHT4H"
    room.good([person(2)], amc_instance_id=FREE_INSTANCE, **AMC_AND_DSP)
    assert room.count("add_connection") == 1
    assert room.who() == names(1, 2)


def test_the_account_may_be_given(room: Room) -> None:
    wrong = room.run(
        [person(1)],
        amc_instance_id=FREE_INSTANCE,
        amc_account_id="ENTITY5AMC6HEATH7R",
    )
    assert f"AMC instance {FREE_INSTANCE} is in none of the 1" in str(wrong.error)
    room.good(
        [person(1)],
        amc_instance_id=FREE_INSTANCE,
        amc_account_id="ENTITY2AMC3LIGHT4H",
    )
    assert room.who() == names(1)


def test_the_connection_may_be_given(room: Room) -> None:
    ran = room.run([person(1)], connection_id=OWN, **AMC_AND_DSP)
    assert "holds no DSP advertiser" in str(ran.error)
    room.good([person(1)], connection_id=WITH_DSP, amc_instance_id=None, **AMC_AND_DSP)
    assert room.jobs()[0].targets == ["AMC", "DSP"]
    assert room.count("amc_accounts") == 0


def test_a_given_connection_that_does_not_exist(room: Room) -> None:
    ran = room.run([person(1), state(1)], connection_id="no-such-connection")
    assert "Connection no-such-connection is not known to Amazon" in str(ran.error)
    assert ran.states == []
    ran = room.run([person(1)], connection_id=OWN, amc_instance_id=FREE_INSTANCE)
    assert f"leads to AMC instance {INSTANCE} and not to" in str(ran.error)
    assert not room.client.audiences()


def test_dsp_goes_to_the_advertiser_without_a_connection(room: Room) -> None:
    room.good([person(1)], **DSP)
    assert room.audience().advertiser_id == int(ADVERTISER)
    assert room.audience().connection_id is None
    assert room.jobs()[0].targets == ["DSP"]
    assert room.count("connections") == room.count("terms") == 0
    assert room.who() == names(1)


def test_an_advertiser_of_another_region(room: Room) -> None:
    room.client.change(region="EU")
    ran = room.run([person(1)], **DSP)
    assert "does not exist on this host" in str(ran.error)


def test_terms_that_are_not_accepted(room: Room) -> None:
    room.client.change(terms_accepted=False)
    ran = room.run([person(1), state(1)])
    assert "The terms of AMC are not accepted" in str(ran.error)
    assert ran.states == []
    assert room.count("accept_terms") == 0
    assert not room.client.audiences()
    room.good([person(1)], accept_amc_terms=True)
    assert room.count("accept_terms") == 1
    assert room.who() == names(1)


def test_no_connection_is_ever_deleted(room: Room) -> None:
    room.good([person(1)])
    room.good([person(1)], **MIRROR)
    assert room.count("delete_connection") == 0
    assert not room.client.statistics().alarms


# Several audiences in one run


def two(**changes: object) -> dict[str, Any]:
    return {
        "streams": {
            "customers": {"external_audience_id": "one", **changes},
            "leads": {"external_audience_id": "two", "audience_name": "leads_" * 2},
        }
    }


def lead(number: int, **values: object) -> dict[str, Any]:
    return {**person(number, **values), "stream": "leads"}


def test_several_audiences_in_one_run(room: Room) -> None:
    rows = [schema("leads"), person(1), lead(2), lead(3), state(1)]
    ran = room.good(rows, **two())
    assert ran.states == [1]
    ids = {a.external_audience_id: a.audience_id for a in room.client.audiences()}
    assert room.who(ids["one"]) == names(1)
    assert room.who(ids["two"]) == names(2, 3)
    reports = {report["stream"]: report for report in ran.summary["audiences"]}
    assert reports["customers"]["audience_id"] == str(ids["one"])
    assert reports["leads"]["sent"] == 2


def test_one_audience_mirrors_while_the_other_appends(room: Room) -> None:
    room.good([schema("leads"), person(1), lead(1)], **two(**MIRROR))
    room.good([schema("leads"), person(2), lead(2)], **two(**MIRROR))
    ids = {a.external_audience_id: a.audience_id for a in room.client.audiences()}
    assert room.who(ids["one"]) == names(2)
    assert room.who(ids["two"]) == names(1, 2)


def test_an_audience_that_fails_does_not_stop_the_other(room: Room) -> None:
    room.good([schema("leads"), person(1), lead(1)], **two())
    ids = {a.external_audience_id: a.audience_id for a in room.client.audiences()}
    room.client.add_fault(
        "status", operation="records", account=str(ids["one"]), code=403
    )
    rows = [schema("leads"), person(2), lead(2), state(1)]
    ran = room.run(rows, **two())
    assert "HTTP 403" in str(ran.error)
    assert ran.states == []
    assert room.who(ids["two"]) == names(1, 2)
    room.client.clear_faults()
    assert room.good(rows, **two()).states == [1]
    assert room.who(ids["one"]) == names(1, 2)


def test_two_streams_cannot_lead_to_one_audience(room: Room) -> None:
    room.good([person(1)])
    audience_id = str(room.audience().audience_id)
    streams = {
        "customers": {"external_audience_id": "loyalty-us"},
        "leads": {"action": "UPDATE", "audience_id": audience_id},
    }
    ran = room.run([person(2)], streams=streams)
    assert f"both lead to audience {audience_id}" in str(ran.error)
    assert room.who() == names(1)


# Settings that are wrong

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a name of nine characters": ({"audience_name": "ninechars"}, "audience_name"),
    "a fee without cents": ({"audience_fee": "USD"}, "audience_fee"),
    "a time to live too long": ({"time_to_live": 34300801}, "time_to_live"),
    "an unknown country": ({"country_code": "XX"}, "country_code"),
    "UPDATE without id": ({"action": "UPDATE"}, "audience_id"),
    "DSP without advertiser": ({"target": "DSP"}, "dsp_advertiser_id"),
    "a wait too long": (
        {"wait_until_finish": True, "max_wait_time": 1381},
        "max_wait_time",
    ),
    "a wait without end": ({"wait_until_finish": True}, "max_wait_time"),
    "an id that is no number": (
        {"action": "UPDATE", "audience_id": "4136e17"},
        "audience_id",
    ),
    "an unknown mode": ({"upload_mode": "REPLACE"}, "upload_mode"),
    "an instance that is missing": ({"amc_instance_id": None}, "amc_instance_id"),
    "a currency nobody has": ({"audience_fee": "XXX:1"}, "audience_fee"),
    "an emptying that is not meant": ({"time_to_live": 0}, "time_to_live"),
    "too many rows": ({"batch_size_rows": 10001}, "batch_size_rows"),
    "more than all": ({"mirror_max_delete_percent": 101}, "mirror_max_delete_percent"),
    "an unknown consent": ({"consent": {"amznuserdata": "YES"}}, "consent"),
    "an unknown way": ({"hashing": {"email": "md5"}}, "hashing"),
    "a stream's own": ({"streams": {"x": {"time_to_live": -1}}}, "time_to_live"),
    "no token": ({"refresh_token": None}, "refresh_token"),
    "an unknown field": ({"field_mapping": {"mail": "x"}}, "field_mapping"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_one_sentence_before_the_first_call(
    room: Room, case: str
) -> None:
    changes, name = WRONG[case]
    with pytest.raises(ConfigValidationError) as caught:
        room.listen(io.StringIO(lines([schema(), person(1)])), **changes)
    [sentence] = caught.value.errors
    assert name in sentence
    assert room.is_untouched()
    assert not room.database.exists()
