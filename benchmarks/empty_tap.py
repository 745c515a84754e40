"""A tap that the Singer SDK makes of nothing: what any tap needs to start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from singer_sdk import Stream, Tap
from singer_sdk import typing as th


class EmptyStream(Stream):
    """Has no rows."""

    name = "rows"
    schema = th.PropertiesList(th.Property("id", th.StringType)).to_dict()

    def get_records(
        self,
        context: Any,  # noqa: ANN401, ARG002 - the SDK's signature
    ) -> Iterable[dict[str, Any]]:
        """Yield nothing."""
        return ()


class EmptyTap(Tap):
    """One stream without rows."""

    name = "empty-tap"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return the one stream."""
        return [EmptyStream(self)]


if __name__ == "__main__":
    EmptyTap.cli()
