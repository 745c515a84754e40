"""The listing operations Amazon documents, from ``paths.json``.

The facts are those of Amazon's models of August 2026. Of each path: `list`, `rate` and
`burst`, `marketplace` (the parameter), `bounds` (lower bound of a search by time, and
the upper one that goes with it, null where there is none), `max_days` (the longest span
that is answered; a longer one is refused, or answered with nothing), `slice_days` (the
longest span that is asked for at once, to stay well away from that), `history_days`
(how far back there is data), `lookback_hours` and `holdback_hours` (how late records
turn up: the first where rows have a key, the second where they have none).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from singer_amazon.errors import ConfigError
from singer_amazon.rate_limits import Rate
from tap_amazon_sp.endpoints.pages.pagination import Pagination
from tap_amazon_sp.endpoints.time_slices import MAX_LENGTH


@dataclass(frozen=True, slots=True)
class KnownPath:
    """An operation Amazon documents; `rate` is None where the model says none.

    `marketplace` is the parameter that says which marketplaces are meant.
    """

    path: str
    pagination: Pagination
    list_path: str
    rate: Rate | None
    marketplace: str | None
    bounds: Mapping[str, str | None]
    with_bounds: Mapping[str, str]
    """Parameters that a search by time needs besides its bounds."""
    max_span: timedelta | None
    max_slice: timedelta | None
    """The longest span asked for at once, where that is less than is answered."""
    history: timedelta | None
    lookback: timedelta
    holdback: timedelta

    def longest(self, slice_hours: float | None) -> timedelta:
        """Return the longest slice; with hours of the settings Amazon's own limit."""
        chosen = None if slice_hours else self.max_slice
        return min(chosen or MAX_LENGTH, self.max_span or MAX_LENGTH)


class _PathFile(msgspec.Struct, forbid_unknown_fields=True):
    list: str
    rate: float | None = None
    burst: int | None = None
    marketplace: str | None = None
    bounds: dict[str, str | None] = {}
    max_days: float | None = None
    slice_days: float | None = None
    history_days: float | None = None
    lookback_hours: float = 0
    holdback_hours: float = 0


class _FamilyFile(msgspec.Struct, forbid_unknown_fields=True):
    token_param: str
    token_path: str
    send_alone: bool
    paths: dict[str, _PathFile]
    with_token: dict[str, str] = {}
    with_bounds: dict[str, str] = {}


@lru_cache(maxsize=1)
def known_paths() -> Mapping[str, KnownPath]:
    """Return the operations of `paths.json` by path, read once per process."""
    file = resources.files("tap_amazon_sp.endpoints.pages") / "paths.json"
    families = msgspec.json.decode(file.read_bytes(), type=list[_FamilyFile])
    return {
        path: _known_path(path, family, raw)
        for family in families
        for path, raw in family.paths.items()
    }


def _known_path(path: str, family: _FamilyFile, raw: _PathFile) -> KnownPath:
    return KnownPath(
        path=path,
        pagination=Pagination(
            family.token_param,
            family.token_path,
            family.send_alone,
            tuple(family.with_token.items()),
        ),
        list_path=raw.list,
        rate=Rate(raw.rate, raw.burst or 1) if raw.rate is not None else None,
        marketplace=raw.marketplace,
        bounds=raw.bounds,
        with_bounds=family.with_bounds,
        max_span=_days(raw.max_days),
        max_slice=_days(raw.slice_days),
        history=_days(raw.history_days),
        lookback=timedelta(hours=raw.lookback_hours),
        holdback=timedelta(hours=raw.holdback_hours),
    )


def _days(days: float | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def known(path: str) -> KnownPath | None:
    """Return the operation of a path; its variables may have any name or value."""
    paths = known_paths()
    plain = path.rstrip("/")
    if plain in paths:
        return paths[plain]
    parts = plain.split("/")
    for entry in paths.values():
        pattern = entry.path.split("/")
        if len(pattern) == len(parts) and all(
            a == b or a.startswith("{") for a, b in zip(pattern, parts, strict=True)
        ):
            return entry
    return None


def pagination_of(
    path: str, settings: Mapping[str, Any] | None = None
) -> Pagination | None:
    """Return how a path's pages go: the user's settings, else what is documented.

    None where nothing is known: `unclaimed` then says whether there are pages.

    Raises:
        ConfigError: the settings of an unknown path are not complete.
    """
    entry = known(path)
    if not settings:
        return entry.pagination if entry else None
    base = entry.pagination if entry else None
    param = settings.get("token_param") or (base.token_param if base else None)
    token_path = settings.get("token_path") or (base.token_path if base else None)
    if not param or not token_path:
        msg = (
            f"pagination of {path}: both token_param (the parameter that takes the "
            "token) and token_path (where the answer has it) are needed"
        )
        raise ConfigError(msg)
    alone = settings.get("send_alone", base.send_alone if base else False)
    with_token = base.with_token if base else ()
    return Pagination(str(param), str(token_path), bool(alone), with_token)


def token_params(token_path: str) -> frozenset[str]:
    """Return the parameters that take a token from there, over all families."""
    return frozenset(
        entry.pagination.token_param
        for entry in known_paths().values()
        if entry.pagination.token_path == token_path
    )
