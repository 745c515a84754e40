"""The emulator's own calls under `/_emulator/`: everything a test may set or ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from werkzeug import Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.http import Json, Routed, json_response, route

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.state import EmulatorState

OK: Json = {"ok": True}
_WITH_BODY = ("POST", "PUT")


class ControlError(ValueError):
    """A control call that asks for something impossible; answered with 400."""


class Control(Routed):
    """Answers the control calls of one emulator: its own, and those of its parts.

    A handler gets the parts of the path, and before them the body if there can be one.
    """

    def __init__(
        self,
        state: EmulatorState,
        parts: Sequence[Routed],
        *,
        origin: Callable[[], str],
        reset: Callable[[], None],
        expire_tokens: Callable[[], None],
        statistics: Sequence[Callable[[], Json]],
    ) -> None:
        self._state = state
        self._origin, self._reset_all = origin, reset
        self._expire_all, self._sources = expire_tokens, statistics
        self._map = Map(
            [
                Rule(
                    f"/_emulator{found.path}",
                    methods=[found.method],
                    endpoint=(part, found),
                )
                for part in (self, *parts)
                for found in part.routes
            ]
        )

    def __call__(self, request: Request) -> Response:
        """Answer one control call; what cannot be is a 400 with a sentence."""
        urls = self._map.bind_to_environ(request.environ)
        try:
            (part, found), arguments = urls.match()
        except HTTPException as error:
            text = f"{error.name}: {request.method} {request.path}."
            body = {"error": text, "calls": self._paths()}
            return json_response(body, error.code or 404)
        try:
            bodies = [_body(request)] if found.method in _WITH_BODY else []
            response = found.handler(part, *bodies, **arguments)
        except (ValueError, KeyError, TypeError) as error:
            return json_response({"error": _sentence(error)}, 400)
        return response if isinstance(response, Response) else json_response(response)

    def _paths(self) -> list[str]:
        return sorted({rule.rule for rule in self._map.iter_rules()})

    @route("GET", "")
    def _index(self) -> Json:
        origin, calls = self._origin(), self._paths()
        return {"download_url": origin, "calls": calls, **self._clock()}

    @route("POST", "/reset")
    def _reset(self, _: Json) -> Json:
        self._reset_all()
        return OK

    @route("GET", "/settings")
    def _settings(self) -> Json:
        return self._state.settings.as_json()

    @route("POST", "/settings")
    @route("POST", "/seed")
    def _change_settings(self, body: Json) -> Json:
        return self._state.change(dict(body)).as_json()

    @route("GET", "/clock")
    def _clock(self) -> Json:
        clock = self._state.clock
        return {"now": format_instant(clock.now()), "frozen": clock.is_frozen}

    @route("PUT", "/clock")
    def _set_clock(self, body: Json) -> Json:
        now = parse_instant(str(body["now"]))
        self._state.clock.set(now, frozen=bool(body.get("frozen", False)))
        return self._clock()

    @route("DELETE", "/clock")
    def _real_clock(self) -> Json:
        self._state.clock.follow_real_time()
        return self._clock()

    @route("POST", "/clock/advance")
    def _advance_clock(self, body: Json) -> Json:
        seconds = body["seconds"]
        if not isinstance(seconds, int | float):
            raise ControlError("seconds must be a number.")
        self._state.clock.advance(seconds)
        return self._clock()

    @route("GET", "/faults")
    def _faults(self) -> object:
        return self._state.faults.as_json()

    @route("POST", "/faults")
    def _add_fault(self, body: Json) -> Json:
        return self._state.faults.add(body).as_json()

    @route("DELETE", "/faults")
    def _clear_faults(self) -> Json:
        self._state.faults.clear()
        return OK

    @route("DELETE", "/faults/<int:rule_id>")
    def _remove_fault(self, rule_id: int) -> Response:
        return removed(self._state.faults.remove(rule_id))

    @route("POST", "/tokens/expire")
    def _expire_tokens(self, _: Json) -> Json:
        self._expire_all()
        return OK

    @route("GET", "/statistics")
    def _statistics(self) -> Json:
        found = dict(self._state.counters.as_json())
        for source in self._sources:
            found |= source()
        return found | {"faults": self._state.faults.as_json()}

    @route("DELETE", "/statistics")
    def _clear_statistics(self) -> Json:
        self._state.counters.clear()
        return OK


def removed(is_found: bool) -> Response:  # noqa: FBT001 - the response itself
    """Say whether there was what should be removed; 404 if not."""
    return json_response({"ok": is_found}, 200 if is_found else 404)


def _body(request: Request) -> Json:
    text = request.get_data()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return body


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"The body lacks {error}."
    return str(error) or type(error).__name__
