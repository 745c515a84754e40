"""Which keys the entries of `endpoints` may have; others are refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from singer_amazon.config.names import did_you_mean, shown
from singer_amazon.errors import ConfigError

ENTRY = (
    *("name", "path", "params", "results_key", "updated_at_param"),
    *("updated_before_param", "slice_hours", "lookback_days", "holdback_days"),
    *("record_config", "extend_resources", "pagination", "schema", "method"),
)
EXPANSION = (
    *("new_field_name", "path", "path_variable_name", "params", "results_key"),
    *("pagination", "method"),
)
RECORD = ("id_field", "last_modified_field")
PAGINATION = ("token_param", "token_path", "send_alone")

_BODIES = {"body", "data", "json", "payload", "request_body"}


def check_keys(entry: object, allowed: Iterable[str], where: str = "") -> None:
    """Refuse what an entry cannot have.

    Raises:
        ConfigError: it is no object, has an unknown key, or is no GET.
    """
    if not isinstance(entry, Mapping):
        msg = f"{where or 'an entry'} is no object: write it with names and values"
        raise ConfigError(msg)
    names, prefix = list(allowed), f"{where}." if where else ""
    for name in entry:
        if name not in names:
            msg = prefix + _unknown(str(name), names)
            raise ConfigError(msg)
    method = entry.get("method") or "GET"
    if str(method).strip().upper() != "GET":
        msg = f"{prefix}method {method!r}: only GET is read here; leave method out"
        raise ConfigError(msg)


def _unknown(name: str, names: list[str]) -> str:
    if name.lower() in _BODIES:
        return (
            f"{name} is not known here: endpoints are read with GET, which has no "
            "body; write params instead"
        )
    return f"{shown(name)} is not known here: {did_you_mean(name, names)}"
