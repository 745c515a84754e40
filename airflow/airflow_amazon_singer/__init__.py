"""Apache Airflow for the taps of this project.

settings     what a DAG is made of
dag          the DAG made of it
operators    its tasks; triggers: waiting without a worker slot
plan         which shards have accounts
commands     what the tasks run, with which settings
processes    runs it; state_files: the states, where Meltano keeps none
outcome      what came of it, and what comes next
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_amazon_singer.outcome import Outcome
from airflow_amazon_singer.settings import AmazonPipeline, Meltano

if TYPE_CHECKING:
    from airflow_amazon_singer.dag import amazon_dag

__all__ = ["AmazonPipeline", "Meltano", "Outcome", "amazon_dag"]


def __getattr__(name: str) -> object:
    """Import the DAG, and Airflow with it, only where it is used."""
    if name == "amazon_dag":
        from airflow_amazon_singer.dag import amazon_dag  # noqa: PLC0415

        return amazon_dag
    raise AttributeError(name)
