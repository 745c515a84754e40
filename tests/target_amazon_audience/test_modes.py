"""CREATE and UPDATE, APPEND and DELETE, the three targets, several audiences."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from singer_amazon.errors import AmazonError, ConfigError
from support.audience_amazon import FIRST_ID, LINKS, METADATA, RECORDS, Fault
from support.audience_runs import Bench, Ran, person, record, schema, state

AMC_AND_DSP = {"target": "AMC_AND_DSP", "dsp_advertiser_id": "5000"}
DSP = {"target": "DSP", "dsp_advertiser_id": "590000000000000123"}


def bodies(bench: Bench, method: str, path: str) -> list[dict[str, Any]]:
    return [json.loads(call.body) for call in bench.amazon.calls(method, path)]


def good(ran: Ran) -> Ran:
    assert ran.error is None, ran.error
    return ran


def test_create_makes_the_audience_once_and_goes_on_with_it(bench: Bench) -> None:
    first = good(bench.run([person(1), person(2), state(1)]))
    assert first.states == [1]
    assert first.report["audience_id"] == str(FIRST_ID)
    assert first.report["created"]
    second = good(bench.run([person(3), state(2)]))
    assert not second.report["created"]
    assert len(bench.amazon.audiences) == 1
    assert set(bench.amazon.who()) == {"user-1", "user-2", "user-3"}


def test_what_an_audience_is_made_of(bench: Bench) -> None:
    good(
        bench.run(
            [person(1)],
            audience_description="Loyal",
            audience_fee="EUR:25",
            time_to_live=604800,
        )
    )
    assert bodies(bench, "POST", METADATA) == [
        {
            "name": "loyalty_members",
            "description": "Loyal",
            "countryCode": "US",
            "targetResource": {"connectionId": "connection-1"},
            "metadata": {
                "externalAudienceId": "loyalty-us",
                "ttl": 604800,
                "audienceFees": [{"currency": "EUR", "cpmCents": 25}],
            },
        }
    ]


def test_defaults_at_creation(bench: Bench) -> None:
    good(bench.run([person(1)]))
    [body] = bodies(bench, "POST", METADATA)
    assert body["description"] == ""
    assert body["metadata"]["ttl"] == 34300800
    assert "audienceFees" not in body["metadata"]


def test_without_records_no_audience_is_made(bench: Bench) -> None:
    ran = good(bench.run([state(1)]))
    assert ran.states == [1]
    assert not bench.amazon.audiences


@pytest.mark.parametrize("repeats", ["new", "same"])
def test_a_repeated_external_id_may_bring_any_id(bench: Bench, repeats: str) -> None:
    good(bench.run([person(1)]))
    bench.database.unlink()
    bench.amazon.repeats = repeats
    ran = good(bench.run([person(2)]))
    wanted = FIRST_ID + (1 if repeats == "new" else 0)
    assert ran.report["audience_id"] == str(wanted)


def test_a_refused_external_id_says_what_to_set(bench: Bench) -> None:
    good(bench.run([person(1)]))
    bench.database.unlink()
    bench.amazon.repeats = "refused"
    ran = bench.run([person(2), state(1)])
    assert "set action UPDATE and audience_id" in str(ran.error)
    assert "externalAudienceId exists" in str(ran.error)
    assert ran.states == []


def test_other_accounts_do_not_share_an_external_id(bench: Bench) -> None:
    good(bench.run([person(1)]))
    good(bench.run([person(1)], client_id="amzn1.other"))
    assert len(bench.amazon.audiences) == 2


def test_update_changes_only_what_was_written_and_differs(bench: Bench) -> None:
    good(bench.run([person(1)], audience_description="Loyal", time_to_live=604800))
    update = {"action": "UPDATE", "audience_id": str(FIRST_ID)}
    good(bench.run([person(2)], **update))
    good(bench.run([person(2)], **update, audience_description="Loyal"))
    assert not bench.amazon.calls("PUT", f"{METADATA}/{FIRST_ID}")
    good(bench.run([person(2)], **update, time_to_live=86400))
    assert bodies(bench, "PUT", f"{METADATA}/{FIRST_ID}") == [
        {"description": "Loyal", "metadata": {"ttl": 86400}}
    ]
    assert set(bench.amazon.who()) == {"user-1", "user-2"}


def test_reuse_by_create_changes_what_differs_too(bench: Bench) -> None:
    good(bench.run([person(1)]))
    ran = good(bench.run([person(1)], audience_fee="USD:1", audience_name="x" * 10))
    [body] = bodies(bench, "PUT", f"{METADATA}/{FIRST_ID}")
    assert body["metadata"]["audienceFees"] == [{"currency": "USD", "cpmCents": 1}]
    assert any("cannot rename" in note for note in ran.report["notes"])


def test_update_of_an_unknown_audience(bench: Bench) -> None:
    ran = bench.run([person(1)], action="UPDATE", audience_id="123")
    assert "Audience 123 is not known to Amazon" in str(ran.error)
    assert "audienceId not found" in str(ran.error)


def test_ids_are_sent_as_exact_json_integers(bench: Bench) -> None:
    good(bench.run([person(1)]))
    [call] = bench.amazon.calls("POST", RECORDS)
    assert b'"audienceId":413642381039213536,' in call.body


# Targets and connections


def test_amc_uses_a_connection_without_advertiser(bench: Bench) -> None:
    bench.amazon.connections = [
        {"connectionId": "dsp", "amcInstanceId": "amcinst", "dspAdvertiserId": "5000"},
        {"connectionId": "other", "amcInstanceId": "amcother"},
        {"connectionId": "right", "amcInstanceId": "amcinst"},
    ]
    good(bench.run([person(1)]))
    [body] = bench.amazon.uploads()
    assert body["targetResource"] == {"connectionId": "right"}
    assert not bench.amazon.calls("POST", LINKS)


def test_a_missing_connection_is_made_with_the_account_found(bench: Bench) -> None:
    good(bench.run([person(1)], **AMC_AND_DSP))
    assert bodies(bench, "POST", LINKS) == [
        {
            "amcAccountId": "ENTITY1",
            "amcAccountMarketplaceId": "ATVPDKIKX0DER",
            "amcInstanceId": "amcinst",
            "dspAdvertiserId": "5000",
        }
    ]
    [body] = bench.amazon.uploads()
    assert body["targetResource"] == {
        "connectionId": "connection-1",
        "targetTypes": ["DSP"],
    }
    good(bench.run([person(1)], **AMC_AND_DSP))
    assert len(bench.amazon.connections) == 1


def test_an_instance_nobody_has(bench: Bench) -> None:
    ran = bench.run([person(1)], amc_instance_id="amcnone")
    assert "AMC instance amcnone is in none of the 1 AMC accounts" in str(ran.error)


def test_a_given_connection_is_used_as_it_is(bench: Bench) -> None:
    bench.amazon.connections = [{"connectionId": "mine", "amcInstanceId": "amcx"}]
    good(bench.run([person(1)], connection_id="mine", amc_instance_id=None))
    [body] = bench.amazon.uploads()
    assert body["targetResource"] == {"connectionId": "mine"}
    given = {"connection_id": "mine", "amc_instance_id": None}
    ran = bench.run([person(1)], **given, **AMC_AND_DSP)
    assert "holds no DSP advertiser" in str(ran.error)


def test_dsp_needs_no_connection(bench: Bench) -> None:
    good(bench.run([person(1)], amc_instance_id=None, **DSP))
    [created] = bodies(bench, "POST", METADATA)
    assert created["targetResource"] == {"advertiserId": 590000000000000123}
    [body] = bench.amazon.uploads()
    assert "targetResource" not in body
    assert not any(call.path.startswith(LINKS) for call in bench.amazon.exchanges)


def test_terms_that_are_not_accepted(bench: Bench) -> None:
    bench.amazon.has_accepted = False
    ran = bench.run([person(1), state(1)])
    assert "The terms of AMC are not accepted" in str(ran.error)
    assert "accept_amc_terms" in str(ran.error)
    assert ran.states == []
    good(bench.run([person(1)], accept_amc_terms=True))
    assert bench.amazon.has_accepted


# Deleting


def test_delete_carries_the_hashes(bench: Bench) -> None:
    good(bench.run([person(1), person(2)]))
    good(bench.run([person(1)], upload_mode="DELETE"))
    assert set(bench.amazon.who()) == {"user-2"}
    deleted = bench.amazon.sent()[-1]
    assert deleted["action"] == "DELETE"
    assert deleted["hashedPII"]


def test_delete_needs_no_consent(bench: Bench) -> None:
    ok = {"amznuserdata": "GRANTED"}
    german = {"country_code": "DE"}
    good(bench.run([person(1, **ok), person(2, **ok)], **german))
    gone = [person(1), person(2, amznuserdata="DENIED")]
    good(bench.run(gone, upload_mode="DELETE", **german))
    assert bench.amazon.who() == {}


def test_create_with_delete_needs_a_known_audience(bench: Bench) -> None:
    ran = bench.run([person(1)], upload_mode="DELETE")
    assert isinstance(ran.error, ConfigError)
    assert "Set action UPDATE and audience_id" in str(ran.error)
    assert not bench.amazon.exchanges


# Several audiences


def both(**changes: object) -> dict[str, Any]:
    return {
        "streams": {
            "customers": {"external_audience_id": "one", **changes},
            "leads": {"external_audience_id": "two", "upload_mode": "APPEND"},
        }
    }


def lead(number: int) -> dict[str, Any]:
    return {**person(f"lead-{number}"), "stream": "leads"}


def test_several_audiences_in_one_run(bench: Bench) -> None:
    ran = bench.run([schema("leads"), person(1), lead(1), lead(2), state(1)], **both())
    assert ran.error is None
    assert ran.states == [1]
    reports = {entry["stream"]: entry for entry in ran.summary["audiences"]}
    assert reports["customers"]["records"] == 1
    assert reports["leads"]["records"] == 2
    assert set(bench.amazon.who(FIRST_ID)) == {"user-1"}
    assert set(bench.amazon.who(FIRST_ID + 1)) == {"user-lead-1", "user-lead-2"}


def test_a_stream_that_is_not_named_is_refused_by_name(bench: Bench) -> None:
    ran = bench.run([person(1), state(1), schema("others")], **both())
    assert "Stream others is not named in the setting streams" in str(ran.error)
    # what came before it is delivered all the same
    assert set(bench.amazon.who(FIRST_ID)) == {"user-1"}
    assert ran.states == [1]


def test_one_audience_that_fails_does_not_stop_the_other(bench: Bench) -> None:
    bench.amazon.faults = [
        Fault("POST", METADATA, 403, when=lambda body: b'"one"' in body)
    ]
    ran = bench.run([schema("leads"), person(1), lead(1), state(1)], **both())
    assert "HTTP 403" in str(ran.error)
    assert set(bench.amazon.who(FIRST_ID)) == {"user-lead-1"}
    assert ran.states == []
    results = {entry["stream"]: entry["result"] for entry in ran.summary["audiences"]}
    assert results == {"customers": "failed", "leads": "pending"}


def test_two_streams_cannot_have_one_audience(bench: Bench) -> None:
    with pytest.raises(AmazonError, match="customers and leads name the same audience"):
        bench.target(bench.config(**both(external_audience_id="two"))).listen(
            io.StringIO()
        )


def test_stream_maps_with_constants_and_templates(bench: Bench) -> None:
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
    ran = good(bench.run(rows, stream_maps=maps))
    [sent] = bench.amazon.sent()
    assert sent["externalUserId"] == "crm-7"
    assert sent["countryCode"] == "GB"
    assert sent["userConsent"]["consent"] == {"amzn": {"amznUserData": "GRANTED"}}
    assert ran.report["skipped_by_reason"] == {"no usable personal data": 1}


def test_an_expression_that_fails_costs_its_record_only(bench: Bench) -> None:
    maps = {"customers": {"externaluserid": "externaluserid", "email": "email.lower()"}}
    ran = good(
        bench.run([person(1), record(externaluserid="u", email=None)], stream_maps=maps)
    )
    assert ran.report["sent"] == 1
    assert ran.report["skipped_by_reason"] == {"expression of stream_maps failed": 1}


# A dry run


def test_a_dry_run_calls_nobody_and_changes_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    consent = {"ipaddress": "192.0.2.77", "amznuserdata": "GRANTED"}
    ran = good(bench.run([person(1, **consent), person(2), state(1)], dry_run=True))
    assert not bench.amazon.exchanges
    assert not bench.database.exists()
    assert ran.states == []
    assert ran.report["records"] == 2
    [line] = [m for m in caplog.messages if "first payload" in m]
    assert "has 2 records" in line
    for hidden in ("user-1", "192.0.2.77", "person1"):
        assert hidden not in line
    sent = json.loads(line.partition("beginning with ")[2])
    assert len(sent[0]["hashedPII"][0]["email"]) == 8
