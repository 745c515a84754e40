"""One more request for each record, as `extend_resources` describes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from singer_amazon.errors import ConfigError
from singer_amazon.rate_limits import Rate
from tap_amazon_sp.endpoints.paging import PagesError, Paging, known, paging_of

_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class SubRequest:
    """Rows from `path` for each record, stored in it as `new_field`.

    They come in pages of their own, at the pace of their own operation.
    """

    new_field: str
    path: str
    variable: str
    list_path: str
    paging: Paging | None
    rate: Rate | None

    def path_for(self, record: Mapping[str, Any], id_field: str) -> str:
        """Return the path for one record: its value takes the variable's place.

        The value is the record's field of the variable's name, else its id.

        Raises:
            PagesError: the record has neither.
        """
        value = record.get(self.variable, record.get(id_field))
        if not isinstance(value, (str, int)) or value == "":
            msg = (
                f"{self.path}: a record has neither {self.variable} nor {id_field}, "
                "so its own path cannot be made"
            )
            raise PagesError(msg)
        return self.path.replace(f"{{{self.variable}}}", quote(str(value), safe=""))


def sub_requests(entries: Iterable[Mapping[str, Any]]) -> tuple[SubRequest, ...]:
    """Read `extend_resources`.

    Raises:
        ConfigError: an entry lacks something, or its path has no such variable.
    """
    return tuple(_sub_request(entry) for entry in entries)


def _sub_request(entry: Mapping[str, Any]) -> SubRequest:
    for needed in ("new_field_name", "path", "path_variable_name"):
        if not entry.get(needed):
            msg = f"extend_resources: an entry has no {needed}: it is required"
            raise ConfigError(msg)
    path, variable = str(entry["path"]), str(entry["path_variable_name"])
    if f"{{{variable}}}" not in path:
        found = ", ".join(_VARIABLE.findall(path)) or "none"
        msg = (
            f"extend_resources: {path} has no {{{variable}}}, which path_variable_name "
            f"says; its variables: {found}"
        )
        raise ConfigError(msg)
    entry_of = known(path)
    list_path = entry.get("results_key") or (entry_of.list_path if entry_of else None)
    if not list_path:
        msg = f"extend_resources: {path} has no results_key: it is required"
        raise ConfigError(msg)
    return SubRequest(
        new_field=str(entry["new_field_name"]),
        path=path,
        variable=variable,
        list_path=str(list_path),
        paging=paging_of(path, entry.get("pagination")),
        rate=entry_of.rate if entry_of else None,
    )
