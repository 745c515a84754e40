"""The files that a run of a tap leaves: its summary, and a page about it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from singer_amazon.clock import Clock
from singer_amazon.errors import ConfigError, StorageError
from singer_amazon.metrics.run_metrics import RunMetrics
from singer_amazon.metrics.textfile import write_metrics
from singer_amazon.private_files import check_private, write_private
from singer_amazon.report_log.entry import LoggedReport
from singer_amazon.reports.engine import Engine
from singer_amazon.summary_file import write_summary
from singer_amazon.sync.session import Session
from singer_amazon.sync.summary import RunStats, summary

logger = logging.getLogger(__name__)

SUMMARY, PAGE, METRICS = "summary_path", "run_report_path", "metrics_path"


@dataclass(frozen=True, slots=True)
class Program:
    """Who runs."""

    name: str
    version: str
    settings_schema: Mapping[str, Any]


@dataclass(slots=True)
class RunFiles:
    """The files of a run, and the finished reports that the page needs."""

    config: Mapping[str, Any]
    program: Program
    stats: RunStats
    clock: Clock
    metrics: RunMetrics
    _reports: list[LoggedReport] = field(default_factory=list, init=False)
    _labels: Mapping[str, str] = field(default_factory=dict, init=False)

    def check(self) -> None:
        """Refuse paths that no file can have.

        Raises:
            ConfigError: why.
        """
        paths = {name: Path(path) for name, path in self._paths().items()}
        for name, path in paths.items():
            check_private(path, name)
        if len({path.resolve() for path in paths.values()}) < len(paths):
            msg = f"{' and '.join(paths)} name one file: give each its own"
            raise ConfigError(msg)

    def listen(self, session: Session) -> None:
        """Keep what becomes of each report, where there is a page to be made."""
        if PAGE in self._paths():
            session.report_log.subscribe(self._reports.append)
            self._labels = session.labels

    def write(self, engine: Engine | None) -> bool:
        """Write the files asked for; return False where one cannot be written."""
        found = summary(self.stats, engine, self.clock.now())
        writers: Mapping[str, Callable[[Path], None]] = {
            SUMMARY: lambda path: write_summary(path, found),
            PAGE: lambda path: self._write_page(path, str(found["result"])),
            METRICS: lambda path: write_metrics(path, self.metrics.text(engine)),
        }
        results = [
            _attempt(writers[name], Path(path)) for name, path in self._paths().items()
        ]
        return all(results)

    def _paths(self) -> dict[str, str]:
        return {
            n: self.config[n] for n in (SUMMARY, PAGE, METRICS) if self.config.get(n)
        }

    def _write_page(self, path: Path, result: str) -> None:
        # imported here: most runs have no page
        from singer_amazon.run_report.facts import RunFacts  # noqa: PLC0415
        from singer_amazon.run_report.page import render  # noqa: PLC0415
        from singer_amazon.run_report.shown_settings import (  # noqa: PLC0415
            shown_settings,
        )

        facts = RunFacts(
            program=self.program.name,
            version=self.program.version,
            run_id=self.stats.run_id,
            started=self.stats.started,
            ended=self.clock.now(),
            result=result,
            broke_off=self.stats.broke_off,
            problems=list(self.stats.problems),
            accounts={label: key for key, label in self._labels.items()},
            settings=shown_settings(self.config, self.program.settings_schema),
        )
        page = render(facts, self._reports)
        write_private(path, page.encode(errors="replace"), PAGE)


def _attempt(write: Callable[[Path], None], path: Path) -> bool:
    try:
        write(path)
    except StorageError as error:
        logger.error(str(error))  # noqa: TRY400 - a sentence for people
        return False
    return True
