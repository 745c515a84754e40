"""The control calls about audiences; `amazon_emulator.control` serves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from werkzeug import Response

if TYPE_CHECKING:
    from amazon_emulator.audiences.connections import Connections
    from amazon_emulator.audiences.store import AudienceStore
    from amazon_emulator.audiences.world import AmcWorld

Json = Mapping[str, object]
_AT_ONCE = 500
Table = Iterable[tuple[str, str, Callable[..., object]]]


class AudienceControl:
    """Shows audiences, jobs and members, and sets the AMC world."""

    def __init__(
        self, world: AmcWorld, connections: Connections, audiences: AudienceStore
    ) -> None:
        self._world, self._connections = world, connections
        self._audiences = audiences

    def table(self) -> Table:
        """Return method, path and handler of each call."""
        return (
            ("GET", "/amc", self._amc),
            ("PUT", "/amc", self._replace_amc),
            ("GET", "/audiences", self._all),
            ("GET", "/audiences/<int:audience_id>/members", self._members),
            ("GET", "/audiences/<int:audience_id>/expired-members", self._expired),
            ("GET", "/audience-jobs", self._jobs),
            ("GET", "/audiences/<int:audience_id>/jobs", self._jobs),
        )

    def _amc(self, _: Json) -> Json:
        connections = [
            self._connections.as_json(connection)
            for connection in self._connections.all()
        ]
        return {**self._world.as_json(), "connections": connections}

    def _replace_amc(self, body: Json) -> Json:
        self._world.replace(body)
        self._connections.reset()
        return self._amc({})

    def _all(self, _: Json) -> object:
        return self._audiences.audiences()

    def _jobs(self, _: Json, audience_id: int | None = None) -> object:
        return self._audiences.jobs(audience_id)

    def _members(self, _: Json, audience_id: int) -> Response:
        return self._listed(audience_id, is_active=True)

    def _expired(self, _: Json, audience_id: int) -> Response:
        return self._listed(audience_id, is_active=False)

    def _listed(self, audience_id: int, *, is_active: bool) -> Response:
        found = self._audiences.members(audience_id, is_active=is_active)
        if found is None:
            message = f"There is no audience {audience_id}."
            raise ValueError(message)
        return Response(_lines(found), content_type="application/json")


def _lines(members: Iterator[Json]) -> Iterator[str]:
    """Yield a JSON list piece by piece: a set may have a million members."""
    before = "["
    while some := list(islice(members, _AT_ONCE)):
        yield before + json.dumps(some)[1:-1]
        before = ",\n"
    yield "]" if before != "[" else "[]"
