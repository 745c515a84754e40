"""Names of objects: no two are ever the same, so nothing is ever overwritten."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from datetime import datetime

from target_s3.settings import Settings

_UNSAFE = re.compile(r"[^\w.=-]")


def new_run_id(now: datetime) -> str:
    """Return an id for this run: its start in UTC, so that ids sort, and a number."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


class Keys:
    """Makes ``<prefix>/<stream>/<YYYY>/<MM>/<DD>/<stream>-<run id>-<number>.<ext>``."""

    def __init__(self, settings: Settings, run_id: str) -> None:
        self._prefix = settings.prefix
        self._override = settings.path_override
        self._is_raw = settings.raw_stream_names
        self.run_id = run_id
        self._numbers: Counter[str] = Counter()

    def next(self, stream: str, day: datetime, extension: str, folder: str = "") -> str:
        """Return a key for the stream that was not used before."""
        name = self.safe(stream)
        # Two streams may share a safe name; then they share its numbers too.
        self._numbers[name] += 1
        file = f"{name}-{self.run_id}-{self._numbers[name]:05}.{extension}"
        return self._join(self._override or name, folder or f"{day:%Y/%m/%d}", file)

    def safe(self, stream: str) -> str:
        """Return a stream's name as keys have it."""
        if self._is_raw:
            return stream
        # what is awkward in a key becomes "_"
        return _UNSAFE.sub("_", stream).replace("..", "__")

    def for_table(self, stream: str) -> str:
        """Return the folder of a stream's table."""
        return self._join(self.safe(stream))

    def for_schema(self, stream: str) -> str:
        """Return the key of the file that describes a stream."""
        return self._join("_schema", f"{self.safe(stream)}.json")

    def for_check(self) -> str:
        """Return a key under the prefix that no object will ever have."""
        return self._join(f".target-s3-check-{self.run_id}")

    def _join(self, *parts: str) -> str:
        return "/".join((self._prefix, *parts) if self._prefix else parts)
