"""A WSGI application over rooms: find the operation, apply the faults, count.

Pure but for the clock it is given: request in, answer out, so tests may call it without
a socket. A new API is a new room in the list of `emulation.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map
from werkzeug.routing import Rule as UrlRule

from amazon_emulator.answers import fault_answer, throttled
from amazon_emulator.wire import (
    Call,
    RefusalError,
    ResetError,
    Room,
    Route,
    cut,
    json_response,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from amazon_emulator.core import Core

CONTROL_PREFIX = "/_emulator"


class Application:
    """One origin: the rooms that live there, and the control calls if any."""

    def __init__(
        self,
        core: Core,
        rooms: Sequence[Room],
        control: Callable[[Request], Response] | None = None,
    ) -> None:
        self._core = core
        self.rooms = tuple(rooms)
        self._control = control
        self._map = Map(
            [
                UrlRule(route.path, methods=[route.method], endpoint=(room, route))
                for room in rooms
                for route in room.routes
            ]
        )

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one WSGI request; a connection to be cut raises ConnectionError."""
        response = self.respond(Request(environ))
        response.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
        response.date = self._core.clock.now()
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        # Read at once: an answer given early would leave the body on the connection.
        body = request.get_data()
        is_control = request.path.split("/")[1:2] == [CONTROL_PREFIX[1:]]
        if self._control is not None and is_control:
            return self._control(request)
        urls = self._map.bind_to_environ(request.environ)
        try:
            (room, route), arguments = urls.match()
        except HTTPException as error:
            code = error.code or 404
            return json_response({"code": str(code), "detail": error.name}, code)
        return self._counted(
            room, route, Call(request, route.operation, arguments, body)
        )

    def _counted(self, room: Room, route: Route, call: Call) -> Response:
        statistics = self._core.statistics
        statistics.begin(call.operation)
        outcome = "reset"
        try:
            response = self._answer(room, route, call)
            outcome = str(response.status_code)
            return response
        finally:
            statistics.end(call.operation, outcome)

    def _answer(self, room: Room, route: Route, call: Call) -> Response:
        core = self._core
        core.clock.sleep(core.settings.delay_seconds)
        call.faults = core.faults.take(call.operation, room.target(call))
        for rule in call.faults:
            if rule.action == "delay":
                core.clock.sleep(rule.number("seconds"))
                continue
            answer = fault_answer(room, call, rule, core.clock.now())
            if answer is not None:
                return answer
        try:
            response = route.handler(call)
        except RefusalError as refusal:
            return room.refuse(refusal)
        return self._answered(room, call, response)

    def _answered(self, room: Room, call: Call, response: Response) -> Response:
        """Apply the faults that let the room act first and spoil its answer then."""
        if call.fault("lost_answer") is not None:
            raise ResetError("the fault rule loses this answer")
        throttle = call.fault("throttle")
        if throttle is not None:
            return room.refuse(throttled(throttle, self._core.clock.now()))
        truncate = call.fault("truncate")
        if truncate is not None:
            return cut(response, int(truncate.number("after_bytes")))
        return response
