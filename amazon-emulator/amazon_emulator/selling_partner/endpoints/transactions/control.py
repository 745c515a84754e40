"""The control call that shows the transactions of an account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import parse_instant
from amazon_emulator.control import ControlError
from amazon_emulator.http import Json, Routed, route

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import SellingPartners
    from amazon_emulator.selling_partner.endpoints.transactions.routes import (
        TransactionsService,
    )
    from amazon_emulator.state import EmulatorState


class TransactionsControl(Routed):
    """Shows what was posted, as it stands now."""

    def __init__(
        self,
        state: EmulatorState,
        accounts: SellingPartners,
        service: TransactionsService,
    ) -> None:
        self._state, self._accounts, self._service = state, accounts, service

    @route("POST", "/sp/accounts/<name>/transactions")
    def _posted(self, body: Json, name: str) -> object:
        partner = self._accounts.partner(name)
        if partner is None:
            message = f"There is no account {name}."
            raise ControlError(message)
        now = self._state.clock.now()
        after, before = body.get("posted_after"), body.get("posted_before")
        start = parse_instant(str(after)) if after else now - timedelta(days=180)
        end = parse_instant(str(before)) if before else now
        return self._service.truth(partner, start, end)
