"""Airflow in an environment of its own, with its components and an SQLite database."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil
from harness import BIN, free_port
from typing_extensions import Self

AIRFLOW = "apache-airflow==3.3.2"
OURS = Path(__file__).resolve().parent.parent / "airflow"
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
_SAMPLE_SECONDS = 0.5
_HEARTBEAT = "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"


def installed(environment: Path) -> Path:
    """Return the folder of Airflow's commands, installed where it is missing."""
    commands = environment.absolute() / "bin"
    uv = [str(BIN / "uv")]
    if not (commands / "airflow").exists():
        subprocess.run([*uv, "venv", "-q", str(environment)], check=True)
    python = ("--python", str(commands / "python"))
    # the pins of the repository are not Airflow's
    install = [*uv, "pip", "install", "-q", "--no-config", *python]
    ours = ("--reinstall-package", "airflow-amazon-singer", str(OURS))
    subprocess.run([*install, AIRFLOW, *ours, "pytest"], check=True)
    return commands


@dataclass(slots=True)
class Run:
    """One run of a DAG, sampled."""

    state: str = "running"
    seconds: float = 0.0
    samples: Counter[str] = field(default_factory=Counter)
    most_running: int = 0
    killed: str = ""
    outcome: dict[str, float] = field(default_factory=dict)

    def text(self) -> str:
        """Return what it came to."""
        running = self.samples["running"] * _SAMPLE_SECONDS
        deferred = self.samples["deferred"] * _SAMPLE_SECONDS
        came = self.outcome
        return (
            f"Airflow: {self.state} after {self.seconds:.0f} s, at most "
            f"{self.most_running} slots taken\n"
            f"slot-seconds taken: {running:.0f}; waited without one: {deferred:.0f}\n"
            f"commands: {came['runs']} runs, {came['seconds']} s\n"
            f"slot-seconds spent waiting: {came['idle_seconds']}, in "
            f"{came['idle_runs']} runs that found nothing ready\n{self.killed}"
        ).rstrip()


class Airflow:
    """All components of an Airflow as processes of their own."""

    def __init__(self, commands: Path, folder: Path, slots: int) -> None:
        self._commands = commands
        self._home = folder / "airflow"
        self._dags = self._home / "dags"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._port = free_port()
        self.environment = {**os.environ, **self._settings(self._port, slots)}

    def _settings(self, port: int, slots: int) -> dict[str, str]:
        return {
            "PATH": f"{self._commands}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(self._home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(slots),
            "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "64",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": (
                f"http://127.0.0.1:{port}/execution/"
            ),
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            # SQLite's default is 5 s: too little on a machine that is busy
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
                f"sqlite:///{self._home / 'airflow.db'}?timeout=60"
            ),
            _HEARTBEAT: "60",
            f"{_HEARTBEAT}_DETECTION_INTERVAL": "5",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }

    def __enter__(self) -> Self:
        self._dags.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all components and what they have begun."""
        for process in self._processes.values():
            _kill(process.pid)
            process.wait()

    def start(self, dag: str, pool: str) -> None:
        """Make the database and the pool, and start everything."""
        self._run("db", "migrate")
        self._run("pools", "set", pool, "64", "calls to Amazon")
        (self._dags / "amazon.py").write_text(dag)
        for name in COMPONENTS:
            with self._log(name).open("wb") as log:
                self._processes[name] = subprocess.Popen(
                    [str(self._commands / "airflow"), name],
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            if name == "api-server":  # a task that cannot reach it has failed
                self._await_answer(180)

    def _await_answer(self, seconds: float) -> None:
        """Wait until the API server takes calls."""
        for _ in range(int(seconds / _SAMPLE_SECONDS)):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self._port), 5).close()
                return
            time.sleep(_SAMPLE_SECONDS)
        sys.exit(f"the API server does not listen:\n{self._last_lines()}")

    def follow(self, dag: str, timeout: float, *, kill: bool) -> Run:
        """Look at the run until it has ended; kill a worker amid it if asked to."""
        run, began = Run(), time.monotonic()
        while run.state not in {"success", "failed"}:
            time.sleep(_SAMPLE_SECONDS)
            if time.monotonic() - began > timeout:
                sys.exit(f"no end after {timeout:.0f} s:\n{self._last_lines()}")
            self._sample(dag, run)
            if kill and not run.killed and run.samples["shard.collect"]:
                run.killed = self._kill_a_worker()
        run.seconds = time.monotonic() - began
        self._read_outcomes(run)
        return run

    def _sample(self, dag: str, run: Run) -> None:
        with contextlib.suppress(sqlite3.OperationalError), self._database() as rows:
            states = rows.execute("select state from dag_run where dag_id = ?", (dag,))
            run.state = next((state for (state,) in states), "running")
            tasks = rows.execute(
                "select task_id, state from task_instance where dag_id = ?", (dag,)
            ).fetchall()
            running = [name for name, state in tasks if state == "running"]
            run.most_running = max(run.most_running, len(running))
            run.samples.update(state for _, state in tasks if state)
            run.samples.update(running)

    def _kill_a_worker(self) -> str:
        """Kill a worker that runs a tap, with the supervisor; return what it was."""
        scheduler = psutil.Process(self._processes["scheduler"].pid)
        for worker in scheduler.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                below = worker.children(recursive=True)
                if any("tap-amazon-ads" in " ".join(p.cmdline()) for p in below):
                    worker.kill()
                    return f"killed worker {worker.pid} with {len(below)} processes"
        return ""

    def _read_outcomes(self, run: Run) -> None:
        """Read what the collecting tasks returned."""
        names = ("runs", "seconds", "idle_runs", "idle_seconds")
        total = dict.fromkeys(names, 0.0)
        with self._database() as rows:
            found = rows.execute(
                "select value from xcom where task_id = 'shard.collect' "
                "and key = 'return_value'"
            ).fetchall()
        for (value,) in found:
            outcome = json.loads(value)
            outcome = json.loads(outcome) if isinstance(outcome, str) else outcome
            for name in total:
                total[name] += outcome.get(name, 0)
        run.outcome = {name: round(value, 1) for name, value in total.items()}

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        path = self._home / "airflow.db"
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            yield connection
        finally:
            connection.close()

    def _run(self, *arguments: str) -> None:
        command = [str(self._commands / "airflow"), *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"airflow {' '.join(arguments)}:\n{done.stdout}{done.stderr}")

    def _log(self, name: str) -> Path:
        return self._home / f"{name}.log"

    def _last_lines(self) -> str:
        texts = (self._log(n).read_text(errors="replace")[-2000:] for n in COMPONENTS)
        return "\n---\n".join(texts)


def _kill(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
