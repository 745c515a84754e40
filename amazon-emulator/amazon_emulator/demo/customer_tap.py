"""`tap-customer-file`: a CSV file as a Singer tap, for trying out where no CRM is near.

It is as plain as a tap can be: every column is text, every row a record, no state.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import click

from amazon_emulator.demo.customers import COLUMNS, customer

STREAM = "customers"
SAMPLE = "sample"
"""Instead of a path: customers who do not exist."""
_SAMPLES = 12
_Row = Mapping[str, "str | None"]


@click.command()
@click.option(
    "--config",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON file with `path` (the CSV file) and `stream` (customers).",
)
def command(config: Path) -> None:
    """Write the rows of a CSV file as Singer messages."""
    settings = json.loads(config.read_text(encoding="utf-8"))
    stream = settings.get("stream") or STREAM
    path = settings.get("path")
    if not path:
        sys.exit("Setting path is missing: name a CSV file, or write sample.")
    if path == SAMPLE:
        _write(stream, COLUMNS, map(customer, range(_SAMPLES)))
        return
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            _write_file(stream, path, file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        sys.exit(f"The file {path} cannot be read ({error}): check the setting path.")


def _write_file(stream: str, path: str, file: TextIO) -> None:
    reader = csv.DictReader(file, strict=True)
    if not reader.fieldnames:
        sys.exit(f"The file {path} is empty: its first line must name the columns.")
    _write(stream, reader.fieldnames, _whole(reader))


def _whole(rows: Iterable[_Row]) -> Iterator[_Row]:
    """Leave out what stands beyond the last named column."""
    for row in rows:
        yield {name: value for name, value in row.items() if name is not None}


def _write(stream: str, columns: Sequence[str], rows: Iterable[_Row]) -> None:
    properties = {name: {"type": ["string", "null"]} for name in columns}
    schema = {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": properties},
        "key_properties": [],
    }
    sys.stdout.write(f"{json.dumps(schema)}\n")
    for row in rows:
        record = {"type": "RECORD", "stream": stream, "record": row}
        sys.stdout.write(f"{json.dumps(record)}\n")
    # There is nothing to go on from; it says that the file was read to its end.
    sys.stdout.write(f"{json.dumps({'type': 'STATE', 'value': {}})}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the command."""
    command()
