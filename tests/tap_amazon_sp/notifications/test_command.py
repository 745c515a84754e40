"""`tap-amazon-sp notifications`: what it makes, sees and tries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amazon_emulator import Emulator
from singer_amazon.commands.findings import Finding
from support.core.process import PluginProcess
from support.sp.queues import KEYS, LocalQueue, local_queues, new_queue, prompt_run
from support.sp.runs import (
    BY_ASIN,
    BY_DATE,
    SALES,
    SALES_BY_ASIN,
    catalog,
    run,
    settings,
)
from tap_amazon_sp.commands.check import SpCheck
from tap_amazon_sp.commands.notifications import notifications_command
from tap_amazon_sp.notifications.policy import policy_for
from tap_amazon_sp.tap import TapAmazonSp

REPORT = "REPORT_PROCESSING_FINISHED"
QUERY = "DATA_KIOSK_QUERY_PROCESSING_FINISHED"
ARN = "arn:aws:sqs:us-east-1:123456789012:"


@pytest.fixture(scope="module")
def sqs() -> Iterator[Any]:
    with local_queues() as client:
        yield client


@pytest.fixture
def queue(sqs: Any) -> LocalQueue:
    found = new_queue(sqs)
    found.set_policy(policy_for(found.arn))
    return found


class Command:
    """The command with the settings of a config file."""

    def __init__(self, folder: Path, emulator: Emulator, queue: LocalQueue) -> None:
        emulator.client.set_sp_queue(queue.arn, queue.url)
        self.config = settings(emulator, notifications={"queue_url": queue.url}, **KEYS)
        self._file = folder / "config.json"

    def result(self, *words: str) -> Result:
        self._file.write_text(json.dumps(self.config), encoding="utf-8")
        arguments = [*words, "--config", str(self._file)]
        return CliRunner().invoke(notifications_command(), arguments)

    def findings(self, *words: str) -> tuple[int, dict[str, dict[str, str]]]:
        """Return the exit code, and the lines by what they are about."""
        result = self.result(*words, "--json")
        rows = json.loads(result.stdout)
        return result.exit_code, {f"{row['what']} {row['of']}": row for row in rows}


@pytest.fixture
def command(tmp_path: Path, emulator: Emulator, queue: LocalQueue) -> Command:
    return Command(tmp_path, emulator, queue)


def subscriptions(found: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        name.removeprefix("subscription "): row["result"]
        for name, row in found.items()
        if name.startswith("subscription ")
    }


def test_setup_makes_what_is_missing_once(command: Command) -> None:
    before, missing = command.findings("status")
    made, first = command.findings("setup")
    again, second = command.findings("setup")
    after, seen = command.findings("status")

    assert (before, made, again, after) == (1, 0, 0, 0)
    assert missing["destination application 1 in NA"]["result"] == "failed"
    names = {f"{k} of {a}" for k in (REPORT, QUERY) for a in ("acme-us", "vega-us")}
    assert subscriptions(first) == dict.fromkeys(names, "ok")
    assert first["destination application 1 in NA"]["why"].endswith("is made")
    assert all(
        row["why"].endswith("was there")
        for n, row in second.items()
        if (n.startswith(("destination", "subscription")))
    )
    assert subscriptions(seen) == subscriptions(first)


def test_a_queue_that_does_not_let_amazon_send_gets_its_policy_shown(
    command: Command, queue: LocalQueue
) -> None:
    queue.set_policy("")
    code, found = command.findings("status")

    assert code == 1
    assert policy_for(queue.arn) in found[f"policy {queue.arn}"]["what to do"]


def test_a_subscription_to_another_queue_is_named(
    tmp_path: Path, emulator: Emulator, sqs: Any, command: Command
) -> None:
    command.findings("setup")
    other = new_queue(sqs)
    other.set_policy(policy_for(other.arn))
    code, found = Command(tmp_path, emulator, other).findings("setup")

    assert code == 1
    assert set(subscriptions(found).values()) == {"failed"}
    assert "another destination" in found[f"subscription {REPORT} of acme-us"]["why"]


def test_an_account_without_the_right_does_not_hide_the_others(
    command: Command, emulator: Emulator
) -> None:
    emulator.client.add_fault(
        "status", operation="create_subscription", account="acme-us", code=403
    )
    code, found = command.findings("setup")

    assert code == 1
    assert subscriptions(found)[f"{REPORT} of acme-us"] == "refused"
    assert subscriptions(found)[f"{REPORT} of vega-us"] == "ok"
    assert "role" in found[f"subscription {REPORT} of acme-us"]["what to do"]


def test_a_test_notification_arrives(command: Command) -> None:
    assert command.findings("test")[0] == 1  # there is no destination yet
    command.findings("setup")
    code, found = command.findings("test", "--timeout", "5")

    assert code == 0
    assert "arrived" in found["test application 1 in NA"]["why"]


def test_a_test_that_does_not_arrive_says_what_to_look_at(
    command: Command, emulator: Emulator, queue: LocalQueue
) -> None:
    command.findings("setup")
    elsewhere = new_queue(queue.client)
    emulator.client.set_sp_queue(queue.arn, elsewhere.url)
    code, found = command.findings("test", "--timeout", "1")

    assert code == 1
    assert "an hour" in found["test application 1 in NA"]["why"]


def test_without_the_setting_it_says_what_to_set(command: Command) -> None:
    del command.config["notifications"]
    result = command.result("status")
    assert result.exit_code == 1
    assert "notifications.queue_url" in result.output


def test_no_secret_is_shown(command: Command) -> None:
    shown = command.result("setup").output + command.result("status").output
    for name in ("client_secret", "aws_secret_access_key"):
        assert str(command.config[name]) not in shown
    assert "Atzr|" not in shown


# --- the whole way -----------------------------------------------------------------


def test_a_process_wakes_long_before_it_would_poll(
    tmp_path: Path, emulator: Emulator, command: Command, queue: LocalQueue
) -> None:
    """Set up by the command, sent by the emulator, received by the tap's thread."""
    command.findings("setup")
    emulator.client.real_time()
    emulator.client.change(
        ready_after_seconds=2,
        sp_notification_copies=2,
        sp_notification_reversed=True,
        sp_notification_foreign=True,
        sp_notification_unknown=True,
    )
    config = command.config | {"start_date": "2026-11-10"}
    streams = (SALES, SALES_BY_ASIN)
    files = {"config": config, "catalog": catalog(streams, config)}
    with PluginProcess("tap-amazon-sp", tmp_path, files) as tap:
        tap.read()
        code = tap.ended(60)

    statistics = emulator.client.statistics()
    assert code == 0, tap.log
    assert any(message["type"] == "RECORD" for message in tap.messages)
    assert statistics.count("get_report") == len(statistics.sp_reports) > 0
    sent = emulator.client.sp_notifications()
    ours = [message for message in sent if message["note"] in {None, "", "copy"}]
    copies = sum(message["note"] == "copy" for message in ours)
    foreign = len(sent) - len(ours)
    assert foreign <= queue.left() <= foreign + copies  # some come after the end


def test_the_emulators_messages_in_any_disorder(
    emulator: Emulator, command: Command, queue: LocalQueue
) -> None:
    """What is lost, doubled or in disorder costs no row; the rest saves polls."""
    command.findings("setup")
    plain = run(emulator, SALES, SALES_BY_ASIN)
    before = emulator.client.statistics()
    emulator.client.change(
        ready_after_seconds=300,
        sp_notification_copies=3,
        sp_notification_reversed=True,
        sp_notification_foreign=True,
        sp_notification_unknown=True,
        sp_notification_lost_every=3,
    )
    found = prompt_run(emulator, queue, SALES, SALES_BY_ASIN)
    after = emulator.client.statistics()

    assert found.code == 0
    assert sorted(map(str, found.rows())) == sorted(map(str, plain.rows()))
    reports = len(after.sp_reports) - len(before.sp_reports)
    polls = after.count("get_report") - before.count("get_report")
    assert reports <= polls <= 1.5 * reports


def test_a_query_of_data_kiosk_costs_one_get_query(
    emulator: Emulator, command: Command, queue: LocalQueue
) -> None:
    command.findings("setup")
    emulator.client.change(ready_after_seconds=700)
    found = prompt_run(
        emulator,
        queue,
        BY_DATE,
        BY_ASIN,
        sales_and_traffic_source="data_kiosk",
        start_date="2026-11-12",
    )

    statistics = emulator.client.statistics()
    queries = statistics.count("create_query", 202)
    polls = statistics.count("get_query")
    assert found.code == 0
    assert found.rows(BY_ASIN)
    print(  # noqa: T201 - the figure
        f"getQuery calls per finished query: {polls / queries:.2f} with "
        f"notifications ({queries} queries, each done after 700 s)"
    )
    assert polls / queries < 1.2


def test_check_looks_at_the_queue_too(command: Command, queue: LocalQueue) -> None:
    """Without a call to Amazon: subscriptions are a matter of `notifications`."""
    found = checked(command.config)
    assert [(row.what, row.result) for row in found] == [
        ("queue", "ok"),
        ("policy", "ok"),
    ]
    queue.set_policy("{}")
    assert [row.result for row in checked(command.config)] == ["ok", "failed"]
    command.config["notifications"] = {"queue_url": f"{queue.url}-not-there"}
    (refused,) = checked(command.config)
    assert refused.what == "queue"
    assert refused.is_failure
    del command.config["notifications"]
    assert checked(command.config) == []


def checked(config: dict[str, Any]) -> list[Finding]:
    return list(SpCheck(TapAmazonSp.open(config)).storage())
