"""The command ``target-s3``: its subcommands, and Singer's flags without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click
from singer_sdk.singerlib import Catalog

from singer_amazon.commands.group import read_config, read_json, run
from singer_amazon.errors import ConfigError
from target_s3 import settings
from target_s3.bucket.keys import Keys
from target_s3.ddl.statements import DIALECTS, Table, statements
from target_s3.delta.documents import LOG_STREAMS
from target_s3.formats.columns import columns_of
from target_s3.formats.partitions import partition_columns
from target_s3.record_metadata import RecordMetadata
from target_s3.target import TargetS3


@click.command(
    "ddl", help="Print SQL: a table per stream of a catalog, and its newest rows."
)
@click.option(
    "--config",
    "config_paths",
    multiple=True,
    required=True,
    help="Settings of target-s3: where the data is, and in which format.",
)
@click.option("--catalog", "catalog_path", required=True, help="The tap's catalog.")
@click.option("--dialect", type=click.Choice(DIALECTS), default="duckdb")
def ddl(config_paths: tuple[str, ...], catalog_path: str, dialect: str) -> None:
    """Print the statements."""
    config, parse_env = read_config(config_paths)
    if parse_env:
        config = {**TargetS3._env_var_config, **config}  # noqa: SLF001 - the SDK's own
    chosen = settings.parse(config)
    catalog = read_json(catalog_path, "the catalog")
    tables = list(tables_of(catalog, chosen))
    if not tables:
        msg = f"The catalog {catalog_path} selects no stream."
        raise ConfigError(msg)
    for table in tables:
        for statement in statements(table, dialect):
            click.echo(f"{statement}\n")


def tables_of(catalog: Mapping[str, Any], chosen: settings.Settings) -> Iterator[Table]:
    """Return a table for each selected stream, with its selected columns.

    Raises:
        ConfigError: this is no catalog.
    """
    try:
        entries = Catalog.from_dict(dict(catalog)).values()
    except (AttributeError, KeyError, TypeError):
        msg = "The catalog is none: make one with the tap's --discover."
        raise ConfigError(msg) from None
    if chosen.path_override:
        msg = (
            "With stream_name_path_override all streams share a folder, and no table "
            "can be made of one of them; leave the setting out."
        )
        raise ConfigError(msg)
    keys = Keys(chosen, "")
    metadata = RecordMetadata(
        extracted_at=chosen.add_record_metadata,
        process_date=chosen.include_process_date,
    )
    for entry in entries:
        mask = entry.metadata.resolve_selection()
        if not mask[()]:
            continue
        schema = entry.schema.to_dict()
        schema["properties"] = {
            name: definition
            for name, definition in schema.get("properties", {}).items()
            if mask["properties", name]
        }
        name = entry.stream or entry.tap_stream_id
        columns = columns_of(schema, metadata.columns)
        partitions = partition_columns(
            chosen.partition_by, name, [column.name for column in columns]
        )
        yield Table(
            name,
            f"s3://{chosen.bucket}/{keys.for_table(name)}/",
            chosen.format,
            columns,
            tuple(entry.key_properties or ()),
            partitions,
            is_current=chosen.write_mode == "replace" and name not in LOG_STREAMS,
        )


def main() -> None:
    """Run a subcommand, or the target."""
    run(
        "target-s3",
        lambda: {"ddl": ddl},
        lambda: TargetS3.cli,
        distribution="target-amazon-s3",
    )
