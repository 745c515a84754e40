"""What becomes of rows: consent, countries, row errors, removals, STATE."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from support.audience.dataset_runner import FULL, DatasetRunner
from support.audience.runner import (
    MIRROR,
    hashed,
    names,
    people,
    person,
    record,
    schema,
    state,
)

NO_CONSENT: dict[str, Any] = {"consent": None}
GRANTED = {"amznuserdata": "GRANTED"}
NO_GRANT = "removal not possible without consent signal"
DIFFER = "country and country of the consent differ"


def reasons(target: DatasetRunner) -> list[str]:
    return [line["reason"] for line in target.rejects()]


# Rows


def test_a_row_has_amazons_names_and_the_consent(target: DatasetRunner) -> None:
    consent = {
        "amznuserdata": "GRANTED",
        "amznadstorage": "GRANTED",
        "tcf": "CPXX",
        "gpp": "DBAA",
        "ipaddress": "192.0.2.1",
    }
    target.good([person(1, **FULL, countrycode="US", **consent)], **NO_CONSENT)
    [row] = target.rows()
    assert row["userConsent"] == {
        "geo": {"countryCode": "US", "ipAddress": "192.0.2.1"},
        "consent": {
            "amzn": {"amznUserData": "GRANTED", "amznAdStorage": "GRANTED"},
            "tcf": "CPXX",
            "gpp": "DBAA",
        },
    }
    assert target.pii("user-1") == [
        hashed(
            address="1mainst",
            city="seattle",
            email="person1@example.com",
            firstname="ann",
            lastname="lee",
            phone="12065550100",
            postal="98109",
            state="wa",
        )
    ]
    kept = target.database.read_bytes()
    assert b"192.0.2.1" not in kept
    # only a mirror has to know who is in
    assert hashed(email="person1@example.com")["email"].encode() not in kept


def test_both_ways_of_writing_a_value_are_two_sets(target: DatasetRunner) -> None:
    odd = record(externaluserid="u", email="a_b@c.de", postal="n1 9gu", state="NA")
    target.good([odd], normalisation="both", country_code="GB", target="NONE")
    recommended, uploader = (
        hashed(email=email, postal=postal, state="na")
        for email, postal in (("ab@c.de", "n19gu"), ("a_b@c.de", "N19GU"))
    )
    found = sorted(target.pii("u"), key=json.dumps)
    assert found == sorted([recommended, uploader], key=json.dumps)


def test_an_id_from_the_email_is_its_hash(target: DatasetRunner) -> None:
    target.good([record(email="a@b.c")], external_user_id="from_email")
    assert target.members() == {hashed(email="a@b.c")["email"]}


def test_consent_is_wanted_in_every_country(target: DatasetRunner) -> None:
    rows = [
        person(1),
        person(2, **GRANTED),
        person(3, amznuserdata="NOT_APPLICABLE"),
        person(4, amznuserdata="NOT_APPLICABLE", countrycode="GB"),
        person(5, amznuserdata="DENIED"),
        person(6, tcf="CPXX"),
        person(7, amznuserdata="UNKNOWN"),
    ]
    ran = target.good(rows, **NO_CONSENT)
    assert target.members() == names(2, 3, 6)
    assert ran.report["skipped_by_reason"] == {
        "consent missing": 3,
        "consent denied": 1,
    }


@pytest.mark.parametrize(("mode", "sent"), [("warn", 1), ("off", 0)])
def test_consent_modes(target: DatasetRunner, mode: str, sent: int) -> None:
    target.client.change(adm_require_consent=False)
    ran = target.good(people(1), **NO_CONSENT, consent_mode=mode)
    assert ran.report["sent_without_consent"] == sent
    assert target.rows()[0]["userConsent"] == {"geo": {"countryCode": "US"}}


def test_one_country_a_row_that_of_the_consent(target: DatasetRunner) -> None:
    rows = [
        person(1, countrycode="DE", consentcountrycode="DE"),
        person(2, consentcountrycode="FR"),
        person(3, countrycode="DE", consentcountrycode="FR"),
        person(4, countrycode="DE"),
    ]
    target.good(rows)
    found = {r["externalUserId"]: r["userConsent"]["geo"] for r in target.rows()}
    assert found == {
        "user-1": {"countryCode": "DE"},
        "user-2": {"countryCode": "FR"},
        "user-4": {"countryCode": "DE"},
    }
    assert reasons(target) == [DIFFER]
    ran = target.good(rows[2:3], consent_mode="warn")
    assert ran.noted("1 records name another country than their consent does")
    assert target.rows()[-1]["userConsent"]["geo"] == {"countryCode": "FR"}


def test_a_denial_that_names_two_countries_is_a_denial(target: DatasetRunner) -> None:
    target.mirror(*people(1, 2))
    denied = {"amznuserdata": "DENIED", "consentcountrycode": "FR"}
    target.mirror(person(1), person(2, countrycode="DE", **denied))
    assert target.members() == names(1)


def test_ten_sets_of_data_a_person_and_the_rest_counted(target: DatasetRunner) -> None:
    rows = [record(externaluserid="u", email=f"a{n}@b.c") for n in range(13)]
    ran = target.good(rows)
    [row] = target.rows()
    assert len(row["userIdentity"]["hashedPiis"]) == 10
    assert ran.report["personal_data_left_out"] == 3
    assert any("3 sets of personal data" in text for text in ran.summary["notices"])
    assert {line["sets"] for line in target.rejects()} == {3}


def test_ten_sets_in_a_mirror_whatever_the_batches(target: DatasetRunner) -> None:
    rows = [record(externaluserid="u", email=f"a{n}@b.c") for n in range(13)]
    mixed = [found for n, row in enumerate(rows) for found in (row, person(n))]
    ran = target.mirror(*mixed, batch_size_rows=4)
    assert ran.report["personal_data_left_out"] == 3
    assert len(target.pii("u")) == 10
    again = target.mirror(*mixed, batch_size_rows=4)
    assert again.report["batches"] == 0
    target.mirror(person(0))
    assert target.members() == names(0)


def test_five_thousand_rows_a_batch_unless_said_otherwise(
    target: DatasetRunner,
) -> None:
    target.client.change(judge_records="none")
    target.good(people(*range(5001)))
    uploads = target.client.statistics().adm_uploads
    assert [upload["received"] for upload in uploads] == [5000, 1]


# Row errors


@pytest.mark.parametrize("is_decimal", [False, True])
def test_rows_that_amazon_rejects_are_noted_by_their_person(
    target: DatasetRunner, caplog: pytest.LogCaptureFixture, is_decimal: bool
) -> None:
    target.client.change(adm_decimal_index=is_decimal)
    reason = "user-2 is on no list"
    target.fault("invalid_record", external_user_ids=["user-2"], reason=reason)
    ran = target.good([*people(1, 2, 3), state(1)])
    assert target.members() == names(1, 3)
    [line] = target.rejects()
    assert line["row"] == 2
    assert line["reason"] == "invalid at Amazon: *** is on no list"
    assert line["external_id_sha256"] == hashed(id="user-2")["id"]
    assert ran.report["invalid_by_reason"] == {"*** is on no list": 1}
    assert ran.states == [1]
    assert "user-2" not in caplog.text


def test_rows_that_amazon_rejects_hold_the_state_back(target: DatasetRunner) -> None:
    target.fault("invalid_record", external_user_ids=["user-1", "user-3"])
    rows = [person(1), state(1), person(2), state(2), person(3), state(3)]
    ran = target.run(rows, batch_size_rows=1, max_rejected_percent=10)
    assert "2 of 3 records were rejected" in str(ran.error)
    assert ran.states == []
    assert target.members() == names(2)


def test_no_state_passes_a_batch_that_went_in_half(target: DatasetRunner) -> None:
    target.client.change(adm_max_request_bytes=1200)
    target.fault("status", code=403, skip=2)
    target.fault("invalid_record", external_user_ids=["user-0"])
    ran = target.run([*people(*range(6)), state(1)])
    assert "HTTP 403" in str(ran.error)
    assert ran.report["invalid"] == 1
    assert target.members() == names(1, 2)
    assert ran.states == []


def test_a_bad_row_in_a_refused_request_costs_that_row(target: DatasetRunner) -> None:
    target.fault("refuse_record", external_user_ids=["user-3"])
    ran = target.run([*people(*range(8)), state(1)])
    assert target.members() == names(0, 1, 2, 4, 5, 6, 7)
    assert "Amazon refused 1 records of a batch" in str(ran.error)


def test_a_request_that_is_too_large_is_halved(target: DatasetRunner) -> None:
    target.client.change(adm_max_request_bytes=2000)
    target.good(people(*range(30)))
    assert target.members() == names(*range(30))


def test_a_429_is_waited_out_and_a_lost_answer_repeated(
    target: DatasetRunner,
) -> None:
    target.fault("throttle", times=1, retry_after=900)
    target.fault("lost_answer", times=1, skip=1)
    assert target.seconds_of(people(1, 2), batch_size_rows=1) >= 900
    assert target.members() == names(1, 2)


def test_a_token_that_ends_in_the_middle_of_a_run(target: DatasetRunner) -> None:
    target.fault("unauthorized", skip=1, times=1)
    target.good([*people(1, 2, 3), state(1)], batch_size_rows=1)
    assert target.members() == names(1, 2, 3)
    assert target.count("token") == 2


def test_an_answer_without_an_ingress_id(target: DatasetRunner) -> None:
    target.client.change(adm_omit_ingress_id=True, adm_unknown_fields=True)
    target.sent(1)
    assert target.members() == names(1)


def test_what_was_sent_is_logged_with_amazons_ids(
    target: DatasetRunner, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        ran = target.sent(1)
    assert "Amazon took a batch: ingress id" in caplog.text
    assert f"all streams: dataset id {ran.report['dataset_id']}" in caplog.text
    assert "completed batches" not in caplog.text


# Removals


def test_a_removal_without_a_granted_signal_is_not_sent(target: DatasetRunner) -> None:
    target.good(people(1, 2, 3))
    rows = [person(1), person(2, **GRANTED), person(3, tcf="CPXX"), state(1)]
    ran = target.run(rows, **NO_CONSENT, upload_mode="DELETE")
    assert ran.report["skipped_by_reason"] == {NO_GRANT: 2}
    assert reasons(target) == [NO_GRANT, NO_GRANT]
    assert "2 records were to be deleted and were not" in str(ran.error)
    assert ran.states == []
    assert target.members() == names(1, 3)
    assert target.dataset().ignored == 0


def test_a_removal_takes_the_consent_the_mirror_has_kept(target: DatasetRunner) -> None:
    target.mirror(person(1, city="x"), person(2))
    just_ids = schema("customers", "externaluserid")
    rows = [just_ids, record(externaluserid="user-1")]
    target.good(rows, **NO_CONSENT, upload_mode="DELETE")
    assert target.members() == names(2)
    [gone] = [row for row in target.rows() if row["action"] == "DELETE"]
    assert gone["userConsent"]["consent"]["amzn"]["amznUserData"] == "GRANTED"


def test_a_person_with_more_sets_than_a_row_takes_goes_whole(
    target: DatasetRunner,
) -> None:
    for first in (0, 8):
        rows = [
            record(externaluserid="u", email=f"a{n}@b.c")
            for n in range(first, first + 8)
        ]
        target.mirror(person(1)) if not first else None
        target.good(rows)
    assert len(target.pii("u")) == 16
    just_ids = schema("customers", "externaluserid")
    target.good([just_ids, record(externaluserid="u")], upload_mode="DELETE")
    assert target.members() == names(1)


def test_a_mirror_leaves_who_cannot_be_removed_and_says_so(
    target: DatasetRunner,
) -> None:
    kept = person(2, tcf="CPXX")
    target.mirror(person(1, **GRANTED), kept, person(3, **GRANTED), **NO_CONSENT)
    changed = person(2, tcf="CPXX", city="x")
    rows = [person(1, **GRANTED), changed, {"type": "STATE", "value": {}}]
    ran = target.run(rows, **{**MIRROR, **NO_CONSENT})
    assert "1 members were to be removed and were not" in str(ran.error)
    assert target.members() == names(1, 2)
    assert target.pii("user-2") == [hashed(email="person2@example.com")]
    assert reasons(target) == [NO_GRANT]
    assert target.dataset().ignored == 0


def test_a_withdrawn_consent_removes_with_the_one_that_was_given(
    target: DatasetRunner,
) -> None:
    target.mirror(*people(1, 2))
    target.mirror(person(1), person(2, amznuserdata="DENIED"))
    assert target.members() == names(1)


def test_a_member_whose_data_change_is_made_anew_in_the_same_run(
    target: DatasetRunner,
) -> None:
    target.mirror(*people(1, 2))
    ran = target.mirror(person(1, city="x"), person(2))
    assert target.pii("user-1") == [hashed(email="person1@example.com", city="x")]
    assert ran.report["mirror"]["changed"] == 1
    again = target.mirror(person(1, city="x"), person(2))
    assert again.report["batches"] == 0


def test_a_dry_run_shows_rows_without_a_call(
    target: DatasetRunner, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        target.good(people(1), dry_run=True)
    [line] = [text for text in caplog.messages if "first payload" in text]
    [row] = json.loads(line.partition("beginning with ")[2])
    [pii] = row["userIdentity"]["hashedPiis"]
    assert pii == {"em": hashed(email="person1@example.com")["email"][:8]}
    assert "user-1" not in line
    assert target.is_untouched()


def test_nothing_personal_is_seen_anywhere(
    target: DatasetRunner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    target.fault("invalid_record", external_user_ids=["user-2"], reason="user-2!")
    rows = [*people(1, 2), person(3, phone="2065550100"), person(4, amznuserdata="?")]
    target.run(rows)
    target.run(people(1, 3), upload_mode="DELETE")
    target.mirror(*people(5, 6))
    files = [path for path in target.folder.rglob("*") if path.is_file()]
    seen = [caplog.text, *(path.read_bytes().decode("latin-1") for path in files)]
    for text in seen:
        assert "@example.com" not in text
        assert "2065550100" not in text
    for digits in hashed(email="person1@example.com", phone="12065550100").values():
        assert digits not in caplog.text
