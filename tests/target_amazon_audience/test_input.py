"""What taps may send: any columns, any values, any order, broken lines."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any

import pytest

from singer_amazon.clock import FakeClock
from singer_amazon.target.errors import (
    InputError,
    KeyMissingError,
    SchemaMissingError,
    StateReaderGoneError,
)
from singer_amazon.target.messages import Message, MessageDecoder
from singer_amazon.target.stdin import Block
from support.audience_runs import (
    START,
    Bench,
    Ran,
    lines,
    person,
    record,
    schema,
    state,
)


def good(ran: Ran) -> Ran:
    assert ran.error is None, ran.error
    return ran


def test_records_of_every_kind_are_sent_or_counted(bench: Bench) -> None:
    rows: list[dict[str, Any]] = [
        person(1),
        person(2, email_extra=None),
        record(externaluserid="u-phone", email=None, phone=2065550100, postal=2134),
        record(externaluserid=17, email="a@b.c"),
        record(EXTERNALUSERID="u-case", EMail="A@B.C"),
        record(
            externaluserid="u-emoji", email="a@b.c", firstname="😀", lastname="O😀K"
        ),
        record(externaluserid="u-nested", email={"a": "b@c.d"}, city="Paris"),
        record(externaluserid="u-huge", email="x" * 1_000_000, city="Paris"),
        record(externaluserid="u-null", email=None, phone=None),
        record(email="a@b.c"),
        record(externaluserid=None, email="a@b.c"),
        record(externaluserid="x" * 1_000_000, email="a@b.c"),
        record(externaluserid="u-land", email="a@b.c", countrycode="Land"),
        record(),
    ]
    ran = good(bench.run([*rows, state(1)]))
    assert set(bench.amazon.who()) == {
        "user-1",
        "user-2",
        "u-phone",
        "17",
        "u-case",
        "u-emoji",
        "u-nested",
        "u-huge",
    }
    assert ran.report["records"] == 14
    assert ran.report["skipped_by_reason"] == {
        "country code unknown": 1,
        "external id missing": 3,
        "external id not allowed": 1,
        "no usable personal data": 1,
    }
    assert ran.report["unusable_values_by_field"] == {"email": 2, "firstname": 1}
    assert ran.states == [1]
    assert len(bench.rejects()) == 6


@pytest.mark.parametrize(
    "line",
    [
        "this is no JSON\n",
        '{"type": "RECORD", "stream": "customers", "record": {"email": "a@b\n',
        '{"type": "RECORD", "stream": "customers", "record": ["a@b.c"]}\n',
        '{"type": "RECORD", "stream": "customers"}\n',
        '{"type": "STATE"}\n',
        '{"no": "type"}\n',
        '["RECORD"]\n',
        "[" * 100_000 + "\n",
        '{"type":"RECORD","stream":"customers","record":{"email":"\\udcff"}}\n',
    ],
)
def test_a_line_that_is_no_message_is_left_out_and_counted(
    bench: Bench, line: str
) -> None:
    ran = good(bench.run([person(1), line, "\n", person(2), state(1)]))
    assert set(bench.amazon.who()) == {"user-1", "user-2"}
    assert ran.summary["unreadable_lines"] == 1
    assert ran.states == [1]


def test_broken_utf_8_costs_its_line_only() -> None:
    good_line = json.dumps(person(1)).encode()
    data = b"\n".join((good_line, b'{"type": "RECORD", "x": "\xff"}', good_line, b""))
    block = Block(data, 1, 3)
    found = list(MessageDecoder(Message).one_by_one(block))
    assert [number for number, _ in found] == [1, 2, 3]
    assert not any(isinstance(found[n][1], InputError) for n in (0, 2))


def test_a_record_before_its_schema(bench: Bench) -> None:
    early = {**person(2), "stream": "others"}
    ran = bench.run([person(1), early, person(3)])
    assert isinstance(ran.error, SchemaMissingError)
    assert set(bench.amazon.who()) == {"user-1"}


def test_a_record_without_its_key_is_rejected_and_fails_the_run(bench: Bench) -> None:
    rows = [schema("customers", "id", "externaluserid", "email", keys=["id"])]
    ran = bench.run([*rows, person(1), person(2, id=2), state(1)])
    assert isinstance(ran.error, KeyMissingError)
    assert "lack the key column id" in str(ran.error)
    assert set(bench.amazon.who()) == {"user-2"}
    assert ran.states == [1]


def test_batch_messages_are_refused_with_a_sentence(bench: Bench) -> None:
    batch = {"type": "BATCH", "stream": "customers", "manifest": []}
    ran = bench.run([person(1), batch])
    assert isinstance(ran.error, InputError)
    assert "Remove batch_config from the tap" in str(ran.error)


def test_other_messages_are_ignored(bench: Bench) -> None:
    rows = [{"type": "ACTIVATE_VERSION", "stream": "customers", "version": 1}]
    good(bench.run([*rows, {"type": "NEWS"}, {"type": "NEWS"}, person(1)]))
    assert set(bench.amazon.who()) == {"user-1"}


def test_empty_states_are_not_echoed(bench: Bench) -> None:
    ran = good(bench.run([{"type": "STATE", "value": {}}, person(1)]))
    assert ran.states == []


def test_a_reader_that_has_gone_is_told_at_the_end(
    bench: Bench,
) -> None:
    def gone(_state: bytes) -> None:
        raise BrokenPipeError

    bench.write = gone
    ran = bench.run([person(1), state(1)])
    assert isinstance(ran.error, StateReaderGoneError)
    assert set(bench.amazon.who()) == {"user-1"}


class _Rushing(FakeClock):
    """A clock that runs ahead a second with each look at it."""

    def now(self) -> datetime:
        self.sleep(1)
        return super().now()


def test_state_passes_while_no_record_comes(bench: Bench) -> None:
    bench.clock = _Rushing(START)
    states: list[Any] = []
    number, end = os.pipe()
    os.write(end, lines((schema(), person(1), state(1))).encode())

    def write(text: bytes) -> None:
        states.append(json.loads(text))
        assert set(bench.amazon.who()) == {"user-1"}
        os.close(end)  # the input goes on until STATE has passed

    bench.write = write
    with os.fdopen(number) as source:
        bench.listen(source)
    assert [entry["bookmarks"] for entry in states] == [1]
