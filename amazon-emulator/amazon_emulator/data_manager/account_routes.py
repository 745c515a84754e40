"""The terms of an account, and its data room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.audiences.parsing import check_media, with_keys
from amazon_emulator.clock import format_instant
from amazon_emulator.data_manager.contract import AWS_REGIONS
from amazon_emulator.data_manager.counters import TERMS_ACCEPTED
from amazon_emulator.data_manager.service import DataManagerService
from amazon_emulator.http import Call, RefusalError, route

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug import Response

    from amazon_emulator.data_manager.accounts import AdmAccount

_AGREEMENT = "Terms of the emulator's Ads Data Manager: no ducks may come to harm."


class TermsAndDataroomService(DataManagerService):
    """`/adm/terms` and `/adm/datarooms`."""

    @route("GET", "/adm/terms", "adm_terms")
    def terms(self, call: Call, account: AdmAccount) -> Response:
        """Show the agreement and whether the account has accepted it."""
        check_media(call, self.media_type, has_body=False)
        return self.respond(
            {
                "agreementContent": _AGREEMENT,
                "agreementToken": self._accounts.agreement_token(account),
                "hasAccepted": account.terms_accepted,
            }
        )

    @route("PATCH", "/adm/terms", "adm_accept_terms")
    def accept(self, call: Call, account: AdmAccount) -> Response:
        """Accept the agreement with this token; an alarm unless a test expects it."""
        if not self._state.settings.adm_may_accept_terms:
            self._counters.alarm(TERMS_ACCEPTED)
        names = ("agreementToken", "hasAccepted")
        body = with_keys("The request body", self.read(call), names, names)
        if not isinstance(body["hasAccepted"], bool):
            raise RefusalError(400, "hasAccepted must be a boolean")
        if body["agreementToken"] != self._accounts.agreement_token(account):
            raise RefusalError(400, "agreementToken is not that of these terms")
        account.terms_accepted = body["hasAccepted"]
        return self.empty()

    @route("POST", "/adm/datarooms", "adm_create_dataroom")
    def create(self, call: Call, account: AdmAccount) -> Response:
        """Create the data room; one that is there is shown the same way."""
        if call.body and self.read(call):
            raise RefusalError(400, "The request has no body")
        check_media(call, self.media_type, has_body=False)
        created = self._accounts.create_dataroom(account)
        return self.respond(self._shown(account, created), 201)

    @route("GET", "/adm/datarooms", "adm_dataroom")
    def show(self, call: Call, account: AdmAccount) -> Response:
        """Show the data room."""
        check_media(call, self.media_type, has_body=False)
        if account.dataroom_created_at is None:
            raise RefusalError(404, "The account has no data room")
        return self.respond(self._shown(account, account.dataroom_created_at))

    def _shown(self, account: AdmAccount, created_at: datetime) -> dict[str, object]:
        return {
            "accountId": account.account_id,
            "assignedToAccountId": account.account_id,
            "creationDateTime": format_instant(created_at),
            "region": AWS_REGIONS[self._state.settings.region],
        }
