"""`audiences`: what the database knows of each; read only.

With settings of Ads Data Manager it lists what Amazon has: that API can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

import click

from singer_amazon.commands.check import quiet
from singer_amazon.commands.group import read_config
from singer_amazon.commands.tables import show
from singer_amazon.errors import ConfigError
from target_amazon_audience.commands.datasets import datasets
from target_amazon_audience.commands.target_of import target_of
from target_amazon_audience.state.database import DEFAULT_PATH
from target_amazon_audience.state.store import AudienceStore

_NEWEST = (
    "select max(at) from ("
    " select created_at as at from audiences where audience_id = :id"
    " union all select last_run_at from mirrors where audience_id = :id"
    " union all select accepted_at from batches where audience_id = :id"
    " union all select seen_at from audience_names where audience_id = :id"
    " union all select max(sent_at) from members where audience_id = :id)"
)
_JOBS = (
    "select count(*), coalesce(sum(rows), 0) from batches"
    " where audience_id = ? and job_id is not null"
)
_IDS = (
    "select audience_id from audiences union select audience_id from mirrors"
    " union select audience_id from batches union select audience_id from members"
    " union select audience_id from audience_names"
)


def audiences(path: Path) -> Iterator[Mapping[str, object]]:
    """Yield each audience of a database: ids, name, members, open jobs, last run.

    Raises:
        ConfigError: there is no such file.
        StateFileError: it cannot be read.
    """
    if not path.exists():
        msg = (
            f"there is no database {path} yet: the first run makes it. Another place "
            "is named by --state-path, as in the setting state_path"
        )
        raise ConfigError(msg)
    store = AudienceStore(path, owner="audiences", read_only=True)
    try:
        with store.reading() as db:
            keys = dict(db.execute("select audience_id, key from audiences"))
            named = dict(db.execute("select audience_id, dataset_id from datasets"))
            for (number,) in db.execute(f"{_IDS} order by 1").fetchall():
                members = db.execute(
                    "select count(*) from members where audience_id = ?"
                    " and removing = 0",
                    (number,),
                ).fetchone()[0]
                jobs, rows = db.execute(_JOBS, (number,)).fetchone()
                newest = db.execute(_NEWEST, {"id": number}).fetchone()[0]
                yield {
                    "audience id": named.get(number, str(number)),
                    "name": store.name(number) or "",
                    "external audience id": _external_id(keys.get(number)),
                    "members known": members,
                    "jobs open": jobs,
                    "records in them": rows,
                    "last run": _instant(newest),
                }
    finally:
        store.close()


def _external_id(key: str | None) -> str:
    """Return the external id: the last part of what an audience is known by."""
    return "" if key is None else key.rpartition("|")[2]


def _instant(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


@click.command("audiences")
@click.option(
    "--state-path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(DEFAULT_PATH),
    show_default=True,
    help="The database, as in the setting state_path.",
)
@click.option(
    "--config",
    "config",
    multiple=True,
    help="Settings with api ads_data_manager, as for a run: list the account's "
    "datasets and sharing rules, as Amazon has them.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def audiences_command(
    state_path: Path, config: tuple[str, ...], *, as_json: bool
) -> None:
    """List the audiences this target remembers; Amazon is not asked.

    With --config and Ads Data Manager: what the account has at Amazon.
    """
    if not config:
        show(list(audiences(state_path)), as_json=as_json, empty="no audiences yet")
        return
    with quiet():
        given, parse_env = read_config(config)
        found = list(datasets(target_of(given, parse_env=parse_env)))
    show(found, as_json=as_json, empty="no datasets yet")
