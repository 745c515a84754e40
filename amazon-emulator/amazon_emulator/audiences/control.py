"""The control calls about audiences: members, jobs, AMC accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.control import ControlError
from amazon_emulator.http import Json, Routed, route

if TYPE_CHECKING:
    from amazon_emulator.audiences.accounts import AmcAccounts
    from amazon_emulator.audiences.connections import Connections
    from amazon_emulator.audiences.store import AudienceStore

_AT_ONCE = 500
_AUDIENCE = "/audiences/<int:audience_id>"


class AudienceControl(Routed):
    """Shows audiences, jobs and members, and sets the AMC accounts."""

    def __init__(
        self, accounts: AmcAccounts, connections: Connections, audiences: AudienceStore
    ) -> None:
        self._accounts, self._connections = accounts, connections
        self._audiences = audiences

    @route("GET", "/amc")
    def _show(self) -> Json:
        connections = [
            self._connections.as_json(connection)
            for connection in self._connections.all()
        ]
        return {**self._accounts.as_json(), "connections": connections}

    @route("PUT", "/amc")
    def _replace(self, body: Json) -> Json:
        self._accounts.replace(body)
        self._connections.reset()
        return self._show()

    @route("GET", "/audiences")
    def _all(self) -> object:
        return self._audiences.audiences()

    @route("GET", "/audience-jobs")
    @route("GET", f"{_AUDIENCE}/jobs")
    def _jobs(self, audience_id: int | None = None) -> object:
        return self._audiences.jobs(audience_id)

    @route("GET", f"{_AUDIENCE}/members")
    def _members(self, audience_id: int) -> Response:
        return self._listed(audience_id, is_active=True)

    @route("GET", f"{_AUDIENCE}/expired-members")
    def _expired(self, audience_id: int) -> Response:
        return self._listed(audience_id, is_active=False)

    def _listed(self, audience_id: int, *, is_active: bool) -> Response:
        found = self._audiences.members(audience_id, is_active=is_active)
        if found is None:
            message = f"There is no audience {audience_id}."
            raise ControlError(message)
        return Response(listed_in_pieces(found), content_type="application/json")


def listed_in_pieces(members: Iterator[Mapping[str, object]]) -> Iterator[str]:
    """Yield a JSON list piece by piece: a set may have a million members."""
    before = "["
    while some := list(islice(members, _AT_ONCE)):
        yield before + json.dumps(some)[1:-1]
        before = ",\n"
    yield "]" if before != "[" else "[]"
