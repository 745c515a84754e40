"""One JSON object a line, exactly as the tap wrote it."""

from __future__ import annotations

from collections.abc import Sequence

from target_s3.formats.gzip_file import FormatWriter


class JsonLinesWriter(FormatWriter):
    """Writes rows without looking into them."""

    def write(self, rows: Sequence[bytes]) -> None:
        """Write rows, each the JSON text of one object."""
        self._append(b"\n".join((*rows, b"")))
