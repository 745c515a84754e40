"""Faults of listings: the same page for ever under new tokens, payloads of nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from werkzeug.datastructures import ImmutableMultiDict

from amazon_emulator.http import json_response
from amazon_emulator.selling_partner.queries import page_token, read_page_token

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.http import Call

_PAYLOAD = ("NextToken", "payload.NextToken")
_VENDOR = ("nextToken", "payload.pagination.nextToken")
_PAGE = ("pageToken", "pagination.nextToken")
TOKENS: Mapping[str, tuple[str, str]] = {
    "get_orders": _PAYLOAD,
    "get_order_items": _PAYLOAD,
    "search_orders": ("paginationToken", "pagination.nextToken"),
    "get_reports": ("nextToken", "nextToken"),
    "list_financial_event_groups": _PAYLOAD,
    "list_financial_events": _PAYLOAD,
    "list_financial_events_by_group_id": _PAYLOAD,
    "list_financial_events_by_order_id": _PAYLOAD,
    "get_shipments": _PAYLOAD,
    "get_shipment_items": _PAYLOAD,
    "get_purchase_orders": _VENDOR,
    "get_purchase_orders_status": _VENDOR,
    "get_inventory_summaries": ("nextToken", "pagination.nextToken"),
    "search_listings_items": _PAGE,
    "search_catalog_items": _PAGE,
    "unlisted": _PAYLOAD,
    "list_transactions": ("nextToken", "payload.nextToken"),
    "get_queries": ("paginationToken", "pagination.nextToken"),
}
"""Operation -> the parameter of a page token, and where the next one is."""


def spoilt(call: Call, respond: Callable[[], Response]) -> Response:
    """Respond to a call as its faults say, if there are any about its payload."""
    if call.fault("endless") is not None:
        return _first_page_again(call, respond)
    response = respond()
    if call.fault("empty_payload") is None:
        return response
    body = response.get_json()
    is_wrapped = isinstance(body, dict) and "payload" in body
    return json_response({"payload": {}} if is_wrapped else {})


def _first_page_again(call: Call, respond: Callable[[], Response]) -> Response:
    parameter, path = TOKENS[call.operation]
    query, number = call.request.args.to_dict(), 0
    token = query.pop(parameter, "")
    try:
        found = read_page_token(token)
        query, number = found["first"], int(str(found["number"]))  # type: ignore[assignment] # our own
    except (ValueError, KeyError, TypeError):
        pass  # page 1, or a token from before the rule
    request = call.request
    request.args = ImmutableMultiDict(query)
    response = respond()
    body = response.get_json()
    if isinstance(body, dict):
        put(body, path, page_token({"first": query, "number": number + 1}))
    return json_response(body)


def put(body: dict[str, object], path: str, value: object) -> None:
    """Put a value into nested objects, at a path with dots."""
    *outer, last = path.split(".")
    for name in outer:
        inner = body.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        body = inner
    body[last] = value
