"""Logs how far a run is, and at the end what came of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from singer_amazon.errors import StorageError
from singer_amazon.private_files import private_folder
from singer_amazon.summary_file import write_summary
from singer_amazon.target.errors import KeyMissingError, UnreadableLinesError
from target_amazon_audience.errors import RunFailedError
from target_amazon_audience.reporting.summary import summary

if TYPE_CHECKING:
    from singer_amazon.errors import AmazonError
    from target_amazon_audience.router import Router
    from target_amazon_audience.sink import AudienceSink

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 30.0


@dataclass(slots=True)
class ProgressLog:
    """Logs how a run goes and went; times are seconds of the run's clock."""

    sinks: Sequence[AudienceSink]
    router: Router
    began: float
    summary_path: Path | None = None
    """Where the summary of a run without audiences goes."""
    _logged: float = 0.0

    def tick(self, now: float, under_way: int) -> None:
        """Log how far the run is, every half minute."""
        if now - max(self._logged, self.began) < PROGRESS_SECONDS:
            return
        self._logged = now
        limiters = {id(sink.limiter): sink.limiter for sink in self.sinks}
        logger.info(
            "Records %s, batches accepted %s, calls under way %s, jobs open %s, "
            "throttled %s times",
            f"{sum(sink.report.records for sink in self.sinks):,}",
            sum(sink.report.batches for sink in self.sinks),
            under_way,
            sum(len(sink.jobs.schedule) for sink in self.sinks),
            sum(limiter.throttled for limiter in limiters.values()),
        )

    def log_summary(self, now: float, failure: AmazonError | None) -> None:
        """Log the reports, as text and as JSON, and write them to their files.

        Raises:
            StorageError: a file cannot be written; the log has the rest.
        """
        unreadable = self.router.unreadable.count
        for sink in self.sinks:
            sink.report.throttled = sink.limiter.throttled
            sink.report.log()
        if unreadable:
            logger.warning("%s lines of the input could not be read", unreadable)
        found = summary(
            [sink.report for sink in self.sinks],
            failure,
            seconds=now - self.began,
            unreadable_lines=unreadable,
            values_left_out=self.router.decoder.replaced_values,
        )
        logged = {text for sink in self.sinks for text in sink.report.failures}
        is_logged = isinstance(failure, RunFailedError) or str(failure) in logged
        if failure is not None and not is_logged:
            logger.error("%s", failure)
        paths = {sink.settings.summary_path for sink in self.sinks}
        paths.add(self.summary_path)
        hand_out(found, [path for path in paths if path is not None])

    def failure(self) -> AmazonError | None:
        """Return what makes the run fail, though it went to its end."""
        if self.router.keyless:
            stream, key = next(iter(self.router.keyless.items()))
            msg = f"Records of stream {stream} lack the key column {key}."
            return KeyMissingError(msg)
        try:
            self.router.unreadable.check()
        except UnreadableLinesError as error:
            return error
        sentences = [text for sink in self.sinks for text in sink.report.failures]
        return RunFailedError(" ".join(sentences)) if sentences else None


def hand_out(found: Mapping[str, object], paths: Iterable[Path]) -> None:
    """Log a summary as the last line, and write it to its files.

    Raises:
        StorageError: a file cannot be written; the log has the rest.
    """
    logger.info("Run summary: %s", msgspec.json.encode(found).decode())
    try:
        for path in paths:
            _write(path, found)
    except StorageError as error:
        logger.error("%s", error)  # noqa: TRY400 - a sentence
        raise


def _write(path: Path, found: Mapping[str, object]) -> None:
    with suppress(OSError, ValueError):  # then the file cannot be made either
        private_folder(path.parent)
    write_summary(path, found)
