"""A report's rows written by the plainest typed loop there is; takes one JSON file.

Gunzip, decode to a structure of the selected columns, encode, write: the same RECORD
lines as the tap's, without a thought for memory, signals, damaged rows or a full pipe.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import msgspec

TYPES = {"string": str, "integer": int, "number": float}


def main() -> None:
    """Write the rows of `document`; `columns` are names and types, `added` is JSON."""
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    fields = [
        (f"c{number}", str | int | None if kind == "string" else TYPES[kind] | None)
        for number, kind in enumerate(given["columns"].values())
    ]
    renamed = {f"c{number}": name for number, name in enumerate(given["columns"])}
    row_type = msgspec.defstruct("Row", fields, rename=renamed)
    content = gzip.decompress(Path(given["document"]).read_bytes())
    rows = msgspec.json.decode(content, type=list[row_type])  # type: ignore[valid-type]
    encode, write = msgspec.json.Encoder().encode, sys.stdout.buffer.write
    before, after = given["before"].encode(), given["after"].encode()
    for row in rows:
        write(before + encode(row)[:-1] + after)


if __name__ == "__main__":
    main()
