"""What messages say, and when they may be deleted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.sp.notices import query_notice, report_notice
from tap_amazon_sp.notifications.inbox import Inbox
from tap_amazon_sp.notifications.messages import (
    PAYLOAD_VERSIONS,
    Announcement,
    Message,
    read_message,
)
from tap_amazon_sp.notifications.policy import lets_amazon_send, policy_for

OURS = {f"r{n}" for n in range(4)}


def test_both_kinds_are_read() -> None:
    report = report_notice("R1", "GET_X", "n1")
    assert read_message(report) == Announcement("n1", "R1", "GET_X")
    assert read_message(query_notice("Q1", "n2")) == Announcement("n2", "Q1")


def test_a_notice_without_an_id_of_its_own_is_known_by_its_report() -> None:
    body = json.loads(report_notice("R1", "GET_X", "n1"))
    del body["notificationMetadata"]
    assert read_message(json.dumps(body)) == Announcement("R1", "R1", "GET_X")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nothing",
        "[]",
        "[" * 100_000,
        "{}",
        '{"notificationType": "TRANSACTION_UPDATE", "payload": {"SellerId": "A"}}',
        '{"notificationType": "REPORT_PROCESSING_FINISHED", "payload": {}}',
        report_notice(5, "GET_X", "n1"),  # type: ignore[arg-type]  # Amazon might
        '{"notificationType": "DATA_KIOSK_QUERY_PROCESSING_FINISHED", "payload": []}',
    ],
)
def test_what_is_of_another_kind_or_damaged_announces_nothing(body: str) -> None:
    assert read_message(body) is None


_NAMES = st.sampled_from(
    [
        *("notificationType", "payload", "notificationMetadata", "notificationId"),
        *("reportProcessingFinishedNotification", "reportId", "queryId"),
    ]
)
_VALUES = st.none() | st.integers() | st.sampled_from([*PAYLOAD_VERSIONS, "x"])


@given(
    st.recursive(
        _VALUES, lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner)
    )
)
def test_no_message_breaks_a_run(found: object) -> None:
    read_message(json.dumps(found))


# --- the inbox -------------------------------------------------------------------


class _Run:
    """A run of some reports, whose states are numbered."""

    def __init__(self) -> None:
        self.settled: set[str] = set()
        self.stored: set[str] = set()
        self.written = 0
        self.inbox = Inbox(
            lambda found: found.report_id in OURS,
            lambda found: found.report_id in self.settled,
        )

    @property
    def has_changes(self) -> bool:
        return self.stored != self.settled

    def write(self) -> None:
        if self.has_changes:
            self.stored = set(self.settled)
            self.written += 1

    def done(self) -> list[str]:
        return list(self.inbox.done(self.written, has_changes=self.has_changes))


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("message"), st.integers(0, 6)),
        st.tuples(st.just("settle"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["write", "delete"]), st.just(0)),
    ),
    max_size=60,
)


@given(_steps)
def test_messages_go_when_their_result_is_in_the_state_and_all_of_ours_do(
    steps: list[tuple[str, int]],
) -> None:
    run, sent, deleted = _Run(), dict[str, str](), list[str]()
    for kind, number in steps:
        if kind == "message":
            receipt = f"m{len(sent)}"
            sent[receipt] = f"r{number}"
            body = report_notice(f"r{number}", "T", f"n{number}")
            run.inbox.take([Message(receipt, body)])
        elif kind == "settle":
            run.settled.add(f"r{number}")
        elif kind == "write":
            run.write()
        else:
            found = run.done()
            assert {sent[receipt] for receipt in found} <= run.stored
            deleted += found
    run.settled |= OURS
    deleted += run.done()
    run.write()
    deleted += run.done()

    assert sorted(deleted) == sorted(r for r, name in sent.items() if name in OURS)
    assert run.inbox.taken == len(deleted)
    assert run.inbox.left == len(sent) - len(deleted)


# --- the policy ------------------------------------------------------------------


def test_the_policy_that_is_shown_lets_amazon_send() -> None:
    assert lets_amazon_send(policy_for("arn:aws:sqs:us-east-1:1:q"))


@pytest.mark.parametrize(
    "policy",
    [
        None,
        "",
        "no JSON",
        "[]",
        '{"Statement": []}',
        '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "1"}}}',
        '{"Statement": {"Effect": "Deny", "Principal": {"AWS": "437568002678"}}}',
    ],
)
def test_other_policies_do_not(policy: str | None) -> None:
    assert not lets_amazon_send(policy)
