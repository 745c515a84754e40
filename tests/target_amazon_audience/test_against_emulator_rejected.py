"""Who is not sent, and how it shows: warnings, rejects, exit code, STATE."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from singer_amazon.target.errors import UnreadableLinesError
from support.audience.runner import (
    MIRROR,
    WAIT,
    Runner,
    hashed,
    lines,
    names,
    people,
    person,
    record,
    schema,
    state,
)
from target_amazon_audience.errors import RunFailedError

TEN = people(*range(10))
DELETE: dict[str, Any] = {"upload_mode": "DELETE", **WAIT}
DELETED = {"_sdc_deleted_at": "2026-11-20T00:00:00Z"}


def nobody(**values: object) -> list[dict[str, Any]]:
    """Ten records that all lack something, or hold what cannot be used."""
    rows = people(*range(10))
    for row in rows:
        row["record"].update(values)
    return rows


ALL_REJECTED = {
    "no id": (nobody(externaluserid=None), "external id missing"),
    "an id of no value": (nobody(externaluserid="NULL"), "external id missing"),
    "e-mails as ids": (nobody(externaluserid="zelda@x.de"), "external id not allowed"),
    "no consent": (nobody(countrycode="DE"), "consent missing"),
    "odd consent": (nobody(amznuserdata="zelda"), "consent value unknown"),
    "no country": (nobody(countrycode="Narnia"), "country code unknown"),
    "no data": (nobody(email="zelda"), "no usable personal data"),
    "no hashes": (
        nobody(email="d41d8cd98f00b204e9800998ecf8427e"),
        "personal data looks like a damaged or foreign hash",
    ),
}


@pytest.mark.parametrize(("rows", "reason"), ALL_REJECTED.values(), ids=ALL_REJECTED)
@pytest.mark.parametrize("mode", ["APPEND", "MIRROR"])
def test_a_run_that_sends_nobody_fails_and_passes_no_state(
    target: Runner,
    rows: list[dict[str, Any]],
    reason: str,
    mode: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran = target.run([*rows, state(1)], upload_mode=mode)
    assert isinstance(ran.error, RunFailedError)
    assert "10 of 10 records were rejected" in str(ran.error)
    assert ran.states == []
    assert ran.report["result"] == "failed"
    assert ran.report["skipped_by_reason"] == {reason: 10}
    [warning] = [m for m in caplog.messages if f"skipped 10: {reason} (such as" in m]
    assert "email: " in warning
    for secret in ("zelda", "person1", "@"):
        assert secret not in warning.replace("characters with @", "")
    assert [line["record"] for line in target.rejects()] == [*range(1, 11)]


def test_whoever_wants_it_may_let_such_a_run_pass(target: Runner) -> None:
    rows = [*nobody(countrycode="Narnia"), state(1)]
    assert target.good(rows, max_rejected_percent=100).states == [1]


@pytest.mark.parametrize(
    "name", ["USA", "U.S.", "United States", "us", "Estados Unidos"]
)
def test_countries_are_understood_as_people_write_them(
    target: Runner, name: str
) -> None:
    assert target.good([*people(1, 2, countrycode=name), state(1)]).states == [1]
    assert target.members() == names(1, 2)


def test_all_refused_by_consent_is_no_fault(target: Runner) -> None:
    ran = target.good([*nobody(amznuserdata="DENIED"), state(1)])
    assert ran.states == [1]
    assert ran.report["skipped_by_reason"] == {"consent denied": 10}


def test_breaking_the_limit_holds_state_before_the_first_of_them(
    target: Runner,
) -> None:
    bad = [person(n, countrycode="Narnia") for n in range(20, 25)]
    rows = [*TEN, state(1), *bad, state(2), person(30), state(3)]
    ran = target.run(rows, max_rejected_percent=30, batch_size_rows=1)
    assert "5 of 16 records were rejected, more than" in str(ran.error)
    assert ran.states == [1]
    ran = target.good(rows, max_rejected_percent=32, batch_size_rows=1)
    assert ran.states[-1] == 3


# Deleted in the source


def test_append_does_not_add_whom_the_source_has_deleted(target: Runner) -> None:
    rows = [person(1), person(2, **DELETED), person(3), person(3, **DELETED), state(1)]
    ran = target.good([schema("customers", "_sdc_deleted_at"), *rows])
    assert target.members() == names(1)
    assert ran.states == [1]
    assert ran.report["skipped_by_reason"] == {"deleted in the source": 2}
    assert ran.noted("APPEND removes nobody")


def test_mirror_removes_whom_the_source_has_deleted(target: Runner) -> None:
    target.mirror(*people(1, 2, 3))
    ran = target.mirror(person(1), person(2, **DELETED), person(3))
    assert target.members() == names(1, 3)
    assert ran.report["mirror"]["wanted"] == 2
    # nothing but the key is left of a row that is deleted
    target.mirror(person(1), record(externaluserid="user-3", email=None, **DELETED))
    assert target.members() == names(1)
    target.mirror(person(1), person(3, **DELETED), person(3))
    assert target.members() == names(1, 3)


def test_delete_removes_them(target: Runner) -> None:
    target.good(people(1, 2), **WAIT)
    target.good([person(1, **DELETED), state(1)], **DELETE)
    assert target.members() == names(2)


# Erasure


@pytest.mark.parametrize("delete_by", ["pii", "user_id"])
def test_an_id_alone_is_deleted_by_what_the_mirror_holds(
    target: Runner, delete_by: str
) -> None:
    target.client.change(delete_by=delete_by)
    target.mirror(*people(1, 2, 3), person(4, countrycode="CA"))
    rows = [record(externaluserid="user-1"), person(4, countrycode="Narnia")]
    assert target.good([*rows, state(1)], **DELETE).states == [1]
    assert target.members() == names(2, 3)
    sent = [row for row in target.emulator.sent() if row["action"] == "DELETE"]
    assert sent[0]["hashedPII"] == [hashed(email="person1@example.com")]


@pytest.mark.parametrize("limit", [None, 100])
@pytest.mark.parametrize("is_mirrored", [True, False])
def test_an_erasure_that_did_not_happen_is_never_green(
    target: Runner, *, is_mirrored: bool, limit: int | None
) -> None:
    target.good(people(1, 2), **WAIT)
    if is_mirrored:
        target.mirror(person(2))
    rows = [person(2), record(externaluserid="user-1"), state(1)]
    ran = target.run(rows, **DELETE, max_rejected_percent=limit)
    assert "1 records were to be deleted and were not" in str(ran.error)
    assert ran.states == ([] if limit is None else [1])
    assert target.members() == names(1)
    assert target.rejects()[-1]["reason"] == "no usable personal data"


def test_a_removal_that_amazon_calls_invalid_is_not_green(target: Runner) -> None:
    target.good(people(1, 2), **WAIT)
    target.fault("invalid_record", external_user_ids=["user-1"], times=1)
    ran = target.run([*people(1, 2), state(1)], **DELETE)
    assert "1 records were to be deleted and were not" in str(ran.error)


# Invalid at Amazon


@pytest.mark.parametrize("listed", [None, 4, 0])
def test_what_amazon_calls_invalid_counts_in_the_limit(
    target: Runner, listed: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    target.fault("invalid_record", except_every=10, listed=listed)
    ran = target.run([*TEN, state(1)], **WAIT, max_rejected_percent=89)
    assert "9 of 10 records were rejected, more than" in str(ran.error)
    assert ran.report["invalid"] == 9
    found = [line for line in target.rejects() if "invalid at" in line["reason"]]
    assert sum(line.get("rows", 1) for line in found) == 9
    assert [line["row"] for line in found if "row" in line] == (
        [*range(1, 10)][: 9 if listed is None else listed]
    )
    assert not any("user-" in message for message in caplog.messages)
    target.good(TEN, **WAIT, max_rejected_percent=90)


def test_all_invalid_at_amazon_fails_by_default(target: Runner) -> None:
    target.fault("partially_succeeded", every=1)
    ran = target.run([*TEN, state(1)], **WAIT)
    assert "10 of 10 records were rejected" in str(ran.error)


def test_invalid_rows_of_an_earlier_run_are_judged_by_themselves(
    target: Runner,
) -> None:
    target.fault("partially_succeeded", every=1, times=1)
    target.good(TEN)
    ran = target.run([person(20), state(1)], **WAIT)
    assert "10 of 10 records of batches of earlier runs were rejected" in str(ran.error)
    assert ran.states == []
    assert target.good([person(20), state(1)], **WAIT).states == [1]


# Values that cannot be read

ODD_VALUES = {
    "not a number": "NaN",
    "infinity": "-Infinity",
    "half an emoji": '"\\ud83d"',
    "too deep": "[" * 1500 + "]" * 1500,
    "too large": "1e999",
    "Latin-1": '"Z\xfcrich"',
}


def odd(number: int, value: str, column: str = "shoe") -> bytes:
    text = lines([person(number, **{column: "@@"})]).replace('"@@"', value)
    return text.encode("latin-1")


def listen(target: Runner, rows: list[bytes], tmp_path: Path, **changes: object) -> Any:
    """Run on bytes; return the report."""
    path = tmp_path / "input"
    path.write_bytes(lines([schema()]).encode() + b"".join(rows))
    target.write = lambda _: None
    with path.open(encoding="utf-8") as source:
        target.listen(source, **changes)
    [found] = json.loads((target.folder / "summary.json").read_text())["audiences"]
    return found


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
@pytest.mark.parametrize("column", ["shoe", "firstname"])
def test_a_value_nobody_can_read_costs_this_value_only(
    target: Runner, tmp_path: Path, value: str, column: str
) -> None:
    listen(target, [odd(1, value, column), odd(2, "0", column)], tmp_path, **WAIT)
    assert target.members() == names(1, 2)
    assert target.pii("user-1") == [hashed(email="person1@example.com")]
    listen(target, [odd(1, value, column)], tmp_path, **DELETE)
    assert target.members() == names(2)


def test_a_line_nobody_can_read_fails_a_removal(target: Runner, tmp_path: Path) -> None:
    target.good(people(1, 2), **WAIT)
    with pytest.raises(UnreadableLinesError):
        listen(target, [odd(1, "}"), odd(2, "0")], tmp_path, **DELETE)
    assert target.members() == names(1)


# What the input is read as


def test_fields_found_and_ignored_are_said_once_per_stream(
    target: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    columns = schema("leads", "Id", "EMAIL", "shoe", "zelda@example.com")
    mapping = {"externaluserid": "id", "phone": "mobile"}
    row = {**record(Id="u", EMAIL="a@b.c"), "stream": "leads"}
    ran = target.good([columns, row, columns, state(1)], field_mapping=mapping)
    found = [m for m in caplog.messages if m.startswith("Stream leads: fields")]
    assert found == [
        (
            "Stream leads: fields email, externaluserid (Id); columns that are "
            "ignored: shoe, (a name of 17 characters)"
        )
    ]
    assert ran.noted("no record has the column mobile that phone is to come from")
    assert not ran.noted("column id")


def test_a_column_named_like_a_person_is_never_shown(
    target: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    key = "zelda@example.com"
    rows = [
        schema("customers", key, "email", keys=[key]),
        person(1),
        record(**{key: "x", "email": "NaN"}),
        lines([person(2, **{key: "@@"})]).replace('"@@"', "NaN"),
        state(1),
    ]
    ran = target.run(rows)
    assert ran.error is not None
    text = " ".join([*caplog.messages, str(ran.error), json.dumps(ran.summary)])
    text += json.dumps(target.rejects())
    assert "zelda" not in text


def test_files_and_folders_are_for_their_owner_only(target: Runner) -> None:
    deep = target.folder / "a" / "b"
    old = target.folder / "old.jsonl"
    old.write_text("")
    old.chmod(0o644)
    rows = [person(1), person(2, countrycode="Narnia"), state(1)]
    paths = {"summary_path": str(deep / "s.json"), "state_path": str(deep / "c" / "db")}
    target.good(rows, **paths, rejects_path=str(old))
    found = [path for path in deep.rglob("*") if path.is_file()]
    assert len(found) >= 3
    for path in (*found, old):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for folder in (deep.parent, deep, deep / "c", deep / "c" / "locks"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_long_retry_after_of_a_job_does_not_outlast_the_wait(target: Runner) -> None:
    target.fault("throttle", operation="job", retry_after=3600)
    wait = {"wait_until_finish": True, "max_wait_time": 5}
    rows = [person(1), state(1)]
    assert target.seconds_of(rows, **wait) <= 5 * 60 + 30
    # the next run looks at the old job first, and does not wait an hour for that
    assert target.seconds_of(rows) <= 90
    assert target.seconds_of([*rows], **{**MIRROR, **wait}) <= 5 * 60 + 120
