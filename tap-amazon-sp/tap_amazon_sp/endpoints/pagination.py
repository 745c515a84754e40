"""How an endpoint hands out pages: what the next request is, and where rows are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from singer_amazon.errors import AmazonError, ConfigError
from singer_amazon.rate_limits import Rate

Record = dict[str, Any]

_EVENTS = "*"
_TOKEN_NAME = re.compile(r"next(Page)?Token", re.IGNORECASE)


class PagesError(AmazonError):
    """The pages of an endpoint cannot be followed; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Pagination:
    """A family of endpoints: how the token of the next page comes and goes back.

    `token_path` is dotted, from the top of the response. With `send_alone` no other
    parameter may go along with the token; else all of them must.
    """

    token_param: str
    token_path: str
    send_alone: bool = False

    def token(self, response: Mapping[str, Any]) -> str | None:
        """Return the token of the next page; None on the last one."""
        found = at(response, self.token_path)
        if found is None or found == "":
            return None
        if isinstance(found, (str, int)) and not isinstance(found, bool):
            return str(found)
        msg = (
            f"what stands at {self.token_path} is no page token but "
            f"{type(found).__name__}: pagination.token_path names the text itself"
        )
        raise PagesError(msg)

    def next_params(self, params: Mapping[str, Any], token: str) -> dict[str, Any]:
        """Return the parameters of the request for the next page."""
        return {**({} if self.send_alone else params), self.token_param: token}


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


class _PathFile(msgspec.Struct, forbid_unknown_fields=True):
    list: str
    rate: float | None = None
    burst: int | None = None
    marketplace: str | None = None


class _FamilyFile(msgspec.Struct, forbid_unknown_fields=True):
    token_param: str
    token_path: str
    send_alone: bool
    paths: dict[str, _PathFile]


@lru_cache(maxsize=1)
def known_paths() -> Mapping[str, KnownPath]:
    """Return the operations of `paths.json` by path, read once per process."""
    file = resources.files("tap_amazon_sp.endpoints") / "paths.json"
    found: dict[str, KnownPath] = {}
    for family in msgspec.json.decode(file.read_bytes(), type=list[_FamilyFile]):
        pagination = Pagination(
            family.token_param, family.token_path, family.send_alone
        )
        for path, raw in family.paths.items():
            rate = Rate(raw.rate, raw.burst or 1) if raw.rate is not None else None
            found[path] = KnownPath(path, pagination, raw.list, rate, raw.marketplace)
    return found


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
    return Pagination(str(param), str(token_path), bool(alone))


def unclaimed(response: Mapping[str, Any], depth: int = 3) -> str | None:
    """Return the path of a page token in a response: no page is lost unseen."""
    for name, value in response.items():
        if isinstance(value, str) and value and _TOKEN_NAME.fullmatch(name):
            return name
        if isinstance(value, Mapping) and depth > 1:
            below = unclaimed(value, depth - 1)
            if below is not None:
                return f"{name}.{below}"
    return None


class SeenTokens:
    """The page tokens of one list; the same one twice would mean going in circles."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: set[bytes] = set()

    def note(self, token: str) -> None:
        """Note a token.

        Raises:
            PagesError: it was there before.
        """
        digest = hashlib.blake2b(token.encode(), digest_size=16).digest()
        if digest in self._seen:
            msg = (
                f"{self._what}: Amazon has sent the same page token twice, after "
                f"{len(self._seen)} pages: the pages go round in a circle. What was "
                "read is kept; the next run reads from the bookmark"
            )
            raise PagesError(msg)
        self._seen.add(digest)


# --- rows ----------------------------------------------------------------------


def at(response: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON there is
    """Return what is at a dotted path, None if nothing is."""
    value: Any = response
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def rows_at(response: Mapping[str, Any], path: str, what: str) -> Iterator[Any]:
    """Yield the rows of a response.

    `path` may begin at the top or inside `payload`, as older configs write it. A last
    part like `*EventList` takes every list so named; its name is added as `_list`.

    Raises:
        PagesError: there is no such list.
    """
    parent, _, last = path.rpartition(".")
    for top in (response, response.get("payload")):
        holder = at(top, parent) if parent and isinstance(top, Mapping) else top
        if not isinstance(holder, Mapping):
            continue
        if last.startswith(_EVENTS):
            yield from _events(holder, last.removeprefix(_EVENTS))
            return
        if last in holder:
            yield from _listed(holder[last], path, what)
            return
    payload = response.get("payload")
    inside = payload if isinstance(payload, Mapping) else ()
    names = [*response, *(f"payload.{name}" for name in inside)]
    msg = (
        f"{what}: the answer has no {path!r}, which results_key names; it has "
        f"{', '.join(map(str, names)) or 'nothing'}"
    )
    raise PagesError(msg)


def _events(holder: Mapping[str, Any], ending: str) -> Iterator[Any]:
    for name, rows in holder.items():
        if name.endswith(ending) and isinstance(rows, list):
            for row in rows:
                yield {**row, "_list": name} if isinstance(row, Mapping) else row


def _listed(value: object, path: str, what: str) -> Iterator[Any]:
    if value is None:
        return
    if isinstance(value, Mapping):
        yield value  # an endpoint of one record
        return
    if not isinstance(value, list):
        msg = f"{what}: {path!r} in the answer is no list of records"
        raise PagesError(msg)
    yield from value
