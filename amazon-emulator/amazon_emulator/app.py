"""A WSGI application over services: find the operation, apply the faults, count.

Pure but for the clock it is given: request in, response out, so tests may call it
without a socket. A new API is a new service in the list of `emulation.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map
from werkzeug.routing import Rule as UrlRule

from amazon_emulator.faults.fault_responses import fault_response, throttled
from amazon_emulator.faults.spoilt_bodies import inflating, spoilt_body
from amazon_emulator.http import (
    Call,
    RefusalError,
    ResetError,
    Route,
    Service,
    cut,
    json_response,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from amazon_emulator.state import EmulatorState

CONTROL_PREFIX = "/_emulator"


class Application:
    """One origin: the services that live there, and the control calls if any."""

    def __init__(
        self,
        state: EmulatorState,
        services: Sequence[Service],
        control: Callable[[Request], Response] | None = None,
    ) -> None:
        self._state = state
        self.services = tuple(services)
        self._control = control
        self._map = Map(
            [
                UrlRule(route.path, methods=[route.method], endpoint=(service, route))
                for service in services
                for route in service.routes
            ]
        )

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one WSGI request; a connection to be cut raises ConnectionError."""
        response = self.respond(Request(environ))
        response.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
        response.date = self._state.clock.now()
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        # Read at once: an early response would leave the body on the connection.
        body = request.get_data()
        is_control = request.path.split("/")[1:2] == [CONTROL_PREFIX[1:]]
        if self._control is not None and is_control:
            return self._control(request)
        urls = self._map.bind_to_environ(request.environ)
        try:
            (service, route), arguments = urls.match()
        except HTTPException as error:
            code = error.code or 404
            return json_response({"code": str(code), "detail": error.name}, code)
        return self._counted(
            service, route, Call(request, route.operation, arguments, body)
        )

    def _counted(self, service: Service, route: Route, call: Call) -> Response:
        counters = self._state.counters
        counters.begin(call.operation)
        outcome = "reset"
        try:
            response = self._respond(service, route, call)
            outcome = str(response.status_code)
            return response
        finally:
            counters.end(call.operation, outcome)

    def _respond(self, service: Service, route: Route, call: Call) -> Response:
        state = self._state
        state.clock.sleep(state.settings.delay_seconds)
        call.faults = state.faults.take(
            call.operation, service.target(call), state.clock.now()
        )
        for rule in call.faults:
            if rule.action == "delay":
                state.clock.sleep(rule.number("seconds"))
                continue
            if rule.action == "inflate":
                return inflating(call, rule)
            response = fault_response(service, call, rule, state.clock.now())
            if response is not None:
                return response
        try:
            response = service.respond_to(route, call)
        except RefusalError as refusal:
            return service.refuse(refusal)
        return self._spoilt(service, call, response)

    def _spoilt(self, service: Service, call: Call, response: Response) -> Response:
        """Apply the faults that let a service act first and spoil its response."""
        if call.fault("lost_answer") is not None:
            raise ResetError("the fault rule loses this answer")
        throttle = call.fault("throttle")
        if throttle is not None:
            return service.refuse(throttled(throttle, self._state.clock.now()))
        response = spoilt_body(call, response, self._state.clock)
        truncate = call.fault("truncate")
        if truncate is not None:
            return cut(response, int(truncate.number("after_bytes")))
        return response
