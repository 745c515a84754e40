"""The calls of exports: create, status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amazon_emulator.ads_accounts.scope import SCOPE, find_account, named_account
from amazon_emulator.ads_entities.contract import KINDS, Kind, read_request
from amazon_emulator.ads_entities.exports import COMPLETED, FAILED, Export, status_of
from amazon_emulator.ads_entities.world import profile_market
from amazon_emulator.clock import format_instant
from amazon_emulator.faults.rules import Target, first_rule
from amazon_emulator.http import Call, RefusalError, json_response, route
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.ads_accounts.scope import Account
    from amazon_emulator.ads_entities.exports import ExportStore
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner

_STORED = "/export-storage/{0}/export.json.gz"
_TIMED_OUT = "TIMED_OUT"
_HAVE_EXPORTS = ("seller", "vendor")


class ExportsService(SignedInService):
    """Creates and shows exports."""

    def __init__(
        self,
        state: EmulatorState,
        accounts: AdsAccounts,
        tokens: TokenStore,
        exports: ExportStore,
        signer: UrlSigner,
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts
        self._exports, self._signer = exports, signer

    def target(self, call: Call) -> Target:
        """Say which profile and kind of entity the call is about."""
        account = named_account(call.request.headers)
        return export_target(account, self._kind_of(call))

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of exports; only failed ones have code words."""
        return {"message": refusal.message}

    @route("POST", "/campaigns/export", "create_export")
    @route("POST", "/adGroups/export", "create_export")
    @route("POST", "/targets/export", "create_export")
    @route("POST", "/ads/export", "create_export")
    def create(self, call: Call) -> Response:
        """Begin an export."""
        account, kind = self._account(call), KINDS[_path_kind(call)]
        _check_type(call, kind, is_create=True)
        try:
            body = json.loads(call.body)
        except ValueError:
            body = None
        request = read_request(kind, body)
        market = profile_market(self._state.settings, account)
        export = self._exports.create(
            account.account_id, market, request, body, call.faults
        )
        return self._respond(export, "PROCESSING", call, status_code=202)

    @route("GET", "/exports/<path:export_id>", "export")
    def status(self, call: Call) -> Response:
        """Show an export as it is now, with an address if it is complete."""
        account = self._account(call)
        export = self._exports.find(call.arguments["export_id"])
        if export is None or export.account != account.account_id:
            raise RefusalError(404, "Export not found")
        _check_type(call, export.request.kind, is_create=False)
        with self._state.lock:
            export.looks += 1
            now = self._state.clock.now()
            export.last_status = status_of(export, now, call.faults)
        return self._respond(export, export.last_status, call)

    def _account(self, call: Call) -> Account:
        if not call.request.headers.get(SCOPE):
            raise RefusalError(401, "Scope header is missing")
        region = self._state.settings.region
        account = find_account(self._accounts, region, call.request.headers)
        if account.kind not in _HAVE_EXPORTS:
            raise RefusalError(401, "Not authorized to access scope")
        return account

    def _kind_of(self, call: Call) -> str | None:
        if call.operation == "create_export":
            return _path_kind(call)
        export = self._exports.any(call.arguments["export_id"])
        return None if export is None else export.request.kind.name

    def _respond(
        self, export: Export, status: str, call: Call, *, status_code: int = 200
    ) -> Response:
        shown: dict[str, object] = {
            "exportId": export.report_id,
            "status": status,
            "createdAt": format_instant(export.created_at),
        }
        rules = (*call.faults, *export.rules)
        if status == FAILED:
            failed = first_rule(rules, "failed")
            reason = _TIMED_OUT if failed is None else failed.text("reason")
            code = reason if reason == _TIMED_OUT else "INTERNAL_ERROR"
            shown["error"] = {"errorCode": code, "message": reason}
        if status == COMPLETED:
            shown["generatedAt"] = format_instant(export.ready_at)
            if first_rule(rules, "no_url") is None:
                shown |= self._address(export, call)
        media_type = export.request.kind.media_type
        return json_response(shown, status_code, content_type=media_type)

    def _address(self, export: Export, call: Call) -> dict[str, object]:
        life = self._state.settings.url_lifetime_seconds
        url, expires = self._signer.sign(_STORED.format(export.report_id), life)
        other = call.fault("other_url")
        return {
            "fileSize": export.document.size,
            "url": url if other is None else other.text("url"),
            "urlExpiresAt": format_instant(expires),
        }


def export_target(account: str | None, kind: str | None) -> Target:
    """Return what the rules may match: the profile, the entity as report type."""
    return Target(frozenset(filter(None, [account])), kind)


def _path_kind(call: Call) -> str:
    return call.request.path.split("/")[1]


def _check_type(call: Call, kind: Kind, *, is_create: bool) -> None:
    """Refuse (406) what does not name the entity's own media type."""
    accepted = call.request.headers.get("Accept", "")
    is_sent = not is_create or call.request.mimetype == kind.media_type.lower()
    if accepted != kind.media_type or not is_sent:
        text = f"Not acceptable: this export is {kind.media_type}"
        raise RefusalError(406, text)
