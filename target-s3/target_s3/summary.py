"""What a run has stored, for people and for programs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import msgspec

from singer_amazon.errors import AmazonError
from singer_amazon.target.errors import StateReaderGoneError, UnreadableLinesError
from target_s3.errors import ReplacementError

# The run went to its end in spite of these.
_PARTLY = (ReplacementError, StateReaderGoneError, UnreadableLinesError)


@dataclass(slots=True)
class StreamTotals:
    """What one stream has in the bucket from this run."""

    records: int = 0
    objects: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Summary:
    """What all streams have in the bucket from this run, and what went wrong."""

    bucket: str
    run_id: str
    seconds: float = 0.0
    streams: dict[str, StreamTotals] = field(default_factory=dict)
    replaced_values: int = 0
    unreadable_lines: int = 0
    is_stopped: bool = False
    """Whether a signal ended the run before its input did."""
    failures: list[AmazonError] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def stored(self, stream: str, records: int, size: int) -> None:
        """Count one object that is in the bucket."""
        totals = self.streams.setdefault(stream, StreamTotals())
        totals.records += records
        totals.objects += 1
        totals.bytes += size

    def fail(self, error: AmazonError) -> None:
        """Note what makes the exit code 1, once."""
        if error not in self.failures:
            self.failures.append(error)

    @property
    def result(self) -> str:
        """Return the run in a word: failed, partly, waiting or complete."""
        if not self.failures:
            return "waiting" if self.is_stopped else "complete"
        is_partly = all(isinstance(error, _PARTLY) for error in self.failures)
        return "partly" if is_partly else "failed"

    def as_dict(self) -> dict[str, object]:
        """Return the summary with the totals over all streams, for JSON."""
        totals = self.streams.values()
        return {
            "result": self.result,
            "seconds": round(self.seconds, 1),
            "bucket": self.bucket,
            "run_id": self.run_id,
            "streams": msgspec.to_builtins(self.streams),
            "records": sum(stream.records for stream in totals),
            "objects": sum(stream.objects for stream in totals),
            "bytes": sum(stream.bytes for stream in totals),
            "replaced_values": self.replaced_values,
            "unreadable_lines": self.unreadable_lines,
            "failures": [str(error) for error in self.failures],
            "failed": [_failed(error) for error in self.failures],
            "notices": self.notices,
        }

    def log(self, logger: logging.Logger) -> None:
        """Write a line per stream, then everything as JSON in one last line."""
        for name, totals in sorted(self.streams.items()):
            text = f"{totals.records:,} records in {totals.objects:,} objects"
            text += f", {totals.bytes:,} bytes, bucket {self.bucket}"
            logger.info("%s: %s", name, text)
        if self.replaced_values:
            logger.warning(
                "%s values of the input were not JSON and were replaced; the first "
                "warnings say which.",
                f"{self.replaced_values:,}",
            )
        found = self.as_dict()
        logger.info(
            "Run summary: %s",
            msgspec.json.encode(found).decode(),
            extra={"run_summary": found},
        )


def _failed(error: AmazonError) -> dict[str, str]:
    where = {name: getattr(error, name, None) for name in ("stream", "window")}
    return {k: v for k, v in where.items() if v} | {"reason": str(error)}
