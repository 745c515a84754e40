"""Documents saved as files: their names, and the saving."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from singer_amazon.documents.json_array import unpacked
from singer_amazon.documents.raw_archive import RawArchive, open_raw_archive
from singer_amazon.errors import StorageError

_NO_PART = re.compile(r"[/\\\x00-\x1f\x7f]|\.\.+")


@dataclass(frozen=True, slots=True)
class OutputLocation:
    """Where a file goes: a folder or bucket with prefix, and the name below it."""

    store: str
    name: str

    @property
    def uri(self) -> str:
        """The whole path or S3 URI, as people write it."""
        return f"{self.store.removeprefix('file://')}/{self.name}"


def output_location(template: str, values: Mapping[str, str]) -> OutputLocation:
    """Fill the placeholders; the result is a path or an `s3://` URI."""
    safe = {name: _safe(value) for name, value in values.items()}
    filled = template.format_map(safe)
    if filled.startswith("s3://"):
        bucket, _, key = filled.removeprefix("s3://").partition("/")
        return OutputLocation(f"s3://{bucket}", key)
    path = Path(filled.removeprefix("file://")).expanduser().absolute()
    return OutputLocation(path.parent.as_uri(), path.name)


def _safe(value: str) -> str:
    """Return a value as part of a name: it leads into no other folder."""
    plain = _NO_PART.sub("_", value.replace(":", "")).strip(" ")
    return re.sub(r"^\.+", "_", plain) or "_"


class FileSaver:
    """Saves documents decompressed; a file is there whole or not at all."""

    def __init__(self, config: Mapping[str, object], folder: str | None) -> None:
        self._config = config
        self._folder = folder
        self._stores: dict[str, RawArchive] = {}

    def check(self, location: OutputLocation) -> None:
        """Find out now whether files can be saved there.

        Raises:
            ConfigError: they cannot, and why.
        """
        self._store(location).check()

    def save(self, document: Path, location: OutputLocation) -> int:
        """Save a document; return the bytes written.

        Raises:
            DocumentError: its gzip is damaged.
            StorageError: the folder or bucket refuses, or the disk it is unpacked on.
        """
        try:
            return self._save(document, location)
        except OSError as error:
            folder = self._folder or tempfile.gettempdir()
            msg = (
                f"the document for output_file {location.uri} cannot be unpacked in "
                f"{folder} ({error.strerror or error}): make room there, or set "
                "spool_dir to another folder"
            )
            raise StorageError(msg) from None

    def _save(self, document: Path, location: OutputLocation) -> int:
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="report-") as file:
            size = sum(file.write(block) for block in unpacked(document))
            file.flush()
            self._store(location).keep(Path(file.name), location.name)
        return size

    def _store(self, location: OutputLocation) -> RawArchive:
        if location.store not in self._stores:
            self._stores[location.store] = open_raw_archive(
                location.store, self._config, setting="output_file"
            )
        return self._stores[location.store]
