"""The summary of a run: one object for the log's last line and for `summary_path`.

Its first keys are those of all plugins: `result`, `seconds`, `failures`, `failed` and
`notices`. What came of each audience stands in `audiences`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from singer_amazon.target.errors import KeyMissingError, UnreadableLinesError
from target_amazon_audience.errors import RunFailedError

if TYPE_CHECKING:
    from singer_amazon.errors import AmazonError
    from target_amazon_audience.reporting.audience_report import AudienceReport

_TO_THE_END = (RunFailedError, KeyMissingError, UnreadableLinesError)
"""Errors of runs that delivered everything else."""


def summary(
    reports: Sequence[AudienceReport],
    failure: AmazonError | None,
    *,
    seconds: float,
    unreadable_lines: int = 0,
    values_left_out: int = 0,
) -> dict[str, object]:
    """Return what came of a run; ``failure`` is why it exits 1."""
    failed = [*_of_run(reports, failure), *_of_audiences(reports)]
    return {
        "result": _result(reports, failure),
        "seconds": round(seconds, 1),
        "failures": [_sentence(entry) for entry in failed],
        "failed": failed,
        "notices": [
            f"{report.label}: {text}" for report in reports for text in report.notices()
        ],
        "unreadable_lines": unreadable_lines,
        "values_left_out": values_left_out,
        "audiences": [report.as_dict() for report in reports],
    }


def _result(reports: Iterable[AudienceReport], failure: AmazonError | None) -> str:
    """Return the run in a word: failed, partly, waiting or complete."""
    words = {report.result for report in reports}
    broke_off = failure is not None and not isinstance(failure, _TO_THE_END)
    if broke_off or words == {"failed"}:
        return "failed"
    if failure is not None or words & {"failed", "partly"}:
        return "partly"
    return "waiting" if "waiting" in words else "complete"


def _of_run(
    reports: Iterable[AudienceReport], failure: AmazonError | None
) -> Iterator[dict[str, str]]:
    """Yield what failed of no audience in particular."""
    known = {text for report in reports for text in report.failures}
    if failure is None or isinstance(failure, RunFailedError) or str(failure) in known:
        return
    yield {"reason": str(failure)}


def _of_audiences(reports: Iterable[AudienceReport]) -> Iterator[dict[str, str]]:
    for report in reports:
        stream = {} if report.stream is None else {"stream": report.stream}
        for reason in report.failures:
            yield {"account": report.account, **stream, "reason": reason}


def _sentence(entry: dict[str, str]) -> str:
    where = ", ".join(entry[key] for key in ("account", "stream") if key in entry)
    return f"{where}: {entry['reason']}" if where else entry["reason"]
