"""Whether a document has as many bytes as Amazon says: one cut on its way has fewer.

Storage can end a slow download early and call it whole. What `fileSize` counts is said
nowhere, though: where a second download is as long as the first, it is not the bytes
of the file, and it is not looked at any more.
"""

from __future__ import annotations

from collections.abc import Callable

from singer_amazon.errors import DocumentError
from singer_amazon.reports.report import Report


class ExportSizes:
    """The sizes of the documents of a run; called from several threads."""

    def __init__(self, warn_once: Callable[[str], None]) -> None:
        self._warn_once = warn_once
        self._is_trusted = True
        self._short: dict[str, int] = {}

    def check(self, report: Report, size: int) -> None:
        """Compare a document with what Amazon said of it.

        Raises:
            DocumentError: it is shorter, and has to be downloaded again.
        """
        said, report_id = report.expected_bytes, report.report_id or ""
        if not said or size >= said or not self._is_trusted:
            return
        if self._short.get(report_id) == size:
            self._is_trusted = False
            self._warn_once(
                f"{report.request.stream}: Amazon says that export {report_id} has "
                f"{said:,} bytes; it has {size:,} in each download. It is taken as it "
                "is, and sizes are not compared any more in this run"
            )
            return
        self._short[report_id] = size
        msg = f"the document has {size:,} of the {said:,} bytes that Amazon says"
        raise DocumentError(msg)
