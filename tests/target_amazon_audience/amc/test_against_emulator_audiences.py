"""Audiences and connections."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from singer_amazon.errors import AmazonError, ConfigError
from support.audience.emulator import (
    ACCOUNT,
    ADVERTISER,
    CONNECTIONS,
    DSP_CONNECTION,
    FREE_INSTANCE,
    INSTANCE,
    METADATA,
    OWN_CONNECTION,
    RECORDS,
)
from support.audience.runner import (
    END,
    MIRROR,
    Runner,
    lines,
    names,
    person,
    record,
    schema,
    state,
)

AMC_AND_DSP = {"target": "AMC_AND_DSP", "dsp_advertiser_id": ADVERTISER}
DSP = {"target": "DSP", "dsp_advertiser_id": ADVERTISER, "amc_instance_id": None}


def bodies(target: Runner, method: str, path: str) -> list[dict[str, Any]]:
    return [call.payload for call in target.emulator.calls(method, path)]


# The audience


def test_create_once_and_go_on_with_it_every_day(target: Runner) -> None:
    first = target.good([person(1), person(2), state(1)])
    assert first.report["created"]
    assert first.states == [1]
    audience = target.audience()
    assert audience.audience_id > 2**53
    assert audience.audience_id % 2  # a double could not hold it
    assert first.report["audience_id"] == str(audience.audience_id)
    [upload] = target.emulator.calls("POST", RECORDS)
    assert f'"audienceId":{audience.audience_id},'.encode() in upload.body
    for day in (3, 4):
        target.client.advance(86400)
        again = target.good([person(day)])
        assert not again.report["created"]
    assert target.members() == names(1, 2, 3, 4)
    assert target.count("create_audience") == 1


def test_what_is_created(target: Runner) -> None:
    target.good(
        [person(1)],
        audience_description="Loyal",
        audience_fee="EUR:25",
        time_to_live=604800,
        country_code="uk",
        consent_mode="off",
    )
    found = target.audience()
    assert (found.description, found.ttl) == ("Loyal", 604800)
    assert bodies(target, "POST", METADATA) == [
        {
            "name": "loyalty_members",
            "description": "Loyal",
            "countryCode": "GB",
            "targetResource": {"connectionId": OWN_CONNECTION},
            "metadata": {
                "externalAudienceId": "loyalty-us",
                "ttl": 604800,
                "audienceFees": [{"currency": "EUR", "cpmCents": 25}],
            },
        }
    ]


def test_defaults_at_creation(target: Runner) -> None:
    target.good([person(1)])
    found = target.audience()
    assert (found.description, found.ttl, found.fees) == ("", 34300800, [])


@pytest.mark.parametrize("answer", ["same", "new"])
def test_a_lost_database_and_an_external_id_used_before(
    target: Runner, answer: str
) -> None:
    target.client.change(repeated_external_id=answer)
    target.good([person(1)])
    target.database.unlink()
    ran = target.good([person(2)])
    newest = target.client.audiences()[-1].audience_id
    assert ran.report["audience_id"] == str(newest)
    assert len(target.client.audiences()) == (1 if answer == "same" else 2)
    assert "user-2" in target.members(newest)
    # from now on it is known
    target.good([person(3)])
    assert {"user-2", "user-3"} <= target.members(newest)
    assert target.count("create_audience") == 2


def test_a_lost_database_and_an_external_id_that_is_refused(target: Runner) -> None:
    target.client.change(repeated_external_id="refuse")
    target.good([person(1)])
    target.database.unlink()
    ran = target.run([person(2), state(1)])
    assert "set action UPDATE and audience_id" in str(ran.error)
    assert "already exists" in str(ran.error)
    assert ran.states == []
    audience_id = str(target.audience().audience_id)
    target.good([person(2)], action="UPDATE", audience_id=audience_id)
    assert target.members() == names(1, 2)


@pytest.mark.parametrize("omitted", ["keep", "clear"])
def test_update_changes_what_was_written_and_differs_and_clears_nothing(
    target: Runner, omitted: str
) -> None:
    target.client.change(update_omitted=omitted)
    target.good([person(1)], audience_description="Loyal", audience_fee="USD:1")
    update = {"action": "UPDATE", "audience_id": str(target.audience().audience_id)}
    plain = {"external_audience_id": None, "audience_name": None, **update}
    target.good([person(2)], **plain)
    target.good([person(2)], **plain, audience_fee="USD:1")
    assert target.count("update_audience") == 0
    target.good([person(2)], **plain, time_to_live=86400)
    found = target.audience()
    assert (found.description, found.ttl) == ("Loyal", 86400)
    assert found.fees == [{"currency": "USD", "cpmCents": 1}]
    target.good([person(2)], **plain, audience_description="Newer")
    target.good([person(2)], **plain, audience_fee="EUR:7")
    found = target.audience()
    assert (found.description, found.ttl) == ("Newer", 86400)
    assert found.fees == [{"currency": "EUR", "cpmCents": 7}]
    assert target.count("update_audience") == 3
    assert target.members() == names(1, 2)


def test_create_goes_on_and_changes_what_differs(target: Runner) -> None:
    target.good([person(1)])
    changes = {"audience_fee": "USD:1", "audience_name": "x" * 10}
    ran = target.good([person(1)], audience_description="New words", **changes)
    found = target.audience()
    assert (found.description, found.ttl) == ("New words", 34300800)
    assert found.fees == [{"currency": "USD", "cpmCents": 1}]
    assert ran.noted("cannot rename")


def test_other_accounts_do_not_share_an_external_id(target: Runner) -> None:
    target.client.change(repeated_external_id="new")
    target.good([person(1)])
    target.client.change(client_id="amzn1.other")
    target.good([person(1)], client_id="amzn1.other")
    assert len(target.client.audiences()) == 2


def test_an_audience_nobody_knows(target: Runner) -> None:
    ran = target.run([person(1)], action="UPDATE", audience_id="413642381039213537")
    assert "Audience 413642381039213537 is not known to Amazon" in str(ran.error)
    assert "audienceId not found" in str(ran.error)


def test_delete_with_create_is_refused_unless_the_audience_is_known(
    target: Runner,
) -> None:
    ran = target.run([person(1)], upload_mode="DELETE")
    assert isinstance(ran.error, ConfigError)
    assert "Set action UPDATE and audience_id" in str(ran.error)
    assert target.is_untouched()
    target.good([person(1), person(2)])
    target.good([person(1)], upload_mode="DELETE")
    assert target.members() == names(2)


def test_a_time_to_live_of_zero_empties_softly(target: Runner) -> None:
    target.good([person(1)])
    target.good([person(2)], time_to_live=0, allow_ttl_zero=True)
    assert target.members() == set()
    target.good([], time_to_live=34300800)
    assert target.members() == names(1, 2)


# Targets and connections


def test_amc_takes_the_connection_without_an_advertiser(target: Runner) -> None:
    before = target.connections()
    target.good([person(1)])
    assert target.audience().connection_id == OWN_CONNECTION
    assert target.jobs()[0].targets == ["AMC"]
    [upload] = target.emulator.uploads()
    assert upload["targetResource"] == {"connectionId": OWN_CONNECTION}
    assert target.connections() == before
    assert target.members() == names(1)


def test_amc_makes_a_connection_where_the_only_one_has_an_advertiser(
    target: Runner,
) -> None:
    target.good([person(1)], amc_instance_id="amclight02")
    made = target.connections()[target.audience().connection_id or ""]
    assert made["amcInstanceId"] == "amclight02"
    assert made["amcAccountId"] == ACCOUNT
    assert "dspAdvertiserId" not in made
    assert not made["isDefault"]


def test_amc_and_dsp_takes_the_connection_with_the_advertiser(target: Runner) -> None:
    target.good([person(1)], **AMC_AND_DSP)
    assert target.audience().connection_id == DSP_CONNECTION
    assert target.jobs()[0].targets == ["AMC", "DSP"]
    assert target.members() == names(1)


def test_a_missing_connection_is_made_and_its_account_found(target: Runner) -> None:
    target.good([person(1)], amc_instance_id=FREE_INSTANCE, **AMC_AND_DSP)
    made = target.connections()[target.audience().connection_id or ""]
    assert bodies(target, "POST", CONNECTIONS) == [
        {
            "amcAccountId": ACCOUNT,
            "amcAccountMarketplaceId": "ATVPDKIKX0DER",
            "amcInstanceId": FREE_INSTANCE,
            "dspAdvertiserId": ADVERTISER,
        }
    ]
    [upload] = target.emulator.uploads()
    assert upload["targetResource"] == {
        "connectionId": made["connectionId"],
        "targetTypes": ["DSP"],
    }
    target.good([person(2)], amc_instance_id=FREE_INSTANCE, **AMC_AND_DSP)
    assert target.count("add_connection") == 1
    assert target.members() == names(1, 2)


def test_the_account_may_be_given(target: Runner) -> None:
    wrong = target.run(
        [person(1)], amc_instance_id=FREE_INSTANCE, amc_account_id="ENTITY5AMC6HEATH7R"
    )
    assert f"AMC instance {FREE_INSTANCE} is in none of the 1" in str(wrong.error)
    target.client.change(page_size=1)
    nowhere = target.run([person(1)], amc_instance_id="amcnone")
    assert "amcnone is in none of the 3 AMC accounts" in str(nowhere.error)
    target.good([person(1)], amc_instance_id=FREE_INSTANCE, amc_account_id=ACCOUNT)
    assert target.members() == names(1)


def test_the_connection_may_be_given(target: Runner) -> None:
    ran = target.run([person(1)], connection_id=OWN_CONNECTION, **AMC_AND_DSP)
    assert "holds no DSP advertiser" in str(ran.error)
    given = {"connection_id": DSP_CONNECTION, "amc_instance_id": None}
    target.good([person(1)], **given)
    [upload] = target.emulator.uploads()
    assert upload["targetResource"] == {"connectionId": DSP_CONNECTION}
    target.good([person(1)], **given, **AMC_AND_DSP)
    assert target.jobs()[1].targets == ["AMC", "DSP"]
    assert target.count("amc_accounts") == 0


def test_a_given_connection_that_does_not_exist(target: Runner) -> None:
    ran = target.run([person(1), state(1)], connection_id="no-such-connection")
    assert "Connection no-such-connection is not known to Amazon" in str(ran.error)
    assert ran.states == []
    ran = target.run(
        [person(1)], connection_id=OWN_CONNECTION, amc_instance_id=FREE_INSTANCE
    )
    assert f"leads to AMC instance {INSTANCE} and not to" in str(ran.error)
    assert not target.client.audiences()


def test_dsp_goes_to_the_advertiser_without_a_connection(target: Runner) -> None:
    target.good([person(1)], **DSP)
    assert target.audience().advertiser_id == int(ADVERTISER)
    assert target.audience().connection_id is None
    assert target.jobs()[0].targets == ["DSP"]
    [created] = bodies(target, "POST", METADATA)
    assert created["targetResource"] == {"advertiserId": int(ADVERTISER)}
    [upload] = target.emulator.uploads()
    assert "targetResource" not in upload
    assert not [e for e in target.emulator.exchanges if CONNECTIONS in e.path]
    assert target.members() == names(1)


def test_an_advertiser_of_another_region(target: Runner) -> None:
    target.client.change(region="EU")
    ran = target.run([person(1)], **DSP)
    assert "does not exist on this host" in str(ran.error)


def test_terms_that_are_not_accepted(target: Runner) -> None:
    target.client.change(terms_accepted=False)
    ran = target.run([person(1), state(1)])
    assert "The terms of AMC are not accepted" in str(ran.error)
    assert "accept_amc_terms" in str(ran.error)
    assert ran.states == []
    assert target.count("accept_terms") == 0
    assert not target.client.audiences()
    target.good([person(1)], accept_amc_terms=True)
    assert target.count("accept_terms") == 1
    assert target.members() == names(1)


def test_no_connection_is_ever_deleted(target: Runner) -> None:
    target.good([person(1)])
    target.good([person(1)], **MIRROR)
    assert target.count("delete_connection") == 0
    assert not target.client.statistics().alarms


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


def test_several_audiences_in_one_run(target: Runner) -> None:
    rows = [schema("leads"), person(1), lead(2), lead(3), state(1)]
    ran = target.good(rows, **two())
    assert ran.states == [1]
    ids = target.ids()
    assert target.members(ids["one"]) == names(1)
    assert target.members(ids["two"]) == names(2, 3)
    reports = {report["stream"]: report for report in ran.summary["audiences"]}
    assert reports["customers"]["audience_id"] == str(ids["one"])
    assert reports["customers"]["records"] == 1
    assert reports["leads"]["records"] == reports["leads"]["sent"] == 2


def test_one_audience_mirrors_while_the_other_appends(target: Runner) -> None:
    target.good([schema("leads"), person(1), lead(1), END], **two(**MIRROR))
    target.good([schema("leads"), person(2), lead(2), END], **two(**MIRROR))
    ids = target.ids()
    assert target.members(ids["one"]) == names(2)
    assert target.members(ids["two"]) == names(1, 2)


def test_an_audience_that_fails_does_not_stop_the_other(target: Runner) -> None:
    target.good([schema("leads"), person(1), lead(1)], **two())
    ids = target.ids()
    target.fault("status", account=str(ids["one"]), code=403)
    rows = [schema("leads"), person(2), lead(2), state(1)]
    ran = target.run(rows, **two())
    assert "HTTP 403" in str(ran.error)
    assert ran.states == []
    assert target.members(ids["two"]) == names(1, 2)
    target.client.clear_faults()
    assert target.good(rows, **two()).states == [1]
    assert target.members(ids["one"]) == names(1, 2)


def test_an_audience_that_cannot_be_made_does_not_stop_the_other(
    target: Runner,
) -> None:
    target.fault("status", "create_audience", account="one", code=403)
    ran = target.run([schema("leads"), person(1), lead(1), state(1)], **two())
    assert "HTTP 403" in str(ran.error)
    assert target.members(target.ids()["two"]) == names(1)
    assert ran.states == []
    results = {entry["stream"]: entry["result"] for entry in ran.summary["audiences"]}
    assert results == {"customers": "failed", "leads": "waiting"}


def test_a_stream_that_is_not_named_is_refused_by_name(target: Runner) -> None:
    ran = target.run([person(1), state(1), schema("others")], **two())
    assert "Stream others is not named in the setting streams" in str(ran.error)
    # what came before it is delivered all the same
    assert target.members() == names(1)
    assert ran.states == [1]


def test_two_streams_cannot_name_one_audience(target: Runner) -> None:
    with pytest.raises(AmazonError, match="customers and leads name the same audience"):
        target.listen(io.StringIO(), **two(external_audience_id="two"))


def test_two_streams_cannot_lead_to_one_audience(target: Runner) -> None:
    target.good([person(1)])
    audience_id = str(target.audience().audience_id)
    streams = {
        "customers": {"external_audience_id": "loyalty-us"},
        "leads": {"action": "UPDATE", "audience_id": audience_id},
    }
    ran = target.run([person(2)], streams=streams)
    assert f"both lead to audience {audience_id}" in str(ran.error)
    assert target.members() == names(1)


# Stream maps


def test_stream_maps_with_constants_and_templates(target: Runner) -> None:
    maps = {
        "customers": {
            "externaluserid": "'crm-' + str(Id)",
            "email": "Mail",
            "countrycode": "'GB'",
            "amznuserdata": "'GRANTED'",
            "__else__": None,
        }
    }
    rows = [
        schema("customers", "Id", "Mail"),
        record(Id=7, Mail="a@b.c"),
        record(Id=8, Mail=None),
    ]
    ran = target.good(rows, stream_maps=maps)
    [sent] = target.emulator.sent()
    assert sent["externalUserId"] == "crm-7"
    assert sent["countryCode"] == "GB"
    assert sent["userConsent"]["consent"] == {"amzn": {"amznUserData": "GRANTED"}}
    assert ran.report["skipped_by_reason"] == {"no usable personal data": 1}


def test_an_expression_that_fails_costs_its_record_only(target: Runner) -> None:
    maps = {"customers": {"externaluserid": "externaluserid", "email": "email.lower()"}}
    rows = [person(1), record(externaluserid="u", email=None)]
    ran = target.good(rows, stream_maps=maps)
    assert ran.report["sent"] == 1
    assert ran.report["skipped_by_reason"] == {"expression of stream_maps failed": 1}


# A dry run


def test_a_dry_run_calls_nobody_and_changes_nothing(
    target: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    consent = {"ipaddress": "192.0.2.77", "amznuserdata": "GRANTED"}
    ran = target.good([person(1, **consent), person(2), state(1)], dry_run=True)
    assert target.is_untouched()
    assert not target.database.exists()
    assert ran.states == []
    assert ran.report["records"] == 2
    [line] = [m for m in caplog.messages if "first payload" in m]
    assert "has 2 records" in line
    for hidden in ("user-1", "192.0.2.77", "person1"):
        assert hidden not in line
    sent = json.loads(line.partition("beginning with ")[2])
    assert len(sent[0]["hashedPII"][0]["email"]) == 8


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
    target: Runner, case: str
) -> None:
    changes, name = WRONG[case]
    with pytest.raises(ConfigValidationError) as caught:
        target.listen(io.StringIO(lines([schema(), person(1)])), **changes)
    [sentence] = caught.value.errors
    assert name in sentence
    assert target.is_untouched()
    assert not target.database.exists()
