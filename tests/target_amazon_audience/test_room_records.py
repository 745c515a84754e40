"""Records and lines of every kind, against the emulator over HTTP: none is a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.audience_rooms import Room, hashed, names
from support.audience_runs import lines, person, record, schema, state

MEGABYTE = 1_000_000
DEEP: Any = "x"
for _ in range(200):
    DEEP = [DEEP]

SENT: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no e-mail": ({"phone": "2065550100"}, {"phone": "12065550100"}),
    "a ZIP that is a number": ({"postal": 2134}, {"postal": "02134"}),
    "a phone that is a number": ({"phone": 2065550100}, {"phone": "12065550100"}),
    "a phone that is a fraction": (
        {"phone": 2065550100.0, "city": "x"},
        {"phone": "12065550100", "city": "x"},
    ),
    "nulls": ({"email": None, "phone": None, "city": "x"}, {"city": "x"}),
    "emoji": ({"firstname": "😀", "city": "x"}, {"city": "x"}),
    "a megabyte": ({"email": "x" * MEGABYTE, "city": "x"}, {"city": "x"}),
    "another case": ({"EMAIL": "A@B.c", "City": "X"}, {"email": "a@b.c", "city": "x"}),
    "objects": ({"email": {"a": "b@c.d"}, "city": "x"}, {"city": "x"}),
    "lists": ({"email": ["b@c.d"], "city": "x"}, {"city": "x"}),
    "very deep lists": ({"email": DEEP, "city": "x"}, {"city": "x"}),
    "truth": ({"email": True, "city": "x"}, {"city": "x"}),
    "control signs": (
        {"email": "a\u0000@b.c", "city": "x"},
        {"email": "a@b.c", "city": "x"},
    ),
    "hashes": ({"email": hashed(x="a@b.c")["x"]}, {"email": "a@b.c"}),
    "hashes in capitals": ({"email": hashed(x="a@b.c")["x"].upper()}, {}),
    "what nobody asked for": ({"city": "x", "shoe size": 43}, {"city": "x"}),
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing usable": ({"externaluserid": "u"}, "no usable personal data"),
    "no id": ({"email": "a@b.c"}, "external id missing"),
    "an empty id": ({"externaluserid": " ", "email": "a@b.c"}, "external id missing"),
    "a wrong id": (
        {"externaluserid": "ü", "email": "a@b.c"},
        "external id not allowed",
    ),
    "a long id": (
        {"externaluserid": "x" * MEGABYTE, "email": "a@b.c"},
        "external id not allowed",
    ),
    "an object for an id": (
        {"externaluserid": {"id": 1}, "email": "a@b.c"},
        "external id not allowed",
    ),
    "a wrong country": (
        {"externaluserid": "u", "email": "a@b.c", "countrycode": "Land"},
        "country code unknown",
    ),
    "a number for a country": (
        {"externaluserid": "u", "email": "a@b.c", "countrycode": 49},
        "country code unknown",
    ),
    "an odd consent": (
        {"externaluserid": "u", "email": "a@b.c", "tcf": {"a": 1}},
        "consent value unknown",
    ),
    "a denied consent": (
        {"externaluserid": "u", "email": "a@b.c", "amznuserdata": "denied"},
        "consent denied",
    ),
    "nothing at all": ({}, "external id missing"),
}
NO_MESSAGE = (
    "this is no JSON\n",
    '{"type": "RECORD", "stream": "customers", "record": {"email": "a@b\n',
    '{"type": "RECORD", "stream": "customers", "record": ["a@b.c"]}\n',
    '{"type": "RECORD", "stream": "customers"}\n',
    '{"type": "STATE"}\n',
    "[" * 100_000 + "\n",
    "\x00\n",
    lines([record(externaluserid="u", email="\ud800@b.c")]),
)


@pytest.mark.parametrize("mode", ["APPEND", "MIRROR"])
def test_records_of_every_kind_are_repaired_or_rejected_and_counted(
    room: Room, mode: str
) -> None:
    good = [
        record(externaluserid=f"u{number}", **values)
        for number, (values, _) in enumerate(SENT.values())
    ]
    bad = [record(**values) for values, _ in REFUSED.values()]
    ran = room.good([*bad, *good, *bad, state(1)], upload_mode=mode)
    assert ran.states == [1]
    assert ran.report["records"] == len(good) + 2 * len(bad)
    [audience] = room.client.audiences()
    held = room.client.audience_members(audience.audience_id)
    found = {case: held[f"u{number}"].hashed_pii for number, case in enumerate(SENT)}
    wanted = {case: [hashed(**clear)] for case, (_, clear) in SENT.items()}
    wanted["hashes"] = wanted["hashes in capitals"] = [hashed(email="a@b.c")]
    assert found == wanted
    reasons = [reason for _, reason in REFUSED.values()]
    assert ran.report["skipped_by_reason"] == {
        reason: 2 * reasons.count(reason) for reason in set(reasons)
    }
    told = [line["reason"] for line in room.rejects()]
    assert sorted(told) == sorted(2 * reasons)
    assert not room.client.statistics().alarms


@pytest.mark.parametrize("line", NO_MESSAGE, ids=lambda line: repr(line[:20]))
def test_lines_that_are_no_messages_are_counted(room: Room, line: str) -> None:
    ran = room.good([person(1), line, "\n", person(2), state(1)])
    assert room.who() == names(1, 2)
    assert ran.summary["unreadable_lines"] == 1


def test_an_input_that_ends_in_mid_line(room: Room) -> None:
    text = lines([person(1), state(1), person(2)])
    ran = room.good([text[:-20]])
    assert room.who() == names(1)
    assert ran.summary["unreadable_lines"] == 1


def test_a_schema_that_changes_on_the_way(room: Room) -> None:
    rows = [
        person(1),
        schema("customers", "email", "externaluserid", "city"),
        person(2, city="x"),
        schema("customers", "phone", "externaluserid"),
        record(externaluserid="user-3", phone="2065550100"),
    ]
    room.good(rows)
    assert room.pii("user-2") == [hashed(email="person2@example.com", city="x")]
    assert room.pii("user-3") == [hashed(phone="12065550100")]


def test_a_stream_without_any_record_or_message(room: Room) -> None:
    assert room.good([state(3)]).states == [3]
    assert not room.client.audiences()


def test_rejects_hold_no_more_than_they_should(room: Room) -> None:
    room.good([record(externaluserid="u-9", email="zelda@"), state(1)])
    [line] = room.rejects()
    assert line == {
        "external_id_sha256": hashed(x="u-9")["x"],
        "stream": "customers",
        "field": None,
        "reason": "no usable personal data",
    }
    assert json.dumps(line).count("zelda") == 0
