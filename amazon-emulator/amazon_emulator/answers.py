"""The answers that fault rules give in place of a room's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.selling_partner.refusals import denied
from amazon_emulator.wire import Call, RefusalError, ResetError, json_response

if TYPE_CHECKING:
    from amazon_emulator.faults import Rule
    from amazon_emulator.wire import Room

_WRITES = (
    "create",
    "add_connection",
    "create_audience",
    "update_audience",
    "records",
    "create_report",
)
"""What an `accepted` throttle carries out although it answers 429."""
_PAGE = (
    "<!DOCTYPE html><html><head><title>{code} {phrase}</title></head>"
    "<body><h1>{code} {phrase}</h1><p>Désolé, too many ducks 🦆</p></body></html>"
)


def fault_answer(room: Room, call: Call, rule: Rule, now: datetime) -> Response | None:
    """Return the answer of a rule, or None when the room has to take part in it."""
    if rule.action == "reset":
        raise ResetError("the fault rule resets this connection")
    if rule.action == "unauthorized":
        return room.refuse(RefusalError(401, rule.text("message")))
    if rule.action == "denied":
        return room.refuse(denied(rule.text("details")))
    if rule.action == "throttle":
        is_taken = rule.parameters["accepted"] and call.operation in _WRITES
        return None if is_taken else room.refuse(throttled(rule, now))
    if rule.action == "html":
        code = int(rule.number("code"))
        page = _PAGE.format(code=code, phrase=_phrase(code))
        return Response(page, code, content_type="text/html; charset=utf-8")
    return _status(room, rule) if rule.action == "status" else None


def throttled(rule: Rule, now: datetime) -> RefusalError:
    """Return the 429 of a rule, with Retry-After as it says."""
    headers = {}
    if rule.parameters["retry_after"] is not None:
        seconds = rule.number("retry_after")
        until = now + timedelta(seconds=seconds)
        as_date = f"{until:%a, %d %b %Y %H:%M:%S} GMT"
        headers["Retry-After"] = (
            as_date if rule.parameters["as_date"] else f"{seconds:g}"
        )
    return RefusalError(429, "Too Many Requests", headers=headers)


def _status(room: Room, rule: Rule) -> Response:
    code, body = int(rule.number("code")), rule.parameters["body"]
    given = rule.parameters["headers"]
    headers = (
        {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    )
    if body is None:
        return room.refuse(RefusalError(code, _phrase(code), headers=headers))
    if isinstance(body, str):
        return Response(body, code, headers, content_type="text/plain; charset=utf-8")
    return json_response(body, code, headers=headers)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Unknown"
