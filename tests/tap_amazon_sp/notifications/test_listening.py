"""Runs that are notified by a queue when their reports are done."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from amazon_emulator import Emulator
from singer_amazon.errors import ConfigError
from support.sp.queues import KEYS, LocalQueue, SendingQueue, local_queues, new_queue
from support.sp.runs import (
    NOON,
    SALES,
    SALES_BY_ASIN,
    SEARCH_TERMS,
    CollectingWriter,
    Run,
    pending,
    run,
)
from tap_amazon_sp.notifications.settings import open_queue, read_notifications
from tap_amazon_sp.tap import TapAmazonSp

STREAMS = (SALES, SALES_BY_ASIN, SEARCH_TERMS)
READY_AFTER = 700


@pytest.fixture(scope="module")
def sqs() -> Iterator[Any]:
    with local_queues() as client:
        yield client


@pytest.fixture
def queue(sqs: Any) -> LocalQueue:
    return new_queue(sqs)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    settings: Any = {"ready_after_seconds": READY_AFTER, "sp_asins": 2}
    with Emulator(now=NOON, frozen=True, **settings) as server:
        yield server


class NotifiedRuns:
    """Runs with a queue, and the queue as the tap sees it."""

    def __init__(self, emulator: Emulator, queue: LocalQueue, copies: int = 1) -> None:
        self.emulator = emulator
        self._queue, self._copies = queue, copies
        self.seen: SendingQueue | None = None

    def run(self, **changes: Any) -> Run:
        def prepare(tap: TapAmazonSp, *_: object) -> None:
            if self._copies:
                self.seen = SendingQueue(
                    tap._queue, self.emulator, self._queue, self._copies
                )
                tap.__dict__["_queue"] = self.seen

        notifications = {"queue_url": self._queue.url} | changes.pop("queue", {})
        return run(
            self.emulator,
            *STREAMS,
            prepare=prepare,
            notifications=notifications,
            **KEYS,
            **changes,
        )


def calls(emulator: Emulator) -> tuple[int, int]:
    """Return how often getReport was called, and how many reports there are."""
    found = emulator.client.statistics()
    return found.count("get_report"), len(found.sp_reports)


def test_a_finished_report_costs_one_get_report(
    emulator: Emulator, queue: LocalQueue
) -> None:
    notified = NotifiedRuns(emulator, queue).run()
    with_news, reports = calls(emulator)
    with Emulator(
        now=NOON, frozen=True, ready_after_seconds=READY_AFTER, sp_asins=2
    ) as other:
        polled = run(other, *STREAMS)
        without, as_many = calls(other)

    assert notified.code == polled.code == 0
    assert sorted(map(str, notified.rows())) == sorted(map(str, polled.rows()))
    assert reports == as_many == 6
    print(  # noqa: T201 - the figure
        f"getReport calls per finished report: {with_news / reports:.2f} with "
        f"notifications, {without / reports:.2f} without ({reports} reports, each "
        f"done after {READY_AFTER} s)"
    )
    assert with_news / reports < 1.2
    assert without / reports > 3
    assert queue.left() == 0


def test_duplicates_disorder_and_strangers_harm_nothing(
    emulator: Emulator, queue: LocalQueue
) -> None:
    notified = NotifiedRuns(emulator, queue, copies=3)
    found = notified.run()
    get_report, reports = calls(emulator)

    assert found.code == 0
    assert get_report / reports < 1.2
    assert len(set(found.keys())) == len(found.rows())
    assert notified.seen is not None
    assert queue.left() == 2 * reports  # those of others, and no others
    assert len(notified.seen.deleted) == 3 * reports
    assert found.said(f"{3 * reports} messages of this run's reports")


def test_without_any_message_polling_brings_everything(
    emulator: Emulator, queue: LocalQueue
) -> None:
    notified = NotifiedRuns(emulator, queue, copies=0).run(
        queue={"poll_interval_seconds": 600}
    )
    get_report, reports = calls(emulator)

    assert notified.code == 0
    assert notified.rows(SALES)
    assert get_report == 2 * reports
    assert notified.said("done before a notification", "notifications status")


def test_a_queue_that_fails_costs_only_time(
    emulator: Emulator, queue: LocalQueue
) -> None:
    gone = LocalQueue(queue.client, queue.url + "-gone")
    notified = NotifiedRuns(emulator, gone, copies=0).run()

    assert notified.code == 0
    assert notified.rows(SALES)
    (line,) = notified.said("WARNING", "receive_message")
    assert "notifications.queue_url" in line
    assert "polled as without notifications" in line


def test_no_message_goes_before_the_state_that_knows_its_result(
    emulator: Emulator, queue: LocalQueue
) -> None:
    notified, written = SendingQueue(None, emulator, queue), list[dict[str, Any]]()
    deleted: list[str] = []

    def prepare(tap: TapAmazonSp, writer: CollectingWriter) -> None:
        notified.inner = tap._queue
        writer.on_line = written.append
        tap.__dict__["_queue"] = notified

    def delete(receipts: Sequence[str]) -> None:
        states = [m["value"] for m in written if m["type"] == "STATE"]
        ids = {notified.report_ids[receipt] for receipt in receipts}
        assert not ids & {report_id for _, report_id in pending(states[-1])}
        deleted.extend(receipts)

    notified.delete = delete  # type: ignore[method-assign]
    setting = {"queue_url": queue.url}
    found = run(emulator, *STREAMS, prepare=prepare, notifications=setting, **KEYS)

    assert found.code == 0
    assert len(deleted) == calls(emulator)[1]


def test_what_waits_for_the_next_run_keeps_its_message(
    emulator: Emulator, queue: LocalQueue
) -> None:
    first = NotifiedRuns(emulator, queue).run(max_runtime_seconds=READY_AFTER - 100)
    emulator.client.advance(READY_AFTER)
    reports = calls(emulator)[1]
    second = NotifiedRuns(emulator, queue).run(state=first.state)

    assert first.code == second.code == 0
    assert not first.rows(SALES)
    assert second.rows(SALES)
    assert calls(emulator)[1] == reports


# --- settings --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"queue_url": ""}, "no URL of a queue"),
        ({"queue_url": "arn:aws:sqs:us-east-1:1:q"}, "no URL of a queue"),
        ({"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/q.fifo"}, "FIFO"),
        ({"queue_urll": "x"}, "queue_url"),
    ],
)
def test_a_wrong_setting_is_a_sentence(given: dict[str, str], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        read_notifications({"notifications": given})


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tap_amazon_sp.notifications.queue", "boto3", "botocore"):
        monkeypatch.setitem(sys.modules, name, None)
    settings = read_notifications(
        {"notifications": {"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/q"}}
    )
    assert settings is not None
    with pytest.raises(ConfigError, match=r"\[sqs\]"):
        open_queue(settings, {})
