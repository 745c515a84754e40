"""Answers of endpoints that nobody expects: a sentence or the right rows, no crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.ads.runs import Run
from support.core.scripted_server import Reply
from support.sp.endpoint_entries import CHANGED, PARTS, PATH, THINGS, position
from support.sp.runs import partitions
from support.sp.scripted import ScriptedApi, scripted_api

Json = dict[str, Any]


@pytest.fixture(scope="module")
def running() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


@pytest.fixture
def amazon(running: ScriptedApi) -> ScriptedApi:
    running.responses.clear()
    running.calls.clear()
    return running


def no_traceback(ended: Run) -> None:
    assert not [line for line in ended.log if "Traceback" in line], ended.log
    if ended.code:
        assert ended.said("ERROR", "things")


UNREADABLE: list[bytes] = [
    b"",
    b"null",
    b"5",
    b"[]",
    b'"text"',
    b"<html>wait</html>",
    b'{"things": [',
    b"\xff\xfe{}",
    b'{"things": [{"id": "\xe9"}]}',
    b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}",
    b'{"things": "none"}',
    b'{"things": 5}',
    b'{"things": [1, 2]}',
    b'{"things": [null]}',
    b'{"things": [[{"id": 1}]]}',
    b'{"things": {"id": [1]}, "nextToken": {"a": 1}}',
    b'{"payload": null}',
    b'{"payload": []}',
    b'{"payload": {"things": true}}',
    b'{"things": [], "nextToken": ["a"]}',
    b'{"errors": ["odd"], "things": []}',
    b'{"errors": {"message": "odd"}}',
]


@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: repr(body[:30]))
def test_what_cannot_be_read_is_a_failure_that_holds_the_bookmark(
    amazon: ScriptedApi, body: bytes
) -> None:
    amazon.serve(PATH, Reply(200, body))

    ended = amazon.run(CHANGED, start_date="2026-11-20")

    no_traceback(ended)
    assert ended.code == 1
    assert not partitions(ended.state, "things") or position(ended.state) is None
    assert all(len(line) < 2000 for line in ended.log)


READABLE: list[tuple[bytes, object]] = [
    (b'{"id": "1", "v": "\\ud83d"}', "\ufffd"),
    (b'{"id": "1", "v": "\\ud83d\\ude00"}', "\U0001f600"),
    (b'{"id": "1", "v": 1e999}', "1e999"),
    (b'{"id": "1", "v": NaN}', "NaN"),
    (b'{"id": "1", "v": -Infinity}', "-Infinity"),
    (b'{"id": "1", "v": 1' + b"0" * 39 + b"}", 10**39),
    (b'{"id": "1", "v": 123456789.123456789}', 123456789.123456789),
    (b'{"id": "1", "v": "a\\u0000b"}', "a\x00b"),
    (b'{"id": "1", "v": ' + b"[" * 400 + b"]" * 400 + b"}", ...),
    (b'{"id": "1", "v": {"": {"": null}}}', {"": {"": None}}),
    (b'{"id": "1", "": 5, "v": 1}', 1),
    (b'{"id": "1", "_extra": 5, "v": 1}', 1),
    (b'{"id": "1", "account_name": "x", "v": 1}', 1),
]


@pytest.mark.parametrize(
    ("record", "value"), READABLE, ids=lambda value: repr(value)[:30]
)
def test_what_can_be_read_arrives(
    amazon: ScriptedApi, record: bytes, value: object
) -> None:
    amazon.serve(PATH, Reply(200, b'{"things": [' + record + b"]}"))

    ended = amazon.run(THINGS)

    no_traceback(ended)
    assert ended.code == 0, ended.log
    (row,) = ended.rows()
    assert row["account_name"] == "acme"
    assert value is ... or row["v"] == value


@pytest.mark.parametrize(
    "changed",
    [
        *("", "soon", "Nov 20, 2026", "20.11.2026", "1795176000", "0000-00-00"),
        *("2026-11-20T25:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01"),
        *("2026-11-20T10:00:00+99:99", "２０２６-11-20", "-2026-11-20"),  # noqa: RUF001
        *(5, 1.5e300, None, True, [], {}, ["2026-11-20"], "x" * 5000, "\x00"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_times_of_every_odd_form_hold_no_bookmark_for_ever(
    amazon: ScriptedApi, changed: object
) -> None:
    amazon.serve(PATH, {"things": [{"id": "1", "changed": changed}]})

    ended = amazon.run(CHANGED, start_date="2026-11-20")

    no_traceback(ended)
    assert ended.code == 0
    assert len(ended.rows()) >= 1
    assert position(ended.state) is not None


def test_a_time_field_that_nobody_has_is_warned_of(amazon: ScriptedApi) -> None:
    amazon.serve(PATH, {"things": [{"id": "1"}]})
    entry = {**CHANGED, "updated_before_param": None}

    ended = amazon.run(entry, start_date="2026-11-20")

    assert ended.said("WARNING", "no record has a time", "last_modified_field")
    assert position(ended.state) == "2026-11-20T10:58:00Z"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "things", "payload", "nextToken", "changed", "parts", "errors"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(_JSON, _JSON, _JSON)
def test_whatever_comes_is_rows_or_a_sentence(
    amazon: ScriptedApi, first: Any, second: Any, part: Any
) -> None:
    pages: list[Json] = [
        {"things": [{"id": "a"}], "nextToken": "n"},
        {"things": [first, {"id": second}]},
    ]
    amazon.serve(PATH, *pages)
    amazon.serve(f"{PATH}/a/parts", Reply(200, json.dumps(part).encode()))

    ended = amazon.run({**THINGS, "extend_resources": [PARTS]})

    no_traceback(ended)
