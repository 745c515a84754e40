"""What comes before every Selling Partner call: token, user-agent, rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant
from amazon_emulator.selling_partner.refusals import (
    OVER_QUOTA,
    SpRefusalError,
    refusal_response,
)
from amazon_emulator.wire import Call, RefusalError, Route

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.core import Core
    from amazon_emulator.selling_partner.access import Grant, SpAccess
    from amazon_emulator.selling_partner.rates import Rates

Handler = Callable[[Call, "Grant"], "Response"]
_WITH_RATE = (400, 404)
_RATE = "x-amzn-RateLimit-Limit"


class Guard:
    """Wraps the handlers of all rooms; remembers what was refused."""

    def __init__(self, core: Core, access: SpAccess, rates: Rates) -> None:
        self.core, self.access, self.rates = core, access, rates
        self._refused: list[dict[str, object]] = []

    def route(self, method: str, path: str, operation: str, handler: Handler) -> Route:
        """Return a route whose handler is called with the account that calls."""

        def guarded(call: Call) -> Response:
            name = None
            try:
                grant = self.access.check(call.request)
                name = grant.partner.name
                if not self.rates.take(operation, name):
                    raise SpRefusalError(429, OVER_QUOTA)
                response = handler(call, grant)
            except RefusalError as refusal:
                self._remember(call, name, refusal)
                if refusal.status in _WITH_RATE:
                    refusal.headers.update(self._header(operation))
                raise
            response.headers.extend(self._header(operation))
            return response

        return Route(method, path, operation, guarded)

    def account(self, call: Call) -> frozenset[str]:
        """Return the names a fault rule may call the account of this call by."""
        grant = self.access.find(call.request)
        if grant is None:
            return frozenset()
        return frozenset((grant.partner.name, grant.partner.partner_id))

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as all these APIs do."""
        return refusal_response(refusal)

    def refusals(self) -> list[dict[str, object]]:
        """Return what was refused so far, oldest first; not what fault rules did."""
        with self.core.lock:
            return list(self._refused)

    def reset(self) -> None:
        """Forget tokens, rates and what was refused."""
        with self.core.lock:
            self._refused.clear()
        self.access.revoke_all()
        self.rates.reset()

    def _header(self, operation: str) -> dict[str, str]:
        if not self.core.settings.sp_rate_header:
            return {}
        return {_RATE: f"{self.rates.rate(operation):.4f}"}

    def _remember(self, call: Call, name: str | None, refusal: RefusalError) -> None:
        details = refusal.details if isinstance(refusal, SpRefusalError) else ""
        entry: dict[str, object] = {
            "operation": call.operation,
            "account": name,
            "status": refusal.status,
            "message": refusal.message,
            "details": details,
            "path": call.request.path,
            "query": call.request.args.to_dict(),
            "body": call.body.decode(errors="replace"),
            "at": format_instant(self.core.clock.now()),
        }
        with self.core.lock:
            self._refused.append(entry)
