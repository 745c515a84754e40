"""What every emulated API is made of: services, their routes, calls, refusals, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from werkzeug import Response

from amazon_emulator.faults.rules import Target, first_rule

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.faults.rules import Rule

Json = Mapping[str, object]
_Handler = TypeVar("_Handler", bound=Callable[..., object])
_ROUTES = "_routes_of_handler"
_NEW = {"addedLater": {"numbers": [1, None], "text": "a field of no model"}}


class RefusalError(Exception):
    """A call that the emulated API turns down; each service words it in its body."""

    def __init__(
        self,
        status: int,
        message: str,
        details: str = "",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


class ResetError(ConnectionError):
    """Ends the connection with a TCP reset instead of a response."""


class CutShortError(ConnectionError):
    """Ends the connection in the middle of a body whose length was promised."""


@dataclass(slots=True)
class Call:
    """One request on its way through a service."""

    request: Request
    operation: str
    arguments: Mapping[str, str]
    body: bytes = b""
    faults: Sequence[Rule] = field(default_factory=tuple)

    def fault(self, action: str) -> Rule | None:
        """Return the rule with this action that applies to this very call."""
        return first_rule(self.faults, action)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: where it is, and the method that handles it."""

    method: str
    path: str
    operation: str
    handler: Callable[..., Any]


def route(
    method: str, path: str, operation: str = ""
) -> Callable[[_Handler], _Handler]:
    """Let a method of a `Routed` class handle a route."""

    def mark(handler: _Handler) -> _Handler:
        marked = handler.__dict__.setdefault(_ROUTES, [])
        marked.append(Route(method, path, operation, handler))
        return handler

    return mark


class Routed:
    """A class whose methods handle routes; `routes` is the table of all of them."""

    routes: ClassVar[tuple[Route, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Collect what `route` has marked."""
        super().__init_subclass__()
        marked = (getattr(item, "__dict__", {}) for item in vars(cls).values())
        own = (found for marks in marked for found in marks.get(_ROUTES, ()))
        cls.routes = (*cls.routes, *own)


class Service(Routed):
    """One emulated API; an application is a list of services."""

    media_type: ClassVar[str] = "application/json"

    def target(self, call: Call) -> Target:  # noqa: ARG002 - for those that override
        """Say what the fault rules may match about a call: here the operation only."""
        return Target()

    def respond_to(self, route: Route, call: Call) -> Response:
        """Carry a call out, or raise the RefusalError that turns it down."""
        response: Response = route.handler(self, call)
        return response

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal in this API's own error body."""
        body = self.error_body(refusal)
        return self.respond(body, refusal.status, headers=refusal.headers)

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of this API."""
        return {"code": str(refusal.status), "detail": refusal.message}

    def respond(
        self,
        body: object,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Respond with JSON of this API's media type."""
        media_type = self.media_type
        return json_response(body, status, content_type=media_type, headers=headers)


def json_response(
    value: object,
    status: int = 200,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Respond with a JSON body in UTF-8."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(body, status, headers, content_type=content_type)


def with_new_fields(body: object) -> object:
    """Return a JSON object with fields of no model, in the items of its lists, too."""
    if not isinstance(body, dict):
        return body
    found = {
        key: [{**x, **_NEW} if isinstance(x, dict) else x for x in value]
        if isinstance(value, list)
        else value
        for key, value in body.items()
    }
    return {**found, **_NEW}


def cut(response: Response, after_bytes: int) -> Response:
    """Keep the promised length of a response, but send only its first bytes."""
    promised = response.calculate_content_length()
    parts = response.iter_encoded()

    def body() -> Iterator[bytes]:
        left = after_bytes
        for part in parts:
            if len(part) >= left:
                yield part[:left]
                raise CutShortError("the fault rule cuts this answer here")
            left -= len(part)
            yield part

    shortened = Response(
        body(), response.status, response.headers, direct_passthrough=True
    )
    if promised is not None:
        shortened.headers["Content-Length"] = str(promised)
    return shortened
