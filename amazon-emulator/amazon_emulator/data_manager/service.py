"""What all calls of Ads Data Manager have in common, checked in this order.

Token (401), one account header (400), account and role (403), terms, data room.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from werkzeug import Response

from amazon_emulator.audiences.parsing import check_media, read_object
from amazon_emulator.data_manager.contract import (
    ADVERTISER_HEADER,
    JSON,
    MANAGER_HEADER,
    REQUEST_ID,
    ROLES,
    WITHOUT_DATAROOM,
    WITHOUT_TERMS,
)
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import (
    Call,
    RefusalError,
    Route,
    json_response,
    with_new_fields,
)
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import Headers

    from amazon_emulator.data_manager.accounts import AdmAccount, AdmAccounts
    from amazon_emulator.data_manager.counters import AdmCounters
    from amazon_emulator.data_manager.datasets.store import Dataset, DatasetStore
    from amazon_emulator.data_manager.pages import Pages
    from amazon_emulator.data_manager.sharing_rules.store import RuleStore
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState

_ONE_HEADER = f"Exactly one of {MANAGER_HEADER} and {ADVERTISER_HEADER} must be given"


@dataclass(frozen=True, slots=True)
class Shared:
    """What all services of this part are made with."""

    state: EmulatorState
    tokens: TokenStore
    accounts: AdmAccounts
    counters: AdmCounters
    pages: Pages
    datasets: DatasetStore
    rules: RuleStore


class DataManagerService(SignedInService):
    """Admits calls; handlers get the call and the account it is made for."""

    error_type: ClassVar[str] = JSON

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared.tokens)
        self._state, self._accounts = shared.state, shared.accounts
        self._counters, self._pages = shared.counters, shared.pages
        self._datasets, self._rules = shared.datasets, shared.rules

    def target(self, call: Call) -> Target:
        """A rule may name the account, and the dataset or rule of the path."""
        return Target(frozenset(self.names(call)), body=call.body)

    def names(self, call: Call) -> set[str]:
        """Return what a call names."""
        headers = call.request.headers
        named = {headers.get(MANAGER_HEADER), headers.get(ADVERTISER_HEADER)}
        return {*filter(None, named), *call.arguments.values()}

    def respond_to(self, route: Route, call: Call) -> Response:
        """Carry a call out; remember one that is turned down."""
        self._tokens.check(call.request)
        try:
            account = self._admit(call)
            response: Response = route.handler(self, call, account)
        except RefusalError as refusal:
            names = sorted(name for name in self.names(call) if "@" not in name)
            self._counters.refuse(
                {
                    "operation": call.operation,
                    "names": names,
                    "status": refusal.status,
                    "answer": refusal.message,
                }
            )
            raise
        return response

    def read(self, call: Call, *, optional: bool = False) -> dict[str, object]:
        """Return the body of a call, or refuse it (400, 406, 415)."""
        if optional and not call.body:
            check_media(call, self.media_type, has_body=False)
            return {}
        check_media(call, self.media_type, has_body=True)
        return read_object(call.body)

    def find_dataset(self, call: Call, account: AdmAccount) -> Dataset:
        """Return the dataset that the path of a call names, or refuse (404)."""
        name = call.arguments["dataset_id"]
        dataset = self._datasets.find(account.account_id, name)
        if dataset is None:
            raise RefusalError(404, "The dataset does not exist")
        return dataset

    def error_body(self, refusal: RefusalError) -> object:
        """Return `code`, `message` and `details`."""
        message = refusal.message
        return {"code": str(refusal.status), "message": message, "details": message}

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal; its media type may be another one."""
        body, headers = self.error_body(refusal), refusal.headers
        return self._json(body, refusal.status, self.error_type, headers)

    def respond(
        self,
        body: object,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Respond with JSON; a setting adds fields that are in no model."""
        return self._json(body, status, self.media_type, headers or {})

    def empty(self, status: int = 204) -> Response:
        """Respond without a body."""
        return Response(status=status, headers={REQUEST_ID: str(uuid.uuid4())})

    def _json(
        self, body: object, status: int, kind: str, headers: Mapping[str, str]
    ) -> Response:
        if self._state.settings.adm_unknown_fields:
            body = with_new_fields(body)
        more = {REQUEST_ID: str(uuid.uuid4()), **headers}
        return json_response(body, status, content_type=kind, headers=more)

    def _admit(self, call: Call) -> AdmAccount:
        account = self._account(call.request.headers)
        needed = ROLES[call.operation]
        roles = needed.manager if account.is_manager else needed.advertiser
        if account.roles.isdisjoint(roles):
            message = f"The user needs one of these permissions: {', '.join(roles)}"
            raise RefusalError(403, message)
        settings = self._state.settings
        if call.operation not in WITHOUT_TERMS and not account.terms_accepted:
            code = int(settings.adm_terms_refusal)
            message = "The terms of Ads Data Manager have not been accepted"
            raise RefusalError(code, message)
        is_missing = account.dataroom_created_at is None
        if call.operation not in WITHOUT_DATAROOM and is_missing:
            code = int(settings.adm_dataroom_refusal)
            raise RefusalError(code, "The account has no data room")
        return account

    def _account(self, headers: Headers) -> AdmAccount:
        manager, advertiser = (
            headers.get(MANAGER_HEADER),
            headers.get(ADVERTISER_HEADER),
        )
        if bool(manager) is bool(advertiser):
            raise RefusalError(400, _ONE_HEADER)
        name = manager or advertiser or ""
        account = self._accounts.find(name, is_manager=bool(manager))
        if account is None:
            raise RefusalError(403, "The user has no access to this account")
        if account.is_single_global:
            raise RefusalError(403, "Single Global Accounts are not supported")
        return account
