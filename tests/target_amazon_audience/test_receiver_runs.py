"""Records that come in a row are taken together: nothing of their order is lost."""

from __future__ import annotations

from singer_amazon.target.errors import SchemaMissingError
from support.audience_runs import Bench, person, schema, state


def test_a_record_that_names_no_stream_ends_the_run_with_its_line(bench: Bench) -> None:
    nameless = {"type": "RECORD", "record": {"externaluserid": "u", "email": "a@b.c"}}
    ran = bench.run([person(1), nameless])
    assert isinstance(ran.error, SchemaMissingError)
    assert "Line 3 " in str(ran.error)  # the schema is the first
    assert set(bench.amazon.who()) == {"user-1"}


def test_state_between_records_covers_those_before_it_only(bench: Bench) -> None:
    messages = [
        *(person(1), state(1), person(2), "no JSON\n", person(3), state(2)),
        *(schema(), person(4), state(3)),
    ]
    ran = bench.run(messages, batch_size_rows=1)
    assert ran.error is None
    assert set(bench.amazon.who()) == {"user-1", "user-2", "user-3", "user-4"}
    assert ran.report["records"] == 4
    assert ran.states[-1] == 3


def test_streams_that_alternate_keep_their_records(bench: Bench) -> None:
    def of(stream: str, number: int) -> dict[str, object]:
        return {**person(number), "stream": stream}

    streams = {
        name: {"external_audience_id": name, "audience_name": f"audience {name}"}
        for name in ("customers", "leads")
    }
    rows = [of("leads" if number % 2 else "customers", number) for number in range(10)]
    ran = bench.run([schema("leads"), *rows], streams=streams)
    assert ran.error is None
    sent = {a["stream"]: a["records"] for a in ran.summary["audiences"]}
    assert sent == {"customers": 5, "leads": 5}
