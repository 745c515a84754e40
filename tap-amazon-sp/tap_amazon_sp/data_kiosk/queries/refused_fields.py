"""The fields Amazon refuses an account, learnt in this run."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

from tap_amazon_sp.data_kiosk.schema import Path

_NAMED = re.compile(r"Unauthorized to access:\s*\[([^\]]*)\]", re.IGNORECASE)


class RefusedFields:
    """By account and query; several threads may ask."""

    def __init__(self) -> None:
        self._fields: dict[tuple[str, str], frozenset[Path]] = {}
        self._lock = threading.Lock()

    def of(self, account: str, query: str) -> frozenset[Path]:
        """Return the paths refused to an account, from the row on."""
        return self._fields.get((account, query), frozenset())

    def add(self, account: str, query: str, paths: Iterable[Path]) -> frozenset[Path]:
        """Note refused paths; return those that were not known yet."""
        with self._lock:
            before = self.of(account, query)
            new = frozenset(paths) - before
            self._fields[account, query] = before | new
            return new


def refused_paths(message: str, domain: str, root: str) -> list[Path]:
    """Return the fields a 403 names, from the row on; none where it names no field.

    Amazon writes `domain.root.field.inner`; what has another beginning is taken from
    the row on, too.
    """
    found = _NAMED.search(message)
    paths = []
    for name in found[1].split(",") if found else ():
        path = tuple(part for part in name.strip().split(".") if part)
        for part in (domain, root):
            if path and path[0].lower() == part.lower():
                path = path[1:]
        if path:
            paths.append(path)
    return paths
