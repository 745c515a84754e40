"""What comes before every Selling Partner call: token, user-agent, rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, Route, Service
from amazon_emulator.selling_partner.access.list_faults import spoilt
from amazon_emulator.selling_partner.access.refusals import error_body

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.rate_limits import RateLimiter
    from amazon_emulator.selling_partner.access.tokens import Grant, SpTokens
    from amazon_emulator.state import EmulatorState

_WITH_RATE = (400, 404)
_MARKETPLACES = ("MarketplaceIds", "marketplaceIds", "MarketplaceId")
_RATE = "x-amzn-RateLimit-Limit"


class Authorization:
    """Lets calls pass or not, for all services; remembers what was refused."""

    def __init__(
        self, state: EmulatorState, tokens: SpTokens, rate_limiter: RateLimiter
    ) -> None:
        self.state, self.tokens, self.rate_limiter = state, tokens, rate_limiter
        self._refused: list[dict[str, object]] = []

    def names(self, call: Call) -> frozenset[str]:
        """Return the names a fault rule may call the account of this call by."""
        grant = self.tokens.find(call.request)
        if grant is None:
            return frozenset()
        return frozenset((grant.partner.name, grant.partner.partner_id))

    def rate_header(self, operation: str) -> dict[str, str]:
        """Return the header with the rate, unless it is switched off."""
        if not self.state.settings.sp_rate_header:
            return {}
        return {_RATE: f"{self.rate_limiter.rate(operation):.4f}"}

    def remember(self, call: Call, grant: Grant | None, refusal: RefusalError) -> None:
        """Keep what was refused, and let some refusals name the rate."""
        if refusal.status in _WITH_RATE:
            refusal.headers.update(self.rate_header(call.operation))
        entry: dict[str, object] = {
            "operation": call.operation,
            "account": None if grant is None else grant.partner.name,
            "status": refusal.status,
            "message": refusal.message,
            "details": refusal.details,
            "path": call.request.path,
            "query": call.request.args.to_dict(),
            "body": call.body.decode(errors="replace"),
            "at": format_instant(self.state.clock.now()),
        }
        with self.state.lock:
            self._refused.append(entry)

    def refusals(self) -> list[dict[str, object]]:
        """Return what was refused so far, oldest first; not what fault rules did."""
        with self.state.lock:
            return list(self._refused)

    def reset(self) -> None:
        """Forget tokens, rates and what was refused."""
        with self.state.lock:
            self._refused.clear()
        self.tokens.revoke_all()
        self.rate_limiter.reset()


class SpService(Service):
    """A service whose handlers are called with the grant of the account that calls."""

    def __init__(self, authorization: Authorization) -> None:
        self._authorization, self._state = authorization, authorization.state

    def target(self, call: Call) -> Target:
        """Say which account, marketplaces, order and days the call is about."""
        query = call.request.args
        names = set(call.arguments.values())
        for name in _MARKETPLACES:
            names.update(query.get(name, "").split(","))
        after, before = (_day(query, end) for end in ("After", "Before"))
        accounts = self._authorization.names(call) | (names - {""})
        return Target(accounts, start_date=after, end_date=before)

    def respond_to(self, route: Route, call: Call) -> Response:
        """Check token and rate, and carry the call out."""
        authorization, grant = self._authorization, None
        try:
            grant = authorization.tokens.check(call.request)
            authorization.rate_limiter.check(call.operation, grant.partner.name)
            granted = grant
            response = spoilt(call, lambda: route.handler(self, call, granted))
        except RefusalError as refusal:
            authorization.remember(call, grant, refusal)
            raise
        response.headers.extend(authorization.rate_header(call.operation))
        return response

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of all these APIs."""
        return error_body(refusal)


def _day(query: Mapping[str, str], ending: str) -> str | None:
    """Return the day of the first time bound with this ending."""
    return next((text[:10] for k, text in query.items() if k.endswith(ending)), None)
