"""Dagster: Amazon Ads over shards of accounts; no process waits for Amazon.

    pip install dagster dagster-webserver
    DAGSTER_HOME=~/dagster MELTANO_PROJECT=/opt/pipelines dagster dev -f amazon_ads.py

A job asks for all reports once a day. A sensor starts a run that collects where a
shard's next look is due, as the summary of its last run says.
"""

# no `from __future__ import annotations`: Dagster looks at the type of `context`
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from dagster import (
    Backoff,
    Definitions,
    OpExecutionContext,
    RetryPolicy,
    RunRequest,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
    StaticPartitionsDefinition,
    job,
    op,
    schedule,
    sensor,
)

SHARDS = 16
PROJECT = Path(os.environ.get("MELTANO_PROJECT", "."))
SUMMARIES = Path(os.environ.get("AMAZON_SUMMARIES", "summaries")).absolute()
RETRIES = RetryPolicy(max_retries=3, delay=60, backoff=Backoff.EXPONENTIAL)
POOL = {"amazon-ads-na": "yes"}  # limit it in dagster.yaml: tag_concurrency_limits
PARTS = StaticPartitionsDefinition([str(number) for number in range(SHARDS)])


def run_shard(number: str, mode: str, seconds: int) -> None:
    """Run tap and target over one shard; what waits at Amazon stays in the state."""
    SUMMARIES.mkdir(parents=True, exist_ok=True)
    settings = {
        "TAP_AMAZON_ADS_SHARD": f"{number}/{SHARDS}",
        "TAP_AMAZON_ADS_RUN_MODE": mode,
        "TAP_AMAZON_ADS_MAX_RUNTIME_SECONDS": str(seconds),
        "TAP_AMAZON_ADS_SUMMARY_PATH": str(SUMMARIES / f"{number}.json"),
    }
    suffix = f"--state-id-suffix=shard-{number}-of-{SHARDS}"
    subprocess.run(
        ["meltano", "--environment=prod", "run", suffix, "tap-amazon-ads", "target-s3"],
        cwd=PROJECT,
        env={**os.environ, **settings},
        check=True,
    )


def due_shards(now: datetime) -> Iterator[tuple[str, str]]:
    """Yield each shard whose reports are to be looked at, and when that was due."""
    for path in sorted(SUMMARIES.glob("*.json")):
        due = json.loads(path.read_text()).get("next_look_at")
        if due and datetime.fromisoformat(due) <= now:
            yield path.stem, due


@op(retry_policy=RETRIES)
def ask(context: OpExecutionContext) -> None:
    """Ask for all reports of a shard."""
    run_shard(context.partition_key, "ask", 900)


@op(retry_policy=RETRIES)
def collect(context: OpExecutionContext) -> None:
    """Deliver what is ready of a shard."""
    run_shard(context.partition_key, "collect", 60)


@job(partitions_def=PARTS, tags=POOL)
def ask_amazon() -> None:
    """Ask for all reports of a shard."""
    ask()


@job(partitions_def=PARTS, tags=POOL)
def collect_from_amazon() -> None:
    """Deliver what is ready of a shard."""
    collect()


@schedule(job=ask_amazon, cron_schedule="0 12 * * *", execution_timezone="UTC")
def daily(context: ScheduleEvaluationContext) -> Iterator[RunRequest]:
    """Start a run for each shard."""
    day = f"{context.scheduled_execution_time:%Y-%m-%d}"
    for number in PARTS.get_partition_keys():
        yield RunRequest(run_key=f"{day}-{number}", partition_key=number)


@sensor(job=collect_from_amazon, minimum_interval_seconds=60)
def reports_due(_: SensorEvaluationContext) -> Iterator[RunRequest]:
    """Start a run for each shard that is due; once for each time it names."""
    for number, due in due_shards(datetime.now(timezone.utc)):
        yield RunRequest(run_key=f"{number}-{due}", partition_key=number)


defs = Definitions(
    jobs=[ask_amazon, collect_from_amazon], schedules=[daily], sensors=[reports_due]
)
