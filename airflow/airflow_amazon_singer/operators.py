"""The tasks of a DAG: plan, ask, collect, and what it all came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from airflow.sdk import BaseOperator, Connection
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_amazon_singer import outcome as outcomes
from airflow_amazon_singer.commands import Mode, Settings, connection_settings
from airflow_amazon_singer.errors import RunError
from airflow_amazon_singer.outcome import Outcome
from airflow_amazon_singer.plan import shards_in_use
from airflow_amazon_singer.processes import Runner
from airflow_amazon_singer.settings import AmazonPipeline
from airflow_amazon_singer.triggers import ReportsDueTrigger

Context = Mapping[str, Any]
_RESUME = "resume"


class _CommandOperator(BaseOperator):
    """A task that runs the pipeline's commands."""

    def __init__(self, *, pipeline: AmazonPipeline, **arguments: object) -> None:
        super().__init__(pool=pipeline.pool, **arguments)
        self.pipeline = pipeline
        self._runner: Runner | None = None

    def runner(self) -> Runner:
        """Return what runs commands with the secrets of the connections."""
        self._runner = Runner(
            self.pipeline,
            _secrets(self.pipeline.tap_connection),
            _secrets(self.pipeline.target_connection),
        )
        return self._runner

    def on_kill(self) -> None:
        """End the commands: what they have is delivered, their state is kept."""
        if self._runner is not None:
            self._runner.stop()

    def run_shard(self, mode: Mode, number: int) -> Outcome:
        """Run tap and target once.

        Raises:
            AirflowException: they failed as a whole; Airflow tries again.
        """
        runner = self.runner()
        try:
            found = runner.run(mode, number)
        except RunError as error:
            raise AirflowException(str(error)) from None
        if runner.is_stopped:
            msg = (
                "the task was told to end; what the tap had is delivered, its state "
                "is kept"
            )
            raise AirflowException(msg)
        return found


class PlanOperator(_CommandOperator):
    """Lists the accounts and returns the shards that have one."""

    def execute(self, context: Context) -> list[int]:  # noqa: ARG002 (Airflow calls it)
        """Run `plan --accounts --json`.

        Raises:
            AirflowException: the tap could not list them; Airflow tries again.
        """
        try:
            accounts = self.runner().accounts()
        except RunError as error:
            raise AirflowException(str(error)) from None
        shards = shards_in_use(accounts, self.pipeline.shards)
        self.log.info(
            "%d accounts in %d of %d shards",
            *(len(accounts), len(shards), self.pipeline.shards),
        )
        return shards


class AskOperator(_CommandOperator):
    """Asks Amazon for all reports of a shard, and ends."""

    template_fields: Sequence[str] = ("number",)

    def __init__(
        self, *, pipeline: AmazonPipeline, number: int, **arguments: object
    ) -> None:
        super().__init__(pipeline=pipeline, **arguments)
        self.number = number

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Run the commands once."""
        return self.run_shard(Mode.ASK, int(self.number)).as_json()


class CollectOperator(_CommandOperator):
    """Collects a shard's reports as they get ready; waits without a worker slot."""

    template_fields: Sequence[str] = ("number", "asked")

    def __init__(
        self,
        *,
        pipeline: AmazonPipeline,
        number: int,
        asked: Mapping[str, Any],
        **arguments: object,
    ) -> None:
        super().__init__(pipeline=pipeline, **arguments)
        self.number = number
        self.asked = asked

    def execute(self, context: Context) -> dict[str, Any]:
        """Wait until the first reports are due."""
        return self._go_on(context, Outcome.from_json(self.asked))

    def resume(
        self, context: Context, event: object, before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Collect what is ready, and wait again for the rest."""
        del event  # the time alone
        so_far = Outcome.from_json(before)
        if so_far.unasked:
            so_far = so_far.then(self.run_shard(Mode.ASK, int(self.number)))
        found = self.run_shard(Mode.COLLECT, int(self.number))
        found = replace(found, unasked=so_far.unasked)
        return self._go_on(context, so_far.then(found))

    def _go_on(self, context: Context, so_far: Outcome) -> dict[str, Any]:
        now = datetime.now(timezone.utc)
        end = context["dag_run"].start_date + self.pipeline.deadline
        due = outcomes.next_look(so_far, now, end, self.pipeline.shortest_wait)
        if due is not None:
            self.defer(
                trigger=ReportsDueTrigger(due.isoformat()),
                method_name=_RESUME,
                kwargs={"before": so_far.as_json()},
            )
        if so_far.is_waiting:
            self.log.warning(
                "The time is up (%s): the rest waits in the state of shard %s and is "
                "collected by the next run",
                *(self.pipeline.deadline, self.pipeline.shard(int(self.number))),
            )
        return so_far.as_json()


class OutcomeOperator(BaseOperator):
    """Says what all shards came to, and calls who is to hear of it."""

    template_fields: Sequence[str] = ("shards", "found")

    def __init__(
        self,
        *,
        pipeline: AmazonPipeline,
        shards: Sequence[int] | None,
        found: Iterable[Mapping[str, Any] | None],
        **arguments: object,
    ) -> None:
        super().__init__(**arguments)
        self.pipeline = pipeline
        self.shards = shards
        self.found = found

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Put the outcomes together.

        Raises:
            AirflowFailException: something was refused or failed.
        """
        total = _total(self.shards, self.found)
        self.log.info("All shards: %s", total)
        callback = {
            "partly": self.pipeline.on_partly,
            "failed": self.pipeline.on_failed,
        }.get(total.result)
        if callback is not None:
            callback(total)
        if total.failures or total.result in {"partly", "failed"}:
            raise AirflowFailException(f"{total.result}: " + "; ".join(total.failures))
        return total.as_json()


def _total(
    shards: Sequence[int] | None, found: Iterable[Mapping[str, Any] | None]
) -> Outcome:
    if shards is None:
        sentence = "the accounts could not be listed: the log of the task plan says why"
        return Outcome(result="failed", failures=(sentence,))
    known = [Outcome.from_json(one) for one in found or () if one is not None]
    return outcomes.gathered(known, len(shards))


def _secrets(connection_id: str | None) -> Settings:
    if connection_id is None:
        return {}
    found = Connection.get(connection_id)
    return connection_settings(found.login, found.password, found.extra_dejson)
