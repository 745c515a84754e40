"""Where the rows of a response are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap_amazon_sp.endpoints.pages.pagination import PagesError, at

_EVENTS = "*"
_MAX_NAMES = 20
_MAX_NAME = 60


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
            yield from _events(holder, last.removeprefix(_EVENTS), what)
            return
        if last in holder:
            yield from _listed(holder[last], path, what)
            return
    msg = (
        f"{what}: the answer has no {path!r}, which results_key names; it has "
        f"{_names(response) or 'nothing'}"
    )
    raise PagesError(msg)


def _names(response: Mapping[str, Any]) -> str:
    """Return the names of what is there, short enough for one line."""
    payload = response.get("payload")
    inside = payload if isinstance(payload, Mapping) else ()
    names = [*response, *(f"payload.{name}" for name in inside)]
    shown = [str(name)[:_MAX_NAME] for name in names[:_MAX_NAMES]]
    return ", ".join(shown) + (" and more" if len(names) > _MAX_NAMES else "")


def _events(holder: Mapping[str, Any], ending: str, what: str) -> Iterator[Any]:
    for name, rows in holder.items():
        if not name.endswith(ending) or rows is None:
            continue
        if not isinstance(rows, list):
            raise _no_list(name, what)
        for row in rows:
            yield {**row, "_list": name} if isinstance(row, Mapping) else row


def _listed(value: object, path: str, what: str) -> Iterator[Any]:
    if value is None:
        return
    if isinstance(value, Mapping):
        yield value  # an endpoint of one record
        return
    if not isinstance(value, list):
        raise _no_list(path, what)
    yield from value


def _no_list(path: str, what: str) -> PagesError:
    return PagesError(f"{what}: {path!r} in the answer is no list of records")
