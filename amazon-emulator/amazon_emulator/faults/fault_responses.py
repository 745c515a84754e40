"""The responses that fault rules give instead of a service's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.http import (
    Call,
    RefusalError,
    ResetError,
    Service,
    json_response,
)
from amazon_emulator.selling_partner.access.refusals import denied

if TYPE_CHECKING:
    from amazon_emulator.faults.rules import Rule

_WRITES = (
    "create",
    "create_export",
    "create_unified_report",
    "add_connection",
    "create_audience",
    "update_audience",
    "records",
    "adm_accept_terms",
    "adm_create_dataroom",
    "adm_create_dataset",
    "adm_members",
    "adm_create_rule",
    "create_report",
    "create_query",
)
"""What an `accepted` throttle carries out although it answers 429."""
_PAGE = (
    "<!DOCTYPE html><html><head><title>{code} {phrase}</title></head>"
    "<body><h1>{code} {phrase}</h1><p>Désolé, too many ducks 🦆</p></body></html>"
)


def fault_response(
    service: Service, call: Call, rule: Rule, now: datetime
) -> Response | None:
    """Return the response of a rule; None: the service has to take part in it."""
    if rule.action == "reset":
        raise ResetError("the fault rule resets this connection")
    refusal = _refusal(call, rule, now)
    if refusal is not None:
        return service.refuse(refusal)
    if rule.action == "redirect":
        headers = {"Location": rule.text("to")}
        return Response(b"", int(rule.number("code")), headers)
    if rule.action == "html":
        code = int(rule.number("code"))
        page = _PAGE.format(code=code, phrase=_phrase(code))
        return Response(page, code, content_type="text/html; charset=utf-8")
    return _status(service, rule) if rule.action == "status" else None


def _refusal(call: Call, rule: Rule, now: datetime) -> RefusalError | None:
    """Return the refusal that a rule is, if it is one for this call."""
    if rule.action == "unauthorized":
        return RefusalError(401, rule.text("message"))
    if rule.action == "denied":
        return denied(rule.text("details"))
    if rule.action == "once_each":
        is_new = rule.meets(call.request.full_path.encode() + call.body)
        code, message = int(rule.number("code")), rule.text("message")
        return RefusalError(code, message) if is_new else None
    if rule.action == "throttle":
        is_taken = rule.parameters["accepted"] and call.operation in _WRITES
        return None if is_taken else throttled(rule, now)
    return None


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


def _status(service: Service, rule: Rule) -> Response:
    code, body = int(rule.number("code")), rule.parameters["body"]
    given = rule.parameters["headers"]
    headers = (
        {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    )
    if body is None:
        return service.refuse(RefusalError(code, _phrase(code), headers=headers))
    if isinstance(body, str):
        return Response(body, code, headers, content_type="text/plain; charset=utf-8")
    return json_response(body, code, headers=headers)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Unknown"
