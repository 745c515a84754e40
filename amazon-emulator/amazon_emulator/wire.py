"""What all rooms share on the wire: calls, refusals, JSON answers, cut connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from werkzeug import Response

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.faults import Rule, Target


class RefusalError(Exception):
    """A call that the emulated API turns down; each room words it in its own body."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class ResetError(ConnectionError):
    """Ends the connection with a TCP reset instead of an answer."""


class CutShortError(ConnectionError):
    """Ends the connection in the middle of a body whose length was promised."""


@dataclass(slots=True)
class Call:
    """One request on its way through a room."""

    request: Request
    operation: str
    arguments: Mapping[str, str]
    body: bytes = b""
    faults: Sequence[Rule] = field(default_factory=tuple)

    def fault(self, action: str) -> Rule | None:
        """Return the rule with this action that applies to this very call."""
        return next((rule for rule in self.faults if rule.action == action), None)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a room: where it is and who answers it."""

    method: str
    path: str
    operation: str
    handler: Callable[[Call], Response]


class Room(Protocol):
    """One emulated API; the application is a list of rooms."""

    @property
    def routes(self) -> Sequence[Route]:
        """Operations of this API."""
        ...

    def target(self, call: Call) -> Target:
        """Say what the fault rules may match about this call."""
        ...

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal in this API's own error body."""
        ...

    def reset(self) -> None:
        """Forget everything this room has stored."""
        ...


def json_response(
    value: object,
    status: int = 200,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a JSON body in UTF-8."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(body, status, headers, content_type=content_type)


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
