"""What a run has stored, for people and for programs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import msgspec


@dataclass(slots=True)
class StreamTotals:
    """What one stream has in the bucket from this run."""

    records: int = 0
    objects: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Summary:
    """What all streams have in the bucket from this run."""

    bucket: str
    run_id: str
    streams: dict[str, StreamTotals] = field(default_factory=dict)
    replaced_values: int = 0
    unreadable_lines: int = 0

    def stored(self, stream: str, records: int, size: int) -> None:
        """Count one object that is in the bucket."""
        totals = self.streams.setdefault(stream, StreamTotals())
        totals.records += records
        totals.objects += 1
        totals.bytes += size

    def as_dict(self) -> dict[str, object]:
        """Return the summary with the totals over all streams, for JSON."""
        found: dict[str, object] = msgspec.to_builtins(self)
        totals = self.streams.values()
        return found | {
            "records": sum(stream.records for stream in totals),
            "objects": sum(stream.objects for stream in totals),
            "bytes": sum(stream.bytes for stream in totals),
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
