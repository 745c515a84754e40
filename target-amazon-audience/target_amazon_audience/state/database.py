"""The file this target remembers in: opening, folder and file rights.

It holds hashes of phone numbers and postal codes, which can be guessed: personal data.
So the folder is for its owner only, and what is deleted is overwritten.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from singer_amazon.private_files import FOLDER_RIGHTS, open_private
from target_amazon_audience.errors import StateFileError
from target_amazon_audience.matching.member import merge_pii

DEFAULT_PATH = ".target-amazon-audience/state.sqlite3"
VERSION = 1
BUSY_SECONDS = 60.0

_SCHEMA = """
create table audiences (
    key text primary key,
    audience_id integer not null,
    created_at real not null
);
create table mirrors (
    audience_id integer primary key,
    last_run_at real not null
);
create table batches (
    id integer primary key autoincrement,
    audience_id integer not null,
    stream text not null,
    action text not null,
    target text,
    rows integer not null,
    job_id text,
    accepted_at real,
    attempts integer not null,
    owner text not null
);
create table payloads (
    batch integer not null references batches on delete cascade,
    part integer not null,
    payload blob not null,
    primary key (batch, part)
);
create index batches_of_audience on batches (audience_id);
create table members (
    audience_id integer not null,
    external_id text not null,
    pii text not null,
    country text not null,
    consent text,
    sent_at real not null,
    confirmed integer not null default 0,
    removing integer not null default 0,
    batch integer,
    primary key (audience_id, external_id)
) without rowid;
create table volume (
    connection text not null,
    sent_at real not null,
    rows integer not null
);
"""
# Tables that databases of earlier releases lack; those releases leave them alone.
_ADDED = {
    "mirror_streams": """(
    audience_id integer not null,
    stream text not null,
    primary key (audience_id, stream)
) without rowid""",
    "audience_names": """(
    audience_id integer primary key,
    name text not null,
    seen_at real not null
)""",
    "datasets": """(
    audience_id integer primary key,
    account text not null,
    dataset_id text not null,
    unique (account, dataset_id)
)""",
}
_ADDED_INDEX = "create index if not exists volume_by_time on volume (sent_at)"
# The small tables; whoever reads the others meets what is wrong there.
_FOREIGN = """
select 1 from audiences where typeof(audience_id) != 'integer'
union all select 1 from mirrors where typeof(last_run_at) not in ('integer', 'real')
union all select 1 from batches where typeof(rows) != 'integer'
    or typeof(attempts) != 'integer'
    or job_id is not null and typeof(accepted_at) not in ('integer', 'real')
union all select 1 from volume
    where typeof(sent_at) not in ('integer', 'real') or typeof(rows) != 'integer'
limit 1
"""
_STAGED = """
create temp table if not exists arrived (
    sink integer not null,
    external_id text not null,
    pii text,
    country text,
    consent text,
    status integer not null
);
create temp table if not exists staged (
    sink integer not null,
    external_id text not null,
    pii text,
    country text,
    consent text,
    status integer not null,
    primary key (sink, external_id)
) without rowid;
create temp table if not exists blocks (
    sink integer not null,
    kind integer not null,
    block integer not null,
    digests blob not null,
    rows blob not null,
    primary key (sink, kind, block)
);
create temp table if not exists digests (
    sink integer not null,
    kind integer not null,
    part integer not null,
    block integer not null,
    digests blob not null,
    primary key (sink, kind, part, block)
) without rowid;
create temp table if not exists apart (
    sink integer not null,
    external_id text not null,
    primary key (sink, external_id)
) without rowid;
create temp table if not exists tried (
    sink integer not null,
    external_id text not null,
    action text not null,
    primary key (sink, external_id, action)
) without rowid;
create temp table if not exists differing (
    sink integer not null,
    external_id text not null,
    primary key (sink, external_id)
) without rowid;
"""


def open_database(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database, made where it is missing; with ``read_only`` in memory then.

    Raises:
        StateFileError: it cannot be opened, or a newer release has written it.
    """
    try:
        if read_only and not path.exists():
            connection = _connect(":memory:")
        elif read_only:
            _undo_half(path)
            connection = _connect(f"{path.resolve().as_uri()}?mode=ro")
        else:
            _make_private(path)
            connection = _connect(path.resolve().as_uri())
        _prepare(connection, path, read_only=read_only)
    except (OSError, ValueError, sqlite3.Error) as error:
        msg = (
            f"The database {path} cannot be used ({error}): check the rights of file "
            "and folder, or name another place by state_path."
        )
        raise StateFileError(msg) from None
    return connection


def _connect(uri: str) -> sqlite3.Connection:
    # Threads share it behind the store's lock; transactions are ours to begin.
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _undo_half(path: Path) -> None:
    """Undo what a crash has left half written: who may only read could not."""
    journal = path.with_name(f"{path.name}-journal")
    if not (journal.exists() and journal.stat().st_size):
        return
    connection = _connect(path.resolve().as_uri())
    try:
        connection.execute("pragma user_version").fetchone()
    finally:
        connection.close()


def _make_private(path: Path) -> None:
    folder = path.resolve().parent
    os.close(open_private(folder / path.name))
    if folder.name == Path(DEFAULT_PATH).parent.name:
        folder.chmod(FOLDER_RIGHTS)


def _prepare(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    version = connection.execute("pragma user_version").fetchone()[0]
    if version > VERSION:
        msg = (
            f"The database {path} was written by a newer release of this target: "
            "update the target, or name another place by state_path."
        )
        raise StateFileError(msg)
    if not read_only:
        # Payloads are megabytes: SQLite writes them by the page, and pages that are
        # new to the file once only. (A write-ahead log has them twice, and does not
        # work on network drives.)
        connection.execute("pragma page_size = 16384")
        connection.execute("pragma journal_mode = truncate")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma secure_delete = fast")
        connection.execute("pragma foreign_keys = on")
    connection.execute("pragma temp_store = file")
    # Blocks of rows are a megabyte: fewer pages, fewer calls.
    connection.execute("pragma temp.page_size = 32768")
    # What fails there fails for the run: nothing has to be undone.
    connection.execute("pragma temp.journal_mode = off")
    if version == 0:
        connection.execute("begin immediate") if not read_only else None
        if connection.execute("pragma user_version").fetchone()[0] == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"pragma user_version = {VERSION}")
        if connection.in_transaction:
            connection.execute("commit")
    _add_tables(connection, read_only=read_only)
    if connection.execute(_FOREIGN).fetchone():
        msg = (
            f"The database {path} holds what this target has not written: restore it, "
            "or erase it with the command purge."
        )
        raise StateFileError(msg)
    connection.executescript(_STAGED)
    connection.create_function("merge_pii", 2, merge_pii, deterministic=True)


def _add_tables(connection: sqlite3.Connection, *, read_only: bool) -> None:
    """Add what an earlier release has not made; who may only read has it empty."""
    kind = "temp table" if read_only else "table"
    found = connection.execute("select name from sqlite_master").fetchall()
    for name in _ADDED.keys() - {row[0] for row in found}:
        connection.execute(f"create {kind} if not exists {name} {_ADDED[name]}")
    if not read_only:
        connection.execute(_ADDED_INDEX)


def erase(path: Path) -> list[Path]:
    """Remove the database and all that belongs to it; return what was removed."""
    found = [
        path,
        *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm")),
    ]
    removed = [file for file in found if file.exists()]
    for file in removed:
        file.unlink()
    return removed
