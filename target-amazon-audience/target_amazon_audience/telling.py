"""What people are told of a run: how far it is, and at the end what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from target_amazon_audience.errors import KeyMissingError, RunFailedError
from target_amazon_audience.report import write_summary

if TYPE_CHECKING:
    from singer_amazon.errors import AmazonError
    from target_amazon_audience.lane import Lane
    from target_amazon_audience.receiver import Receiver
    from target_amazon_audience.uploader import SharedPacer

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 30.0


@dataclass(slots=True)
class Teller:
    """Tells of the lanes of one run; times are seconds of the run's clock."""

    lanes: Sequence[Lane]
    receiver: Receiver
    pacer_of: Callable[[Lane], SharedPacer]
    began: float
    _told: float = 0.0

    def progress(self, now: float, under_way: int) -> None:
        """Log how far the run is, every half minute."""
        if now - max(self._told, self.began) < PROGRESS_SECONDS:
            return
        self._told = now
        pacers = {id(p): p for p in map(self.pacer_of, self.lanes)}
        logger.info(
            "Records %s, batches accepted %s, calls under way %s, jobs open %s, "
            "throttled %s times",
            f"{sum(lane.report.records for lane in self.lanes):,}",
            sum(lane.report.batches for lane in self.lanes),
            under_way,
            sum(len(lane.aftercare.schedule) for lane in self.lanes),
            sum(pacer.throttled for pacer in pacers.values()),
        )

    def tell(self, now: float, failure: AmazonError | None) -> None:
        """Log the reports, in words and as JSON, and write them to their files."""
        unreadable = self.receiver.unreadable
        for lane in self.lanes:
            lane.report.throttled = self.pacer_of(lane).throttled
            lane.report.log()
        if unreadable:
            logger.warning("%s lines of the input could not be read", unreadable)
        if failure is not None and not any(lane.failure for lane in self.lanes):
            logger.error("%s", failure)
        summary = {
            "seconds": round(now - self.began, 1),
            "unreadable_lines": unreadable,
            "failure": None if failure is None else str(failure),
            "audiences": [lane.report.as_dict() for lane in self.lanes],
        }
        for path in {lane.settings.summary_path for lane in self.lanes} - {None}:
            assert path is not None  # noqa: S101 - taken out above
            write_summary(path, summary)
        logger.info("Run summary: %s", msgspec.json.encode(summary).decode())

    def failure(self) -> AmazonError | None:
        """Return what makes the run fail, though it went to its end."""
        if self.receiver.keyless:
            stream, key = next(iter(self.receiver.keyless.items()))
            msg = f"Records of stream {stream} lack the key column {key}."
            return KeyMissingError(msg)
        sentences = [text for lane in self.lanes for text in lane.report.failures]
        return RunFailedError(" ".join(sentences)) if sentences else None
