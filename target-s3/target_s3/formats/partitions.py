"""Columns that become folders, as Hive names them: ``date=2026-11-01``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from target_s3.errors import FormatError
from target_s3.record_metadata import encode_exactly, unreadable_rows

ALL_OTHERS = "*"
NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
_MAX_BYTES = 200


def partition_columns(
    chosen: Mapping[str, Sequence[str]], stream: str, known: Sequence[str]
) -> tuple[str, ...]:
    """Return the columns a stream is partitioned by; of ``*`` those that it has.

    Raises:
        FormatError: a column was named for this stream, and it does not have it.
    """
    if stream not in chosen:
        return tuple(name for name in chosen.get(ALL_OTHERS, ()) if name in known)
    if missing := [name for name in chosen[stream] if name not in known]:
        msg = (
            f"Stream {stream} has no column {missing[0]!r} to be partitioned by; mend "
            "partition_by, or select that column in the tap's catalog."
        )
        raise FormatError(msg, stream=stream)
    return tuple(chosen[stream])


class FolderReader:
    """Reads of a row what its folder is called; the other columns are not read."""

    def __init__(self, stream: str, columns: Sequence[str]) -> None:
        self._stream = stream
        self._columns = columns
        names = {f"f{number}": name for number, name in enumerate(columns)}
        kind = msgspec.defstruct(
            "Row", [(field, Any, None) for field in names], rename=names
        )
        self._decode = msgspec.json.Decoder(kind).decode

    def folder(self, row: bytes) -> str:
        """Return the folders of a row, such as ``profile_id=1/date=2026-11-01``."""
        with unreadable_rows(self._stream, "partition_by"):
            values = msgspec.structs.astuple(self._decode(row))
        return "/".join(
            f"{quote(name, safe='')}={self._part(name, value)}"
            for name, value in zip(self._columns, values, strict=True)
        )

    def _part(self, name: str, value: object) -> str:
        if value is None or value == "":
            return NULL_FOLDER
        text = value if isinstance(value, str) else encode_exactly(value).decode()
        found = quote(text, safe="")
        if len(found) > _MAX_BYTES:
            msg = (
                f"Stream {self._stream}: a value of column {name} is too long for the "
                "name of a folder; leave the column out of partition_by."
            )
            raise FormatError(msg, stream=self._stream)
        return found
