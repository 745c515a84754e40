"""What taps may send: any columns, any values, any order, broken lines."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any

import pytest

from singer_amazon.shards.shard import Shard
from singer_amazon.target.errors import (
    InputError,
    KeyMissingError,
    SchemaMissingError,
    StateReaderGoneError,
    UnreadableLinesError,
)
from singer_amazon.target.messages import Message, MessageDecoder
from singer_amazon.target.stdin import Block
from support.audience.runner import (
    Runner,
    hashed,
    lines,
    names,
    person,
    record,
    schema,
    state,
)
from support.core.clocks import EmulatorClock

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
    '{"no": "type"}\n',
    '["RECORD"]\n',
    "[" * 100_000 + "\n",
    "\x00\n",
)


@pytest.mark.parametrize("mode", ["APPEND", "MIRROR"])
def test_records_of_every_kind_are_repaired_or_rejected_and_counted(
    target: Runner, mode: str
) -> None:
    good = [
        record(externaluserid=f"u{number}", **values)
        for number, (values, _) in enumerate(SENT.values())
    ]
    bad = [record(**values) for values, _ in REFUSED.values()]
    ran = target.good([*bad, *good, *bad, state(1)], upload_mode=mode)
    assert ran.states == [1]
    assert ran.report["records"] == len(good) + 2 * len(bad)
    found = {case: target.pii(f"u{number}") for number, case in enumerate(SENT)}
    expected = {case: [hashed(**clear)] for case, (_, clear) in SENT.items()}
    expected["hashes"] = expected["hashes in capitals"] = [hashed(email="a@b.c")]
    assert found == expected
    reasons = [reason for _, reason in REFUSED.values()]
    assert ran.report["skipped_by_reason"] == {
        reason: 2 * reasons.count(reason) for reason in set(reasons)
    }
    assert ran.report["unusable_values_by_field"] == {"email": 5, "firstname": 1}
    rejected = [line["reason"] for line in target.rejects()]
    assert sorted(rejected) == sorted(2 * reasons)
    assert not target.client.statistics().alarms


@pytest.mark.parametrize("line", NO_MESSAGE, ids=lambda line: repr(line[:20]))
def test_lines_that_are_no_messages_are_counted(target: Runner, line: str) -> None:
    ran = target.run([person(1), line, "\n", person(2), state(1)])
    assert isinstance(ran.error, UnreadableLinesError)
    assert ran.states == []  # none passes a line that is lost
    assert target.members() == names(1, 2)
    assert ran.summary["unreadable_lines"] == 1


def test_an_input_that_ends_in_mid_line(target: Runner) -> None:
    text = lines([person(1), state(1), person(2)])
    ran = target.run([text[:-20]])
    assert "the tap was cut off" in str(ran.error)
    assert ran.states == [1]
    assert target.members() == names(1)
    assert ran.summary["unreadable_lines"] == 1


def test_a_schema_that_changes_on_the_way(target: Runner) -> None:
    rows = [
        person(1),
        schema("customers", "email", "externaluserid", "city"),
        person(2, city="x"),
        schema("customers", "phone", "externaluserid"),
        record(externaluserid="user-3", phone="2065550100"),
    ]
    target.good(rows)
    assert target.pii("user-2") == [hashed(email="person2@example.com", city="x")]
    assert target.pii("user-3") == [hashed(phone="12065550100")]


def test_a_stream_without_any_record_or_message(target: Runner) -> None:
    assert target.good([state(3)]).states == [3]
    assert not target.client.audiences()


def test_rejects_hold_no_more_than_they_should(target: Runner) -> None:
    target.good([record(externaluserid="u-9", email="zelda@"), person(1), state(1)])
    [line] = target.rejects()
    assert line == {
        "external_id_sha256": hashed(x="u-9")["x"],
        "stream": "customers",
        "field": None,
        "reason": "no usable personal data",
        "record": 1,
    }
    assert json.dumps(line).count("zelda") == 0


def test_broken_utf_8_costs_its_line_only() -> None:
    good_line = json.dumps(person(1)).encode()
    data = b"\n".join((good_line, b'{"type": "RECORD", "x": "\xff"}', good_line, b""))
    block = Block(data, 1, 3)
    found = list(MessageDecoder(Message).one_by_one(block))
    assert [number for number, _ in found] == [1, 2, 3]
    assert not any(isinstance(found[n][1], InputError) for n in (0, 2))


def test_a_record_before_its_schema(target: Runner) -> None:
    early = {**person(2), "stream": "others"}
    ran = target.run([person(1), early, person(3)])
    assert isinstance(ran.error, SchemaMissingError)
    assert target.members() == names(1)


def test_a_record_without_its_key_is_rejected_and_fails_the_run(target: Runner) -> None:
    rows = [schema("customers", "id", "externaluserid", "email", keys=["id"])]
    ran = target.run([*rows, person(1), person(2, id=2), state(1)])
    assert isinstance(ran.error, KeyMissingError)
    assert "lack the key column id" in str(ran.error)
    assert target.members() == names(2)
    assert ran.states == []


def test_batch_messages_are_refused_with_a_sentence(target: Runner) -> None:
    batch = {"type": "BATCH", "stream": "customers", "manifest": []}
    ran = target.run([person(1), batch])
    assert isinstance(ran.error, InputError)
    assert "Remove batch_config from the tap" in str(ran.error)


def test_other_messages_are_ignored(target: Runner) -> None:
    rows = [{"type": "ACTIVATE_VERSION", "stream": "customers", "version": 1}]
    target.good([*rows, {"type": "NEWS"}, {"type": "NEWS"}, person(1)])
    assert target.members() == names(1)


def test_empty_states_are_not_passed_on(target: Runner) -> None:
    ran = target.good([{"type": "STATE", "value": {}}, person(1)])
    assert ran.states == []


def test_a_reader_that_has_gone_is_an_error_at_the_end(target: Runner) -> None:
    def gone(_state: bytes) -> None:
        raise BrokenPipeError

    target.write = gone
    ran = target.run([person(1), state(1)])
    assert isinstance(ran.error, StateReaderGoneError)
    assert target.members() == names(1)


class _Rushing(EmulatorClock):
    """A clock that runs ahead a second with each look at it."""

    def now(self) -> datetime:
        self.sleep(1)
        return super().now()


def test_state_passes_while_no_record_comes(target: Runner) -> None:
    target.clock = _Rushing(target.emulator)
    states: list[Any] = []
    number, end = os.pipe()
    os.write(end, lines((schema(), person(1), state(1))).encode())

    def write(text: bytes) -> None:
        states.append(json.loads(text))
        assert target.members() == names(1)
        os.close(end)  # the input goes on until STATE has passed

    target.write = write
    with os.fdopen(number) as source:
        target.listen(source)
    assert [entry["bookmarks"] for entry in states] == [1]


def test_a_record_that_names_no_stream_ends_the_run_with_its_line(
    target: Runner,
) -> None:
    nameless = {"type": "RECORD", "record": {"externaluserid": "u", "email": "a@b.c"}}
    ran = target.run([person(1), nameless])
    assert isinstance(ran.error, SchemaMissingError)
    assert "Line 3 " in str(ran.error)  # the schema is the first
    assert target.members() == names(1)


def test_state_between_records_covers_those_before_it_only(target: Runner) -> None:
    messages = [
        *(person(1), state(1), person(2), "no JSON\n", person(3), state(2)),
        *(schema(), person(4), state(3)),
    ]
    ran = target.run(messages, batch_size_rows=1)
    assert isinstance(ran.error, UnreadableLinesError)
    assert target.members() == names(1, 2, 3, 4)
    assert ran.report["records"] == 4
    assert ran.states[-1] == 1


def test_streams_that_alternate_keep_their_records(target: Runner) -> None:
    def of(stream: str, number: int) -> dict[str, object]:
        return {**person(number), "stream": stream}

    streams = {
        name: {"external_audience_id": name, "audience_name": f"audience {name}"}
        for name in ("customers", "leads")
    }
    rows = [of("leads" if number % 2 else "customers", number) for number in range(10)]
    ran = target.run([schema("leads"), *rows], streams=streams)
    assert ran.error is None
    sent = {a["stream"]: a["records"] for a in ran.summary["audiences"]}
    assert sent == {"customers": 5, "leads": 5}


def test_each_shard_sends_the_records_of_its_own_audiences(target: Runner) -> None:
    streams = {
        name: {"external_audience_id": name, "audience_name": f"audience {name}"}
        for name in ("customers", "leads", "friends", "others")
    }
    rows = [
        {**person(number), "stream": name} for name in streams for number in range(3)
    ]
    inputs = [*map(schema, streams), *rows]
    sent: dict[str, int] = {}
    for number in range(2):
        ran = target.run(inputs, streams=streams, shard=f"{number}/2")
        assert ran.error is None
        found = {a["stream"]: a["records"] for a in ran.summary["audiences"]}
        mine = {name for name in streams if Shard(number, 2).has(name)}
        assert found == dict.fromkeys(mine, 3)
        sent |= found
    assert sent == dict.fromkeys(streams, 3)
