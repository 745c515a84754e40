"""A tap as the Singer SDK makes it: the same rows through the stock record path."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from singer_sdk import Stream, Tap
from singer_sdk import typing as th


class StockStream(Stream):
    """Reads one report document and yields its rows."""

    name = "rows"

    def get_records(
        self,
        context: Any,  # noqa: ANN401, ARG002 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield the rows of the document."""
        with gzip.open(self.config["document"]) as file:
            yield from json.load(file)


class StockTap(Tap):
    """One stream over one document."""

    name = "stock-tap"
    config_jsonschema = th.PropertiesList(
        th.Property("document", th.StringType, required=True),
        th.Property("schema", th.StringType, required=True),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return the one stream."""
        schema = json.loads(Path(self.config["schema"]).read_text())
        return [StockStream(self, schema=schema)]


if __name__ == "__main__":
    StockTap.cli()
