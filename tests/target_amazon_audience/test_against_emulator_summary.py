"""The summary: one word for the run, and everything that made it exit 1."""

from __future__ import annotations

import io
import json

import pytest
from filelock import FileLock

from singer_amazon.errors import AmazonError
from support.audience.runner import (
    WAIT,
    Ran,
    Runner,
    people,
    person,
    record,
    schema,
    state,
)

TWO = {
    "streams": {
        "customers": {},
        "leads": {"external_audience_id": "leads", "audience_name": "leads_leads"},
    }
}
LEAD = {**person(7), "stream": "leads"}


def words(ran: Ran) -> tuple[str, list[str]]:
    """Return the result of the run and of each audience."""
    return ran.summary["result"], [a["result"] for a in ran.summary["audiences"]]


def test_a_run_whose_jobs_have_ended_is_complete(target: Runner) -> None:
    ran = target.good(people(1, 2), **WAIT)
    assert words(ran) == ("complete", ["complete"])
    assert (ran.summary["failures"], ran.summary["failed"]) == ([], [])
    assert ran.summary["seconds"] > 0


def test_a_run_that_leaves_jobs_to_the_next_is_waiting(target: Runner) -> None:
    ran = target.good(people(1, 2))
    assert words(ran) == ("waiting", ["waiting"])
    [notice] = ran.summary["notices"]
    assert notice.startswith("all streams: Amazon still works on 1 batches")


def test_one_audience_of_two_is_refused(target: Runner) -> None:
    target.fault("status", "create_audience", account="loyalty-us", code=403)
    ran = target.run([schema("leads"), person(1), LEAD], **TWO)
    assert words(ran) == ("partly", ["failed", "waiting"])
    [entry] = ran.summary["failed"]
    assert entry["stream"] == "customers"
    assert entry["account"] == "audience loyalty-us"
    assert "HTTP 403" in entry["reason"]
    [sentence] = ran.summary["failures"]
    assert sentence == f"{entry['account']}, customers: {entry['reason']}"


def test_a_refused_record_leaves_the_rest_sent(target: Runner) -> None:
    target.fault("refuse_record", external_user_ids=["user-2"])
    ran = target.run(people(1, 2, 3))
    assert words(ran) == ("partly", ["partly"])
    assert "Amazon refused 1 records" in ran.summary["failures"][0]


def test_nobody_sent_is_failed(target: Runner) -> None:
    ran = target.run([record(email="nobody@example.com")] * 3)
    assert words(ran) == ("failed", ["failed"])
    assert "3 of 3 records were rejected" in ran.summary["failures"][0]


def test_who_was_rejected_is_among_the_notices(target: Runner) -> None:
    ran = target.good([person(1), record(email="nobody@example.com")], **WAIT)
    assert ran.summary["result"] == "complete"
    assert "all streams: 1 of 2 records were rejected" in ran.summary["notices"]


def test_an_id_that_many_people_share_is_named(target: Runner) -> None:
    rows = [record(externaluserid="0", email=f"p{n}@example.com") for n in range(12)]
    ran = target.good(rows, **WAIT)
    assert ran.noted("one external id came with 12 different sets of personal data")
    rows = [
        record(externaluserid="0", email="one@example.com", city=str(n))
        for n in range(3)
    ]
    assert not target.good(rows, **WAIT).noted("one external id")


def test_a_dead_token_is_among_the_failures(target: Runner) -> None:
    ran = target.run([person(1)], refresh_token="Atzr|dead")
    assert ran.summary["result"] == "failed"
    [entry] = ran.summary["failed"]
    assert entry["account"] == "audience loyalty-us"
    assert "authorise the application again" in entry["reason"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "BATCH", "stream": "customers"}, "is a BATCH of stream customers"),
        ({"type": "RECORD", "stream": "strange", "record": {}}, "no SCHEMA"),
    ],
)
def test_an_input_that_cannot_be_taken_is_failed(
    target: Runner, message: object, reason: str
) -> None:
    ran = target.run([person(1), message])
    assert ran.summary["result"] == "failed"
    [entry] = ran.summary["failed"]
    assert reason in entry["reason"]
    assert entry.keys() == {"reason"}


def test_a_line_that_nobody_can_read_is_among_the_failures(target: Runner) -> None:
    ran = target.run([person(1), "{nonsense\n", person(2), state(1)])
    assert ran.error is not None
    assert words(ran) == ("partly", ["waiting"])
    assert ran.summary["failures"] == [str(ran.error)]


def test_a_run_that_cannot_begin_has_a_summary_too(
    target: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    target.good(people(1))
    plugin = target.plugin()
    held = [FileLock(path) for path in target.database.parent.glob("locks/*")]
    assert held
    for found in held:
        found.acquire()
    caplog.set_level("INFO")
    with pytest.raises(AmazonError, match="Another run is working") as error:
        plugin.listen(io.StringIO(""))
    plugin.log_failure(error.value)
    summary = json.loads((target.folder / "summary.json").read_text())
    assert summary["result"] == "failed"
    assert summary["failures"] == [str(error.value)]
    assert caplog.messages[-1].startswith("Run summary: {")
    for found in held:
        found.release()
