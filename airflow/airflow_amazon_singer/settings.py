"""What a DAG is made of: one object, written in the DAG file; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_amazon_singer.outcome import Outcome

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Meltano:
    """A Meltano project: it holds the settings that are no secret, and the state."""

    project: Path
    environment: str = "prod"
    command: str = "meltano"


@dataclass(frozen=True, slots=True)
class AmazonPipeline:
    """A tap and a target over shards of accounts.

    Attributes:
        name: Id of the DAG.
        shards: How many parts the accounts are divided into. Each has a state of its
            own: change it together with the states (`state merge`, `state split`).
        tap: The tap's command; with Meltano, the name of the extractor.
        target: The target's command; with Meltano, the name of the loader.
        meltano: The Meltano project. Without it, `state_folder` and the settings
            below are used.
        state_folder: Folder of the states, one file a shard, on a disk that all
            workers share.
        tap_settings: Settings of the tap that are no secret.
        target_settings: Settings of the target that are no secret.
        catalog: Catalog file of the tap; all streams without it.
        tap_connection: Airflow connection with the tap's secrets: login and password
            are `client_id` and `client_secret`, its extra holds further settings.
        target_connection: Airflow connection whose extra holds settings of the target.
        region: Amazon's region; part of the pool's name.
        application: The Login with Amazon application; part of the pool's name.
        schedule: When the DAG runs, as Airflow's `schedule`.
        start_date: First day of the schedule.
        deadline: How long after its start a run still waits for reports. What is not
            ready by then is collected by the next run.
        shortest_wait: Least time between two looks of one shard: each begins the
            commands and looks at many reports.
        longest_ask: After that a task stops asking and gives its slot back, because
            Amazon's rates make it wait; it goes on later.
        longest_collect: Time to look at each report of a shard once. The task ends
            earlier where all are looked at, later where more is ready to deliver.
        retries: How often a task that fails is tried again.
        retry_delay: Time before the first retry; it doubles each time.
        fresh_within: A run that takes longer is reported to `on_stale`.
        on_stale: Import path of an `async` function for that, in the plugins or the
            packages of the triggerer.
        on_partly: Called once a run in which something was refused or failed and all
            else was delivered.
        on_failed: Called once a run in which a whole shard failed.
        dbt: Command that runs once all shards are delivered, such as
            `("dbt", "build")`.
        dbt_project: Folder in which it runs.
        command_environment: Environment variables of all commands, such as PATH.
    """

    name: str
    shards: int = 1
    tap: str = "tap-amazon-ads"
    target: str = "target-s3"
    meltano: Meltano | None = None
    state_folder: Path | None = None
    tap_settings: Json = field(default_factory=dict)
    target_settings: Json = field(default_factory=dict)
    catalog: Path | None = None
    tap_connection: str | None = None
    target_connection: str | None = None
    region: str = "NA"
    application: str = "default"
    schedule: str | None = "@daily"
    start_date: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)
    deadline: timedelta = timedelta(hours=6)
    shortest_wait: timedelta = timedelta(minutes=1)
    longest_ask: timedelta = timedelta(minutes=5)
    longest_collect: timedelta = timedelta(seconds=60)
    retries: int = 3
    retry_delay: timedelta = timedelta(minutes=1)
    fresh_within: timedelta | None = None
    on_stale: str | None = None
    on_partly: Callable[[Outcome], None] | None = None
    on_failed: Callable[[Outcome], None] | None = None
    dbt: Sequence[str] = ()
    dbt_project: Path | None = None
    command_environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not work, in the DAG file and not in the night.

        Raises:
            ValueError: a setting is wrong; the sentence says how to mend it.
        """
        if self.shards < 1:
            msg = f"shards is {self.shards}: there is at least 1"
            raise ValueError(msg)
        if (self.meltano is None) == (self.state_folder is None):
            msg = "set either meltano or state_folder: one of them keeps the state"
            raise ValueError(msg)
        if self.meltano is not None and self.catalog is not None:
            msg = "catalog goes with state_folder; Meltano has `select` for that"
            raise ValueError(msg)
        if (self.fresh_within is None) != (self.on_stale is None):
            msg = "fresh_within and on_stale go together: after how long, and who hears"
            raise ValueError(msg)

    @property
    def pool(self) -> str:
        """The pool of all tasks that speak to Amazon for one application and region."""
        return f"amazon-{self.application}-{self.region}".lower()

    def shard(self, number: int) -> str:
        """Return a shard as the taps write it, counted from 0."""
        return f"{number}/{self.shards}"
