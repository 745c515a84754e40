"""The reports of one API by key, and the folder of their documents."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from amazon_emulator.reports.documents import Document
from amazon_emulator.reports.lifecycle import Report
from amazon_emulator.stored_files import OCTETS

if TYPE_CHECKING:
    from amazon_emulator.state import EmulatorState

_Key = TypeVar("_Key", bound=Hashable)
_Report = TypeVar("_Report", bound=Report)


class ReportStore(Generic[_Key, _Report]):
    """Keeps reports and removes their documents."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self._reports: dict[_Key, _Report] = {}
        self._folder: Path | None = None

    def reset(self) -> None:
        """Forget all reports and their documents; ids start anew."""
        self.close()
        with self._state.lock:
            self._reports.clear()

    def close(self) -> None:
        """Stop writing documents and remove their folder."""
        with self._state.lock:
            for report in self._reports.values():
                report.document.cancel()
            folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def all(self) -> list[_Report]:
        """Return all reports, oldest first."""
        with self._state.lock:
            return list(self._reports.values())

    def _new_document(self, name: str, content_type: str = OCTETS) -> Document:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="amazon-emulator-"))
        return Document(self._folder / name, content_type)

    def _wait(self, seed: str) -> tuple[float, int]:
        """Draw how many seconds and polls a report takes."""
        settings = self._state.settings
        return (
            settings.ready_after_seconds.draw(f"{seed}|seconds"),
            round(settings.ready_after_looks.draw(f"{seed}|looks")),
        )
