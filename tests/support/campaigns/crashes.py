"""Pipelines that are killed and resumed, and the emulator's truth about each."""

from __future__ import annotations

import abc
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from amazon_emulator import Emulator
from support.ads import runs as tap_runs
from support.audience import runner
from support.campaigns.kills import NEVER, PHASES, Trap
from support.campaigns.plan import Plan
from support.campaigns.processes import Ended, State, command, run_programs
from support.s3.bucket import Bucket, LocalS3
from support.sp import runs as sp_runs

MOST_RESUMES = 6
_POLLS = {"poll_interval_seconds": 0.05, "poll_interval_max_seconds": 0.2}
_ORDERS, _ITEMS = "orders", "order_items"


@dataclass
class Figures:
    """What a campaign did, and what was wrong after it."""

    name: str
    kills: Counter[str] = field(default_factory=Counter)
    """By phase."""
    runs: int = 0
    cases: int = 0
    rows: int = 0
    duplicates: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        phases = ", ".join(f"{phase} {self.kills[phase]}" for phase in PHASES)
        return (
            f"crashes of {self.name}: {self.kills.total()} kills ({phases}) in "
            f"{self.runs} runs of {self.cases} cases; {self.rows} rows or members "
            f"compared, {self.duplicates} came more than once, {len(self.wrong)} wrong"
        )


@dataclass
class Compared:
    """Expected and found values of one case, as comparable text."""

    expected: set[str]
    found: list[str]

    def differences(self) -> list[str]:
        missing, extra = self.expected - {*self.found}, {*self.found} - self.expected
        return [
            f"{len(some)} {words}, for example {min(some)[:400]}"
            for some, words in ((missing, "lost"), (extra, "never sent"))
            if some
        ]


class Pipeline(abc.ABC):
    """One way data goes, run anew for every case."""

    name: str
    events: frozenset[str]
    victims: tuple[tuple[str, ...], ...] = (("tap",),)

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.client = emulator.client
        self.root = self.folder = folder

    def begin(self, case: int) -> None:
        """Make everything as new."""
        self.client.reset()
        self.folder = self.root / f"case-{case}"
        self.folder.mkdir()

    @abc.abstractmethod
    def run(self, trap: Trap, victims: tuple[str, ...]) -> Ended:
        """Run once, from where the last run has ended."""

    @abc.abstractmethod
    def compare(self) -> Compared:
        """Return what had to come, and what came."""


class TapPipeline(Pipeline):
    """A tap into target-s3, or into nothing but a file where there is no bucket."""

    tap: str

    def __init__(
        self, emulator: Emulator, folder: Path, s3: LocalS3 | None = None
    ) -> None:
        super().__init__(emulator, folder)
        self._s3 = s3
        self._bucket: Bucket | None = None
        self._lines: list[bytes] = []
        self._state: State = {}
        if s3 is not None:
            self.victims = (("tap",), ("target",), ("tap", "target"))
            self.events |= {"state echoed", "input ended"}
        self.name = f"{self.tap} {'into target-s3' if s3 else 'into a file'}"

    def begin(self, case: int) -> None:
        super().begin(case)
        self._state, self._lines = {}, []
        self._bucket = self._s3.new_bucket() if self._s3 else None
        self.client.change(ready_after_seconds=[0.2, 0.8], rows_per_day=5)

    def run(self, trap: Trap, victims: tuple[str, ...]) -> Ended:
        """Hand over the last STATE that was echoed, or else written."""
        config, catalog = self.settings()
        tap = command(
            self.tap, self.folder, config=config, catalog=catalog, state=self._state
        )
        target: list[str] = []
        if self._bucket:
            target = command(
                "target-s3",
                self.folder,
                config=self._bucket.target_config(max_batch_size=70),
            )
        ended = run_programs(
            self.folder,
            trap,
            victims,
            tap=tap,
            target=target,
            AWS_EC2_METADATA_DISABLED="true",
        )
        self._lines += ended.lines
        self._state = ended.state or self._state
        return ended

    def rows(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Return stream and row of everything that came."""
        if self._bucket is not None:
            return [
                (stream, row)
                for stream in self._bucket.streams()
                for row in self._bucket.rows(stream)
            ]
        messages = map(json.loads, self._lines)
        return [(m["stream"], m["record"]) for m in messages if m["type"] == "RECORD"]

    @abc.abstractmethod
    def settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return config and catalog."""


class AdsPipeline(TapPipeline):
    """Two profiles, two report types, each in two windows."""

    tap = "tap-amazon-ads"
    events = frozenset(
        (
            *("started", "token", "profiles", "create", "status", "download", "rows"),
            *("state sent",),
        )
    )
    _streams = (tap_runs.CAMPAIGNS, tap_runs.TARGETING)
    _profiles = (tap_runs.SELLER, tap_runs.CANADA)
    _days = 40

    def _day(self, back: int) -> str:
        return str((self.client.now() - timedelta(days=back)).date())

    def settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        config = tap_runs.seller_settings(
            self.emulator,
            profile_ids=list(self._profiles),
            start_date=self._day(self._days + 2),
            end_date=self._day(3),
            **_POLLS,
        )
        return config, tap_runs.catalog(self._streams)

    def compare(self) -> Compared:
        names = {kind: stream for stream, kind in tap_runs.TYPE_IDS.items()}
        expected = set()
        covered = Counter[tuple[str, str]]()
        for create in self.client.statistics().creates:
            stream = names[create.body["configuration"]["reportTypeId"]]
            for row in self.client.expected_rows(create.report_id):
                covered[f"{stream} {create.account}", row["date"]] += 1
                expected.add(_plain(stream, {**row, "profile_id": create.account}))
        whole = len(self._streams) * len(self._profiles) * self._days
        assert len(covered) == whole, f"{len(covered)} days asked for, not {whole}"
        added = {"country_code", "currency_code"}
        return Compared(
            expected, [_plain(stream, row, added) for stream, row in self.rows()]
        )


class SpPipeline(TapPipeline):
    """Reports of a seller and a vendor, and orders with their items."""

    tap = "tap-amazon-sp"
    events = frozenset(
        (
            *("started", "token", "create_report", "get_report", "download_document"),
            *(
                "search_orders",
                "rows",
                "state sent",
            ),
        )
    )
    _sections: Mapping[str, str] = {
        sp_runs.SALES: "salesAggregate",
        sp_runs.SALES_BY_ASIN: "salesByAsin",
        sp_runs.SEARCH_TERMS: "dataByDepartmentAndSearchTerm",
    }

    def begin(self, case: int) -> None:
        super().begin(case)
        self.client.change(sp_orders_per_day=0, sp_orders_per_page=7)
        first = self._now() - timedelta(days=26)
        for number in range(40):
            created = first + timedelta(hours=11 * number)
            self.client.add_sp_order("acme-us", created, items=1 + number % 3)

    def _now(self) -> datetime:
        return self.client.now()

    def settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        config = sp_runs.settings(
            self.emulator,
            start_date=str((self._now() - timedelta(days=27)).date()),
            end_date=str((self._now() - timedelta(days=6)).date()),
            **_POLLS,
        )
        return config, sp_runs.catalog((*self._sections, _ORDERS, _ITEMS), config)

    def compare(self) -> Compared:
        expected, found = set(), []
        for report in self.client.statistics().sp_reports:
            document = self.client.sp_rows(report.account, report.report_id)
            for stream, section in self._sections.items():
                expected |= {_plain(stream, r) for r in document.get(section, ())}
        for order in self.client.sp_orders("acme-us"):
            expected.add(f"{_ORDERS} {order['order_id']}")
            items = range(len(order["items"]))
            expected |= {f"{_ITEMS} {order['order_id']} {n}" for n in items}
        seen: Counter[tuple[str, str]] = Counter()
        for stream, row in self.rows():
            if stream == _ORDERS:
                found.append(f"{_ORDERS} {row['orderId']}")
            elif stream == _ITEMS:
                key = (row["orderId"], row["orderItemId"])
                seen[key] += 1
            else:
                added = {k for k in row if "_" in k}
                found.append(_plain(stream, row, added))
        numbers: Counter[str] = Counter()
        for (order_id, _), times in sorted(seen.items()):
            found += [f"{_ITEMS} {order_id} {numbers[order_id]}"] * times
            numbers[order_id] += 1
        return Compared(expected, found)


class AudiencePipeline(Pipeline):
    """Customers into an audience; the mode changes from case to case."""

    name = "target-amazon-audience"
    events = frozenset(
        (
            *("started", "token", "create_audience", "records", "job", "fed"),
            *(
                "state echoed",
                "input ended",
            ),
        )
    )
    victims = (("target",),)
    _modes = ("APPEND", "MIRROR", "DELETE")
    _before, _given = range(150), range(50, 200)

    def begin(self, case: int) -> None:
        super().begin(case)
        self.mode = self._modes[case % len(self._modes)]
        self.client.change(job_ready_after_looks=1)
        if self.mode != "APPEND":
            mode = self.mode.replace("DELETE", "APPEND")
            ended = self._run(NEVER, mode, self._before)
            assert ended.is_good, ended.log

    def run(self, trap: Trap, victims: tuple[str, ...]) -> Ended:
        assert victims == ("target",)
        return self._run(trap, self.mode, self._given)

    def _run(self, trap: Trap, mode: str, numbers: Iterable[int]) -> Ended:
        config = runner.settings(
            **runner.MIRROR | _POLLS,
            endpoint_uri=self.emulator.url,
            auth_uri=self.emulator.token_url,
            state_path="state/state.sqlite3",
            batch_size_rows=20,
        )
        config |= {"upload_mode": mode, "max_wait_time": 1}
        messages = [runner.schema()]
        for number in numbers:
            messages.append(runner.person(number))
            if number % 30 == 0:
                messages.append(runner.state(number))
        messages.append(runner.state("end"))
        return run_programs(
            self.folder,
            trap,
            ("target",),
            target=command("target-amazon-audience", self.folder, config=config),
            fed=[json.dumps(m).encode() + b"\n" for m in messages],
        )

    def compare(self) -> Compared:
        kept = set(self._given)
        if self.mode == "DELETE":
            kept = set(self._before) - kept
        expected = {
            json.dumps([f"user-{n}", runner.hashed(email=f"person{n}@example.com")])
            for n in kept
        }
        audiences = self.client.audiences()
        assert len(audiences) == 1, f"{len(audiences)} audiences were made"
        members = self.client.audience_members(audiences[0].audience_id)
        found = [
            json.dumps([name, pii])
            for name, member in members.items()
            for pii in member.hashed_pii
        ]
        return Compared(expected, found)


def _plain(stream: str, row: Mapping[str, Any], without: Iterable[str] = ()) -> str:
    """Return Amazon's own values of a row as text; ids are numbers or text."""
    left_out = {*without, "_sdc_extracted_at"} - {"profile_id"}
    values = {k: _text(v) for k, v in row.items() if k not in left_out}
    shown = {k: v for k, v in values.items() if v is not None and v != ""}
    return f"{stream} {json.dumps(shown, sort_keys=True)}"


def _text(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _text(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_text(item) for item in value]
    return None if value is None else str(value)


def crash(pipeline: Pipeline, plan: Plan, kills: int) -> Figures:
    """Kill until there were so many; resume each case until it is done."""
    figures = Figures(pipeline.name)
    chance = plan.chance("crashes", pipeline.name)
    usable = [p for p, e in PHASES.items() if {n for n, _ in e} & pipeline.events]
    while figures.kills.total() < kills:
        _case(pipeline, figures, plan, chance, usable)
    return figures


def _case(
    pipeline: Pipeline, figures: Figures, plan: Plan, chance: Any, phases: list[str]
) -> None:
    pipeline.begin(figures.cases)
    moments = []
    for _ in range(chance.randint(2, 4)):
        fewest = min(phases, key=lambda p: (figures.kills[p], chance.random()))
        trap = Trap.draw(chance, fewest, pipeline.events)
        victims = chance.choice(_victims(pipeline, trap.event))
        _watch(pipeline, trap)
        ended = pipeline.run(trap, victims)
        figures.runs += 1
        killed = -9 in ended.codes.values()
        figures.kills[trap.phase] += killed
        moments.append(
            f"{'+'.join(victims)} at {trap.event}{'' if killed else ' (no)'}"
        )
        _no_traceback(ended, figures, moments)
        if ended.is_good:
            break
    _watch(pipeline, NEVER)
    for _ in range(MOST_RESUMES):
        if ended.is_good:
            break
        ended = pipeline.run(NEVER, pipeline.victims[0])
        figures.runs += 1
        _no_traceback(ended, figures, moments)
    where = f"seed {plan.seed}, case {figures.cases} ({'; '.join(moments)})"
    if not ended.is_good:
        figures.wrong.append(f"{where}: never done: {ended.log[-2000:]}")
    compared = pipeline.compare()
    figures.rows += len(compared.expected)
    figures.duplicates += len(compared.found) - len(set(compared.found))
    figures.wrong += [f"{where}: {words}" for words in compared.differences()]
    figures.cases += 1


def _victims(pipeline: Pipeline, event: str) -> list[tuple[str, ...]]:
    """Return who may be killed; who echoes a STATE is one of them."""
    is_echo = event == "state echoed"
    return [v for v in pipeline.victims if not is_echo or "target" in v]


def _watch(pipeline: Pipeline, trap: Trap) -> None:
    faults = pipeline.emulator.emulation.state.faults
    faults.trap = trap  # type: ignore[attr-defined] # a WatchedFaults


def _no_traceback(ended: Ended, figures: Figures, moments: list[str]) -> None:
    if "Traceback" in ended.log:
        figures.wrong.append(f"a traceback after {moments}: {ended.log[-2000:]}")
