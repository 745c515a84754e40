"""What a transaction writes into a table, whoever writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from target_s3.errors import StoreError
from target_s3.formats.columns import Column

ATTEMPTS = 40
FILE_BYTES = 64 * 1024**2
_MAX_WAIT = 3.0
_MAX_WORDS = 200

Batches = Callable[[tuple[Column, ...]], Iterator[Any]]
"""Makes the record batches of a transaction, with these columns, from the start."""


class Commit(NamedTuple):
    """What a transaction writes: it empties what ``predicate`` names, then adds."""

    stream: str
    uri: str
    columns: tuple[Column, ...]
    batches: Batches
    predicate: str | None = None


class Tables(Protocol):
    """What commits to tables."""

    def commit(self, commit: Commit) -> None:
        """Do a transaction, whole or not at all.

        Raises:
            FormatError: the rows do not fit the table.
            StoreError: the table cannot be read or written.
        """


def longest_wait(attempt: int) -> float:
    """Return the most seconds to wait after another writer was first."""
    return float(min(_MAX_WAIT, 0.1 * 2**attempt))


def store_error(commit: Commit, words: str) -> StoreError:
    """Return a sentence; of long words only the beginning."""
    words = " ".join(words.split())[:_MAX_WORDS]
    msg = (
        f"Stream {commit.stream}: the table {commit.uri} was not written: "
        f"{words.rstrip('.')}. What it held is unchanged; check the rights to read, "
        "write and list below the prefix, and that nothing but Delta is there."
    )
    return StoreError(msg, stream=commit.stream)
