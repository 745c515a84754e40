"""Lines that are not quite JSON: the bad value goes, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from singer_amazon.target.errors import InputError, UnreadableLinesError
from singer_amazon.target.json_repair import MAX_DEPTH, UnclearError, repair
from singer_amazon.target.messages import NOTHING, Message, MessageDecoder
from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stdin import Block
from singer_amazon.target.unreadable_lines import UnreadableLines


class RawRecord(Message):
    record: Raw = NOTHING


class ReadRecord(Message):
    record: dict[str, Any] | None = None


def block(*values: bytes) -> Block:
    """One RECORD of stream s for each value of column x, between two good ones."""
    lines = [
        b'{"type":"RECORD","stream":"s","record":{"a":1.10,"x":%b,"z":"\xc3\xa9"}}\n'
        % v
        for v in values
    ]
    return Block(b"".join(lines), 7, len(lines))


BAD = {
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "python": b"None",
    "octal": b"007",
    "half an emoji": b'"\\ud83d"',
    "the other half": b'"x\\uDE00y"',
    "half and another letter": b'"\\ud83d\\u0041"',
    "an escape cut off": b'"\\u12"',
    "no escape": b'"\\x41"',
    "latin-1": b'"M\xfcller"',
    "half in bytes": b'"\xed\xa0\xbd"',
    "overlong": b'"\xc0\x80"',
    "deep": b"[" * 3000 + b"]" * 3000,
    "deep objects": b'{"x":' * 3000 + b"NaN" + b"}" * 3000,
}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("kind", [RawRecord, ReadRecord])
def test_only_the_bad_value_is_left_out(
    kind: type[Any], value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    decoder: MessageDecoder[Any] = MessageDecoder(kind)
    found = [m for _, m in decoder.numbered(block(b"1", value, b"2"))]
    assert len(found) == 3
    if kind is RawRecord:
        assert bytes(found[1].record) == '{"a":1.10,"x":null,"z":"é"}'.encode()
    else:
        assert found[1].record == {"a": 1.1, "x": None, "z": "é"}
    [warning] = [r.getMessage() for r in caplog.records]
    assert warning.startswith("Line 8 of the input: column x of stream s holds ")
    assert decoder.replaced_values == 1


@pytest.mark.parametrize("value", [b"1e400", b"-1e" + b"9" * 40, b"9" * 5000])
def test_a_number_that_nobody_can_read_is_kept_where_nobody_reads_it(
    value: bytes,
) -> None:
    [(_, raw)] = MessageDecoder(RawRecord).numbered(block(value))
    assert value in bytes(raw.record)
    [(_, read)] = MessageDecoder(ReadRecord).numbered(block(value))
    assert read.record == {"a": 1.1, "x": None, "z": "é"}


@pytest.mark.parametrize("value", [b'"a\x00b\x01\t"', b'"\x7f"'])
def test_what_only_lacks_an_escape_loses_nothing(
    value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    [(_, found)] = MessageDecoder(ReadRecord).numbered(block(value))
    assert found.record
    assert found.record["x"] == value[1:-1].decode()
    assert not caplog.records


def test_a_byte_order_mark_and_nuls_around_a_line_are_no_part_of_it() -> None:
    data = b'\xef\xbb\xbf{"type":"STATE","value":1}\x00\n\xef\xbb\xbf\n{"type":"X"}\n'
    found = list(MessageDecoder(RawRecord).numbered(Block(data, 1, 3)))
    assert [(number, message.type) for number, message in found] == [
        (1, "STATE"),
        (3, "X"),
    ]


def test_a_text_keeps_its_good_characters_where_that_is_asked_for() -> None:
    decoder = MessageDecoder(ReadRecord, keep_text=True)
    values = (b'"M\xfcller \\ud83d\\ude00 \\udc00 \\n"', b"NaN")
    found = [m.record and m.record["x"] for _, m in decoder.numbered(block(*values))]
    assert found == ["M\ufffdller 😀 \ufffd \n", None]


def test_a_column_whose_name_is_damaged_is_kept_under_another_name() -> None:
    line = b'{"type":"RECORD","stream":"s","record":{"\\ud83d":1,"b":2}}\n'
    [(_, found)] = MessageDecoder(ReadRecord).numbered(Block(line, 1, 1))
    assert found.record == {"\ufffd": 1, "b": 2}


def test_warnings_are_few_and_all_values_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    decoder = MessageDecoder(RawRecord)
    list(decoder.numbered(block(*[b"NaN"] * 1000)))
    assert decoder.replaced_values == 1000
    assert len(caplog.records) == 5


def test_the_name_of_a_column_cannot_break_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    name = json.dumps("a\nERROR " + "x" * 10_000).encode()
    line = b'{"type":"RECORD","stream":"s","record":{%b:NaN}}\n' % name
    list(MessageDecoder(RawRecord).numbered(Block(line, 1, 1)))
    [warning] = [r.getMessage() for r in caplog.records]
    assert "\n" not in warning
    assert len(warning) < 400


@pytest.mark.parametrize(
    "line",
    [b"{", b'{"a":1,}', b'{"a" 1}', b"{'a':1}", b'{"a":1}}', b'{"a":1]', b'"a', b"",
     b"[1 2]", b"{a:1}", b'{"a":}', b"]", b'{"a":1} {"a":1}'],
)  # fmt: skip
def test_a_broken_structure_is_not_guessed_at(line: bytes) -> None:
    with pytest.raises(UnclearError):
        repair(line)


def test_no_state_passes_a_line_that_cannot_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    states = StateTracker(lambda _: None)
    unreadable = UnreadableLines(states)
    unreadable.check()
    states.take(b"1")
    data = b'{"type":"private\n' * 20
    found = MessageDecoder(RawRecord).numbered(Block(data, 3, 20), unreadable)
    assert list(found) == []
    states.take(b"2")
    assert states.due() == b"1"
    with pytest.raises(UnreadableLinesError, match=r"Line 3 .* 20 lines") as error:
        unreadable.check()
    assert len(caplog.records) == 5
    assert "private" not in f"{error.value} {caplog.text}"


def test_without_that_the_line_is_an_error_when_its_turn_comes() -> None:
    found = iter(MessageDecoder(RawRecord).numbered(block(b"1", b"1}}}")))
    next(found)
    with pytest.raises(InputError, match=r"Line 8 .* not valid JSON"):
        next(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON), st.booleans())
def test_what_python_writes_is_read_with_all_that_is_json_in_it(
    record: dict[str, Any], is_ascii: bool
) -> None:
    text = json.dumps({"type": "RECORD", "record": record}, ensure_ascii=is_ascii)
    found, repairs = repair(text.encode("utf-8", "surrogatepass"), keep_text=True)
    expected = text.encode("utf-8", "surrogatepass")
    assert json.loads(found) == json.loads(text, parse_constant=lambda _: None)
    is_changed = "NaN" in text or "Infinity" in text
    assert bool(repairs) <= is_changed
    if not repairs:
        assert json.loads(found) == json.loads(expected)


@given(st.binary(max_size=60))
def test_any_bytes_are_strict_json_afterwards_or_refused(data: bytes) -> None:
    try:
        found, _ = repair(b'{"record":{"x":%b}}' % data, finite_numbers=True)
    except UnclearError:
        return
    json.loads(found, parse_constant=pytest.fail)


def test_a_depth_that_is_allowed_is_kept() -> None:
    value = b"[" * (MAX_DEPTH - 10) + b"]" * (MAX_DEPTH - 10)
    found, repairs = repair(b'{"record":{"x":%b,"y":NaN}}' % value)
    assert value in found
    assert [entry.column for entry in repairs] == ["y"]
