"""A Meltano project of the demo's own, made from the checkout's meltano.yml.

In a folder of its own, Meltano finds no `.env`, no state and no `.meltano` of the
user's, and leaves none behind.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

FILE = "meltano.yml"
DEFINITIONS = "plugins"
_PLUGINS = ("tap-amazon-ads", "tap-amazon-sp", "target-s3")


class SetupError(Exception):
    """Something the demo needs is not there; the text says what, and what to do."""


def find_project(folder: Path) -> Path:
    """Return the meltano.yml of the checkout that holds this folder.

    Raises:
        SetupError: there is none in the folder or above it.
    """
    for candidate in (folder, *folder.parents):
        file = candidate / FILE
        if file.is_file() and (candidate / DEFINITIONS).is_dir():
            text = file.read_text(encoding="utf-8")
            if all(f"name: {plugin}" in text for plugin in _PLUGINS):
                return file
    msg = (
        f"There is no {FILE} with {', '.join(_PLUGINS)} in {folder} or above it: go "
        "into the folder you cloned and run amazon-demo there."
    )
    raise SetupError(msg)


@dataclass(slots=True)
class DemoProject:
    """The temporary folder: `folder` is the project's root."""

    folder: Path
    is_kept: bool = False

    @classmethod
    def make(cls, meltano_yml: Path) -> Self:
        """Make the folder, private to the user; copy meltano.yml and plugins/ there."""
        folder = Path(tempfile.mkdtemp(prefix="amazon-demo-"))
        (folder / ".meltano").mkdir()
        (folder / "spool").mkdir()
        shutil.copyfile(meltano_yml, folder / FILE)
        shutil.copytree(meltano_yml.parent / DEFINITIONS, folder / DEFINITIONS)
        return cls(folder)

    @property
    def spool(self) -> Path:
        """Folder for the temporary files of both plugins."""
        return self.folder / "spool"

    def log_of(self, run: int | str) -> Path:
        """Return where the log of a run goes."""
        return self.folder / f"run-{run}.log"

    def __enter__(self) -> Self:
        """Return the project."""
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the folder, unless its logs are still needed."""
        if not self.is_kept:
            shutil.rmtree(self.folder, ignore_errors=True)
