"""Erasing what this target remembers."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from target_amazon_audience.errors import StateFileError
from target_amazon_audience.state.database import erase, open_database

_TABLES = (
    "audiences",
    "mirrors",
    "batches",
    "members",
    "mirror_streams",
    "audience_names",
    "datasets",
)


def purge(path: Path, audience: str | int | None = None) -> str:
    """Erase one audience, or the whole database; return a sentence on what was done.

    ``audience`` is Amazon's id of an audience or a dataset.

    Raises:
        StateFileError: the database is in use, or cannot be changed.
    """
    if not path.exists():
        return f"There is no database {path}: nothing to erase."
    if audience is None:
        _claim(path)
        removed = erase(path)
        return f"Erased {', '.join(str(file) for file in removed)}."
    connection = open_database(path)
    try:
        connection.execute("begin exclusive")
        audience_id = _number(connection, str(audience))
        counts = {
            table: connection.execute(
                f"delete from {table} where audience_id = ?",  # noqa: S608 - ours
                (audience_id,),
            ).rowcount
            for table in _TABLES
        }
        connection.execute("commit")
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.Error as error:
        msg = f"The database {path} cannot be changed ({error}): is a run under way?"
        raise StateFileError(msg) from None
    finally:
        connection.close()
    return (
        f"Erased {counts['members']:,} members and {counts['batches']:,} open batches "
        f"of audience {audience} in {path}."
    )


def _number(connection: sqlite3.Connection, audience: str) -> int | None:
    """Return the number of an audience in the database."""
    row = connection.execute(
        "select audience_id from datasets where dataset_id = ?", (audience,)
    ).fetchone()
    if row is not None:
        return int(row[0])
    return int(audience) if audience.isascii() and audience.isdigit() else None


def _claim(path: Path) -> None:
    """Make sure that nobody writes while the file is removed."""
    connection = open_database(path)
    try:
        connection.execute("pragma busy_timeout = 0")
        connection.execute("begin exclusive")
        connection.execute("rollback")
        connection.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.Error as error:
        msg = f"The database {path} is in use ({error}): wait for the end of the run."
        raise StateFileError(msg) from None
    finally:
        connection.close()
