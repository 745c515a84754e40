"""Data Kiosk 2023-11-15: create, show, list and cancel queries, document address."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.clock import format_seconds
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import denied, invalid, read_body
from amazon_emulator.selling_partner.data_kiosk.access import check_fields, check_role
from amazon_emulator.selling_partner.data_kiosk.lifecycle import (
    KioskQuery,
    document_of,
    status_of,
)
from amazon_emulator.selling_partner.data_kiosk.listing import QueryFilter
from amazon_emulator.selling_partner.data_kiosk.query_text import (
    INVALID,
    QueryText,
    read_query_text,
)
from amazon_emulator.selling_partner.queries import (
    page_token,
    read_marketplaces,
    read_page_token,
)
from amazon_emulator.selling_partner.reports.lifecycle import (
    CANCELLED,
    IN_QUEUE,
    STATUSES,
)

if TYPE_CHECKING:
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.data_kiosk.store import KioskStore
    from amazon_emulator.stored_files import UrlSigner

_QUERIES = "/dataKiosk/2023-11-15/queries"
_QUERY = f"{_QUERIES}/<path:query_id>"
_DOCUMENT = "/dataKiosk/2023-11-15/documents/<path:document_id>"
STORED = "/sp-kiosk-storage/{0}"
_NO_QUERY = "The provided queryId was not found."
_NO_DOCUMENT = "The provided documentId was not found."
_BODY_FIELDS = {"query", "paginationToken"}


class DataKioskService(SpService):
    """The five Data Kiosk calls of one emulator."""

    def __init__(
        self, authorization: Authorization, queries: KioskStore, signer: UrlSigner
    ) -> None:
        super().__init__(authorization)
        self._queries, self._signer = queries, signer

    def target(self, call: Call) -> Target:
        """Say which account, root field and days the call is about."""
        accounts = self._authorization.names(call)
        if call.operation == "create_query":
            return _body_target(accounts, call.body)
        grant = self._authorization.tokens.find(call.request)
        query = None
        if "document_id" in call.arguments:
            query = self._queries.of_document(call.arguments["document_id"])
        elif grant is not None and "query_id" in call.arguments:
            name = grant.partner.name
            query = self._queries.find(name, call.arguments["query_id"])
        return Target(accounts) if query is None else query_target(accounts, query)

    @route("POST", _QUERIES, "create_query")
    def create(self, call: Call, grant: Grant) -> Response:
        """Validate a query and begin it."""
        _refuse_parameters(call, grant)
        body = read_body(call)
        text, token = body.get("query"), body.get("paginationToken")
        if not isinstance(text, str) or set(body) - _BODY_FIELDS:
            raise invalid(INVALID, "The body must hold query, and may a token.")
        query = read_query_text(text)
        rule = call.fault("denied_fields")
        check_fields(grant.partner, query, [] if rule is None else rule.texts("fields"))
        read_marketplaces(query.marketplace_ids, grant.partner)
        start = 0 if token is None else _start(token, query)
        self._check_pending(query, grant)
        made = self._queries.create(grant.partner, query, start, body, call.faults)
        return self.respond({"queryId": made.public_id}, 202)

    @route("GET", _QUERIES, "get_queries")
    def listed(self, call: Call, grant: Grant) -> Response:
        """List the queries of an account page by page, newest first."""
        check_role(grant.partner)
        now = self._state.clock.now()
        asked = QueryFilter(call.request, now)
        found = [
            query
            for query in self._queries.of_account(grant.partner.name)
            if asked.fits(query, status_of(query, now))
        ]
        end = asked.offset + asked.page_size
        page = found[asked.offset : end]
        body: dict[str, object] = {"queries": [self._object(q, ()) for q in page]}
        if end < len(found):
            token = page_token({"query": asked.given, "offset": end})
            body["pagination"] = {"nextToken": token}
        return self.respond(body)

    @route("GET", _QUERY, "get_query")
    def show(self, call: Call, grant: Grant) -> Response:
        """Show a query as it is now."""
        query = self._own(call, grant)
        with self._state.lock:
            query.looks += 1
        return self.respond(self._object(query, call.faults))

    @route("DELETE", _QUERY, "cancel_query")
    def cancel(self, call: Call, grant: Grant) -> Response:
        """Cancel a query that is not over."""
        query = self._own(call, grant)
        with self._state.lock:
            status = status_of(query, self._state.clock.now())
            if status not in STATUSES[:2]:
                raise invalid("The query cannot be cancelled.", f"It is {status}.")
            query.is_cancelled, query.last_status = True, CANCELLED
        return Response(b"", 204)

    @route("GET", _DOCUMENT, "get_document")
    def document(self, call: Call, grant: Grant) -> Response:
        """Return a fresh URL of a document."""
        _refuse_parameters(call, grant)
        document_id = call.arguments["document_id"]
        query = self._queries.of_document(document_id)
        if query is None or self._queries.find(grant.partner.name, query.report_id) is (
            None
        ):
            raise RefusalError(404, _NO_DOCUMENT)
        status = status_of(query, self._state.clock.now())
        if query.account != grant.partner.name or document_of(query, status) is None:
            raise RefusalError(404, _NO_DOCUMENT)
        with self._state.lock:
            query.document_calls += 1
        life = self._state.settings.sp_document_url_lifetime_seconds
        url, _ = self._signer.sign(STORED.format(document_id), life)
        other = call.fault("other_url")
        url = url if other is None else other.text("url")
        return self.respond({"documentId": document_id, "documentUrl": url})

    def _own(self, call: Call, grant: Grant) -> KioskQuery:
        _refuse_parameters(call, grant)
        found = self._queries.find(grant.partner.name, call.arguments["query_id"])
        if found is None:
            raise RefusalError(404, _NO_QUERY)
        return found

    def _check_pending(self, query: QueryText, grant: Grant) -> None:
        """Refuse (429) what is under way already, and too much at once."""
        settings = self._state.settings
        pending = self._queries.pending(grant.partner.name)
        is_twin = any(each.query.minified == query.minified for each in pending)
        if settings.sp_kiosk_refuse_identical and is_twin:
            raise RefusalError(429, "")
        most = settings.sp_kiosk_concurrent
        if most and len(pending) >= most:
            raise RefusalError(429, "")

    def _object(self, query: KioskQuery, rules: Sequence[Rule]) -> dict[str, object]:
        status = status_of(query, self._state.clock.now(), rules)
        query.last_status = status
        shown: dict[str, object] = {
            "queryId": query.public_id,
            "query": query.query.text,
            "createdTime": format_seconds(query.created_at),
            "processingStatus": status,
        }
        if status != IN_QUEUE:
            half = timedelta(seconds=query.ready_after_seconds / 2)
            shown["processingStartTime"] = format_seconds(query.created_at + half)
        if status in STATUSES[2:]:
            shown["processingEndTime"] = format_seconds(query.ready_at)
        kind = document_of(query, status, rules)
        if kind is not None:
            shown[kind] = query.document_id
            if query.next_token is not None:
                shown["pagination"] = {"nextToken": query.next_token}
        if self._state.settings.sp_unknown_fields:
            shown["newField2027"] = {"note": "not in the model"}
        return shown


def query_target(accounts: frozenset[str], query: KioskQuery) -> Target:
    """Return what the rules may match about a query."""
    return _target(accounts | {query.account}, query.query)


def _body_target(accounts: frozenset[str], body: bytes) -> Target:
    try:
        return _target(accounts, read_query_text(json.loads(body)["query"]))
    except (ValueError, LookupError, TypeError, RefusalError):
        return Target(accounts)


def _target(accounts: frozenset[str], query: QueryText) -> Target:
    arguments: Mapping[str, object] = query.arguments
    values = [str(value) for value in arguments.values()]
    return Target(
        accounts | set(query.marketplace_ids),
        query.root,
        frozenset(values),
        str(arguments["startDate"]),
        str(arguments["endDate"]),
    )


def _refuse_parameters(call: Call, grant: Grant) -> None:
    """Refuse an account without the role, and any query parameter (403)."""
    check_role(grant.partner)
    if call.request.args:
        raise denied()


def _start(token: object, query: QueryText) -> int:
    """Return how much came on the pages before; a token of another query is refused."""
    try:
        kept = read_page_token(str(token))
        start, text = int(str(kept["start"])), kept["query"]
    except (ValueError, KeyError):
        raise invalid("The provided paginationToken is invalid.") from None
    if text != query.minified:
        raise invalid("The provided paginationToken belongs to another query.")
    return start
