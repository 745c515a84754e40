"""When objects are closed and STATE is echoed, on a clock that tests set."""

from __future__ import annotations

import errno
import io
import json
import logging
from dataclasses import replace
from itertools import pairwise
from typing import Any, BinaryIO

import pytest

from singer_amazon.target.errors import (
    InputError,
    KeyMissingError,
    SchemaMissingError,
    StateReaderGoneError,
)
from singer_amazon.target.stdin import Block
from support.s3.loader import (
    RUN_ID,
    FakeClock,
    MemoryStore,
    Run,
    Script,
    record,
    schema,
    state,
)
from target_s3.errors import FormatError, SpoolError, StoreError
from target_s3.object_writer import FLUSH_BYTES, MAX_OPEN, OpenObjects
from target_s3.settings import Settings

SETTINGS = Settings(bucket="bucket", prefix="amazon")


def test_keys_have_prefix_stream_day_run_and_number() -> None:
    run = Run(replace(SETTINGS, max_rows=2))
    run.feed([schema(), *(record(id=str(n)) for n in range(5))])
    assert sorted(run.store.objects) == [
        f"amazon/campaigns/2026/11/21/campaigns-{RUN_ID}-0000{n}.jsonl.gz"
        for n in (1, 2, 3)
    ]
    assert [row["id"] for row in run.store.rows("campaigns")] == list("01234")


def test_an_object_opened_after_midnight_lies_in_the_next_day() -> None:
    run = Run(SETTINGS, clock=FakeClock(17 * 3600 - 1))
    run.feed([schema(), record(id="1"), state(1), 60, record(id="2")])
    assert [key.split("/2026/")[1][:5] for key in sorted(run.store.objects)] == [
        "11/21",
        "11/22",
    ]


def test_a_full_object_is_closed_and_its_state_echoed_at_once() -> None:
    run = Run(replace(SETTINGS, max_rows=1))
    run.feed([schema(), record(id="1"), state(1), 5, record(id="2"), state(2)])
    assert run.states == [(0, {"bookmarks": 1}), (5, {"bookmarks": 2})]


def test_a_large_object_is_closed() -> None:
    run = Run(replace(SETTINGS, format="jsonl", max_bytes=200_000))
    text = "x" * 1000
    run.feed([schema(), *(record(id=str(n), text=text) for n in range(1000))])
    sizes = [len(content) for content in run.store.objects.values()]
    assert len(sizes) == 5
    assert max(sizes) < 200_000 + FLUSH_BYTES
    assert len(run.store.rows("campaigns")) == 1000


def test_an_old_object_is_closed_while_records_go_on_coming() -> None:
    run = Run(SETTINGS)
    trickle = [item for n in range(80) for item in (record("ads", id=str(n)), 5)]
    run.feed([schema(), schema("ads"), record(id="1"), state("early"), *trickle])
    at, first = run.states[0]
    assert first == {"bookmarks": "early"}
    assert 300 <= at <= 301


def test_a_state_waits_ten_seconds_without_a_record_and_no_longer() -> None:
    run = Run(SETTINGS)
    run.feed([schema(), record(id="1"), state("pending id"), 3600])
    [(at, echoed)] = run.states
    assert echoed == {"bookmarks": "pending id"}
    assert 10 <= at <= 10.5


def test_records_that_go_on_keep_the_object_open() -> None:
    run = Run(SETTINGS)
    run.feed([schema(), *([record(id="1"), state(1), 9] * 10)])
    assert len(run.store.objects) == 1


def test_without_a_state_a_pause_closes_nothing() -> None:
    run = Run(SETTINGS)
    run.feed([schema(), record(id="1"), 120, record(id="2")])
    assert len(run.store.objects) == 1


def test_states_alone_are_echoed_once_a_second_and_the_last_always() -> None:
    run = Run(SETTINGS)
    items: list[Any] = [schema()]
    for n in range(40):
        items += [state(n), 0.25]
    run.feed(items)
    times = [at for at, _ in run.states]
    assert all(later - sooner >= 1 for sooner, later in pairwise(times[:-1]))
    assert len(times) <= 12
    assert run.states[-1][1] == {"bookmarks": 39}


def test_the_state_is_echoed_exactly_as_it_came() -> None:
    run = Run(SETTINGS)
    line = '{"type":"STATE","value":{"b":{"n":9007199254740993,"é":[ 1.10 ]}}}'
    written: list[bytes] = []
    run.tracker.write = written.append
    run.feed([line.encode()])
    assert written == ['{"b":{"n":9007199254740993,"é":[ 1.10 ]}}'.encode()]


def test_sixty_streams_interleaved_arrive_whole() -> None:
    run = Run(replace(SETTINGS, max_rows=40))
    names = [f"report_{n}" for n in range(60)]
    rows = [record(name, id=str(n)) for n in range(50) for name in names]
    run.feed([*(schema(name) for name in names), *rows, state(1)])
    for name in names:
        assert [row["id"] for row in run.store.rows(name)] == [
            str(n) for n in range(50)
        ]
    assert len(run.store.objects) == 120
    assert run.states == [(0, {"bookmarks": 1})]


def test_more_streams_than_may_be_open_close_the_oldest() -> None:
    run = Run(SETTINGS)
    names = [f"s{n}" for n in range(MAX_OPEN + 10)]
    items = [item for name in names for item in (schema(name), record(name, id="1"))]
    objects, most = run.objects, 0
    assert isinstance(objects, OpenObjects)
    new_file = objects.new_file

    def watch() -> BinaryIO:
        nonlocal most
        most = max(most, len(objects._open) + 1)
        return new_file()

    objects.new_file = watch  # type: ignore[method-assign] # a spy
    run.feed(items)
    assert most == MAX_OPEN
    assert len(run.store.objects) == len(names)


def test_disk_use_is_bounded_over_all_streams() -> None:
    run = Run(replace(SETTINGS, format="jsonl", spool_max_bytes=1_000_000))
    most = 0
    put = run.store.put

    def watch(key: str, file: BinaryIO) -> None:
        nonlocal most
        most = max(most, run.objects.disk_bytes + run.uploads.pending_bytes)
        put(key, file)

    run.store.put = watch  # type: ignore[method-assign] # a spy
    names = [f"s{n}" for n in range(10)]
    text = "x" * 10_000
    rows = [record(name, id="1", text=text) for _ in range(100) for name in names]
    run.feed([*(schema(name) for name in names), *rows])
    assert most < 1_000_000 + len(names) * FLUSH_BYTES  # of 10 MB
    assert sum(len(run.store.rows(name)) for name in names) == 1000


def test_a_failed_upload_ends_the_run_and_holds_back_its_state() -> None:
    run = Run(replace(SETTINGS, max_rows=1), store=MemoryStore(refused="/ads/"))
    items: list[Any] = [schema(), schema("ads"), record(id="1"), state(1)]
    items += [1, record("ads", id="1"), state(2), 1, record(id="2"), state(3)]
    with pytest.raises(StoreError, match="refused by the test"):
        run.feed(items)
    assert [echoed for _, echoed in run.states] == [{"bookmarks": 1}]
    assert run.summary.streams["campaigns"].objects == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b'{"type":"RECORD","stream":"campaigns","record":["1"]}', "not an object"),
        (b'{"type":"RECORD","stream":"campaigns"}', "not an object"),
        (b'{"type":"STATE"}', "Line 4 .* STATE without a value"),
        (b'{"type":"SCHEMA","stream":"x"}', "Line 4 .* SCHEMA without"),
        (b'{"type":"SCHEMA","stream":"x","schema":{}}', "stream x has no properties"),
    ],
)
def test_a_bad_line_ends_the_run_after_what_came_before_it(
    line: bytes, sentence: str
) -> None:
    run = Run(SETTINGS)
    before = [schema(), record(id="secret-1"), state(1)]
    with pytest.raises(InputError, match=sentence) as caught:
        run.feed([*before, line, record(id="secret-2"), state(2)])
    assert [row["id"] for row in run.store.rows("campaigns")] == ["secret-1"]
    assert [echoed for _, echoed in run.states] == [{"bookmarks": 1}]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"{not json", "Line 4 of the input is not valid JSON"),
        (b'{"stream":"campaigns"}', "Line 4 .* not a Singer message.*`type`"),
        (b'["RECORD"]', "Line 4 .* not a Singer message"),
        (b"\xff\xfe{", "Line 4 .* not UTF-8 text"),
        (b'{"type":"RECORD","stream":"campaigns","record":{"id":"x', "Line 4 "),
    ],
)
def test_an_unreadable_line_is_left_out_holds_the_state_and_fails_the_run(
    line: bytes, sentence: str
) -> None:
    run = Run(SETTINGS)
    before = [schema(), record(id="secret-1"), state(1)]
    with pytest.raises(InputError, match=sentence) as caught:
        run.feed([*before, line, record(id="secret-2"), state(2), line, state(3)])
    assert [row["id"] for row in run.store.rows("campaigns")] == [
        "secret-1",
        "secret-2",
    ]
    assert [echoed for _, echoed in run.states] == [{"bookmarks": 1}]
    assert "secret" not in str(caught.value)
    assert "2 lines of the input could not be read" in str(caught.value)
    assert run.summary.as_dict()["unreadable_lines"] == 2


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"NaN", None),
        (b"[1.10,-Infinity]", [1.1, None]),
        (b'"\\ud83d private"', "\ufffd private"),
        (b'"M\xfcller"', "M\ufffdller"),
        (b"[" * 1200 + b"]" * 1200, None),
        (b'"a\x00b"', "a\0b"),
    ],
)
@pytest.mark.parametrize("name", ["jsonl.gz", "csv", "parquet"])
def test_a_value_that_is_not_json_costs_this_value_only(
    name: str, value: bytes, kept: object, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(replace(SETTINGS, format=name, add_record_metadata=False))
    head = b'{"type":"RECORD","stream":"campaigns","record":{"id":"1","x":'
    line = head + value + b',"y":"9007199254740993"}}'
    columns = {"id": "string", "x": "any", "y": "string"}
    run.feed([schema(columns=columns), record(id="0"), line, state(1)])
    rows = run.store.rows("campaigns")
    assert [(row["id"], row.get("y") or None) for row in rows] == [
        ("0", None),
        ("1", "9007199254740993"),
    ]
    assert [echoed for _, echoed in run.states] == [{"bookmarks": 1}]
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    if name == "jsonl.gz":
        assert rows[1]["x"] == kept
    assert run.summary.replaced_values == len(warnings) == (0 if kept == "a\0b" else 1)
    for warning in warnings:
        assert "Line 3 of the input: column x of stream campaigns holds" in warning
        assert "private" not in warning


def test_line_numbers_count_blank_lines_and_earlier_blocks() -> None:
    run = Run(SETTINGS)
    with pytest.raises(InputError, match="Line 5 "):
        run.feed([schema(), b"", record(id="1"), 1, b"", b"{"])


def test_blank_lines_count_where_every_line_can_be_read() -> None:
    run = Run(SETTINGS)
    with pytest.raises(SchemaMissingError, match="Line 4 "):
        run.feed([schema(), b"", b" ", record("ads", id="1")])


def test_a_message_over_two_lines_is_none() -> None:
    run = Run(SETTINGS)
    with pytest.raises(InputError, match=r"Line 2 .* not valid JSON.* 2 lines"):
        run.feed([schema(), b'{"type":"STATE",', b'"value":{"a":1}}'])


def test_a_record_before_its_schema_is_an_error() -> None:
    run = Run(SETTINGS)
    with pytest.raises(SchemaMissingError, match=r"Line 2 .* stream ads"):
        run.feed([schema(), record("ads", id="1")])


def test_a_record_without_its_key_is_an_error() -> None:
    run = Run(SETTINGS)
    nested = record(name={"id": "1"})
    with pytest.raises(KeyMissingError, match=r"Line 2 .* lacks the key column id"):
        run.feed([schema(), {**nested, "record": {"nåme": "x"}}])


def test_a_key_spelled_with_escapes_is_a_key() -> None:
    run = Run(SETTINGS)
    run.feed(
        [schema(), b'{"type":"RECORD","stream":"campaigns","record":{"\\u0069d":"1"}}']
    )
    assert [row["id"] for row in run.store.rows("campaigns")] == ["1"]


def test_activate_version_is_ignored_and_an_unknown_type_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = Run(SETTINGS)
    unknown = {"type": "GREETING"}
    version = {"type": "ACTIVATE_VERSION", "stream": "campaigns", "version": 1}
    run.feed([schema(), version, unknown, unknown, record(id="1"), state(1)])
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings == [
        "Line 3 of the input has the unknown type 'GREETING'; such lines are ignored."
    ]
    assert run.states


def test_records_keep_their_bytes_ids_dates_and_text() -> None:
    run = Run(replace(SETTINGS, format="jsonl", add_record_metadata=False))
    text = (
        '{"id": "1", "big":9007199254740993123, "cost":1.10, "date":"2026-11-01",'
        '"at":"2026-11-01T00:00:00.000+0000", "x":null, '
        '"name":"Größe 広告 \\u00e9 \\/"}'
    )
    line = f'{{"type":"RECORD","record":{text},"stream":"campaigns"}}'
    run.feed([schema(), line.encode()])
    assert list(run.store.objects.values()) == [text.encode() + b"\n"]


def test_extracted_at_is_the_taps_time_or_the_time_received() -> None:
    run = Run(replace(SETTINGS, include_process_date=True))
    tapped = {**record(id="1"), "time_extracted": "2026-11-20T01:02:03.000004Z"}
    own = record(id="3", _sdc_extracted_at="tap's own")
    nested = record(id="4", notes={"_sdc_extracted_at": "inside"})
    bare = {**record(), "record": {}}
    run.feed([schema(keys=()), tapped, record(id="2"), own, nested, bare])
    received = "2026-11-21T07:00:00+00:00"
    rows = run.store.rows("campaigns")
    assert [row["_sdc_extracted_at"] for row in rows] == [
        "2026-11-20T01:02:03.000004Z",
        received,
        "tap's own",
        received,
        received,
    ]
    assert {row["_process_date"] for row in rows} == {received}
    assert rows[-1].keys() == {"_sdc_extracted_at", "_process_date"}


def test_a_stop_takes_what_still_comes_for_two_seconds() -> None:
    run = Run(SETTINGS)
    items = [schema(), record(id="1"), state(1), 1, record(id="2"), state(2), 3600]
    script = Script(run.clock, [*items, record(id="3"), state(3)])
    run.is_stopped = True
    run.loader.run(script)
    assert [row["id"] for row in run.store.rows("campaigns")] == ["1", "2"]
    assert run.states[-1][1] == {"bookmarks": 2}
    assert run.clock.seconds <= 3


def test_a_line_that_the_signal_cut_in_two_is_no_error() -> None:
    run = Run(SETTINGS)
    script = Script(
        run.clock, [schema(), record(id="1"), state(1), 0.1, b'{"type":"RE']
    )
    get = script.get

    def cut(timeout: float) -> Block | None:
        block = get(timeout)
        return block._replace(is_cut=True) if block and script.has_ended else block

    script.get = cut  # type: ignore[method-assign] # the last block is half a line
    run.is_stopped = True
    run.loader.run(script)
    assert run.states == [(0.1, {"bookmarks": 1})]


def test_a_full_disk_is_a_sentence() -> None:
    class FullDisk(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    run = Run(replace(SETTINGS, format="jsonl"))
    run.objects.new_file = FullDisk  # type: ignore[method-assign] # no space at all
    with pytest.raises(SpoolError, match=r"No space left on device.*spool_dir"):
        run.feed([schema(), record(id="1"), state(1)])
    assert run.states == []


def test_a_reader_that_goes_away_does_not_keep_records_from_the_bucket() -> None:
    run = Run(SETTINGS)

    def broken(_: bytes) -> None:
        raise BrokenPipeError

    run.tracker.write = broken
    with pytest.raises(StateReaderGoneError):
        run.feed([schema(), record(id="1"), state(1), 60, record(id="2"), state(2)])
    assert len(run.store.rows("campaigns")) == 2


def test_a_schema_change_needs_no_new_object_for_json_lines() -> None:
    run = Run(SETTINGS)
    run.feed(
        [schema(), record(id="1"), schema(id="string", x="string"), record(id="2")]
    )
    assert len(run.store.objects) == 1


def test_stream_maps_and_flattening_work_on_the_way() -> None:
    maps = {
        "stream_maps": {
            "campaigns": {"__alias__": "mapped", "double": "cost * 2", "name": None},
            "dropped": None,
        },
        "flattening_enabled": True,
        "flattening_max_depth": 1,
    }
    run = Run(replace(SETTINGS, add_record_metadata=False), maps)
    wide = schema(id="string", cost="number", name="string", tags="object")
    wide["schema"]["properties"]["tags"]["properties"] = {"a": {"type": "string"}}
    run.feed(
        [
            wide,
            schema("dropped"),
            record(id="1", cost=1.25, name="x", tags={"a": "é"}),
            record("dropped", id="1"),
        ]
    )
    assert run.store.rows("mapped") == [
        {"id": "1", "cost": 1.25, "tags__a": "é", "double": 2.5}
    ]
    assert len(run.store.objects) == 1


def test_a_failing_map_expression_is_a_sentence_without_the_record() -> None:
    run = Run(SETTINGS, {"stream_maps": {"campaigns": {"x": "id + 1"}}})
    with pytest.raises(InputError, match="stream_maps fails on a record") as caught:
        run.feed([schema(), record(id="private")])
    assert "private" not in str(caught.value)


def test_the_summary_counts_what_is_stored() -> None:
    run = Run(replace(SETTINGS, max_rows=2))
    run.feed([schema(), *(record(id=str(n)) for n in range(3))])
    found = json.loads(json.dumps(run.summary.as_dict()))
    assert found["streams"]["campaigns"]["records"] == 3
    assert found["records"] == 3
    assert found["objects"] == 2
    assert found["bytes"] == sum(map(len, run.store.objects.values()))


def test_a_value_that_fits_no_column_leaves_other_streams_unharmed() -> None:
    run = Run(replace(SETTINGS, format="parquet"))
    bad = schema("bad", id="string", clicks="integer")
    items = [bad, schema(), record("bad", id="1", clicks="12 private"), record(id="1")]
    with pytest.raises(FormatError, match="column clicks is declared integer") as error:
        run.feed([*items, state(1)])
    assert "private" not in str(error.value)
    assert len(run.store.rows("campaigns")) == 1
    assert run.states == []
