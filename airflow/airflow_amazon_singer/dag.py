"""The DAG of a pipeline: plan, then ask and collect over shards, dbt, the outcome."""

from __future__ import annotations

import shlex
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import (
    DAG,
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    TriggerRule,
    XComArg,
    task_group,
)

from airflow_amazon_singer.operators import (
    AskOperator,
    CollectOperator,
    OutcomeOperator,
    PlanOperator,
)
from airflow_amazon_singer.settings import AmazonPipeline

_SHARD_NAME = "{{ task.number }}"


def amazon_dag(pipeline: AmazonPipeline) -> DAG:
    """Return a DAG; in a DAG file, bind it to a name at module level.

    One run at a time: a shard's state belongs to one run.
    """
    with DAG(
        dag_id=pipeline.name,
        schedule=pipeline.schedule,
        start_date=pipeline.start_date,
        catchup=False,
        max_active_runs=1,
        default_args=_default_args(pipeline),
        deadline=_alert(pipeline),
        tags=["amazon", "singer"],
    ) as dag:
        plan = PlanOperator(task_id="plan", pipeline=pipeline)
        _after(pipeline, plan, _shards(pipeline, plan))
    return dag


def _default_args(pipeline: AmazonPipeline) -> dict[str, Any]:
    return {
        "retries": pipeline.retries,
        "retry_delay": pipeline.retry_delay,
        "retry_exponential_backoff": 2.0,
    }


def _alert(pipeline: AmazonPipeline) -> DeadlineAlert | None:
    if pipeline.fresh_within is None or pipeline.on_stale is None:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=pipeline.fresh_within,
        callback=AsyncCallback(
            pipeline.on_stale,
            kwargs={"dag_id": pipeline.name, "limit": str(pipeline.fresh_within)},
        ),
    )


def _shards(pipeline: AmazonPipeline, plan: PlanOperator) -> XComArg:
    """Add a group of tasks for each shard; return what they all come to."""

    @task_group(group_id="shard")
    def shard(number: int) -> XComArg:
        ask = AskOperator(
            task_id="ask",
            pipeline=pipeline,
            number=number,
            map_index_template=_SHARD_NAME,
        )
        collect = CollectOperator(
            task_id="collect",
            pipeline=pipeline,
            number=number,
            asked=ask.output,
            map_index_template=_SHARD_NAME,
        )
        return collect.output

    outcomes: XComArg = shard.expand(number=plan.output)
    return outcomes


def _after(pipeline: AmazonPipeline, plan: PlanOperator, shards: XComArg) -> None:
    """Add what comes once all shards have ended."""
    end = OutcomeOperator(
        task_id="outcome",
        pipeline=pipeline,
        shards=plan.output,
        found=shards,
        trigger_rule=TriggerRule.ALL_DONE,
    )
    shards >> end
    if pipeline.dbt:
        shards >> BashOperator(
            task_id="dbt",
            bash_command=shlex.join(pipeline.dbt),
            cwd=str(pipeline.dbt_project) if pipeline.dbt_project else None,
            env=dict(pipeline.command_environment),
            append_env=True,
            trigger_rule=TriggerRule.NONE_FAILED,
        )
