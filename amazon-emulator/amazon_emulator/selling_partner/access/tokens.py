"""Access tokens of selling partners, and restricted data tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.state import EmulatorState, seeded_token

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug import Request

    from amazon_emulator.selling_partner.accounts import Partner, SellingPartners

TOKEN_HEADER = "x-amz-access-token"  # noqa: S105 - a header name
MAX_AGENT_CHARACTERS = 500
RESTRICTED_LIFETIME_SECONDS = 3600
_MISSING = "Access token is missing in the request header."
_INVALID = "The access token you provided is revoked, malformed or invalid."


@dataclass(frozen=True, slots=True)
class Resource:
    """One call that a restricted data token allows."""

    method: str
    path: str
    elements: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grant:
    """What one access token stands for."""

    partner: Partner
    expiry: datetime
    resources: Sequence[Resource] = field(default_factory=tuple)
    """Calls of a restricted token; empty for a plain one."""

    @property
    def is_restricted(self) -> bool:
        """Whether this is a restricted data token."""
        return bool(self.resources)

    def elements(self, method: str, path: str) -> frozenset[str] | None:
        """Return the personal data this token opens on a call; None: not its call."""
        for resource in self.resources:
            if resource.method == method and _fits(resource.path, path):
                return resource.elements
        return None


class SpTokens:
    """The tokens of one emulator: from refresh token to account."""

    def __init__(self, state: EmulatorState, accounts: SellingPartners) -> None:
        self._state, self.accounts = state, accounts
        self._grants: dict[str, Grant] = {}
        self._grantless: dict[str, tuple[str, datetime]] = {}
        self._issued = 0

    def issue(self, partner: Partner) -> str:
        """Return a new access token of an account."""
        life = self._state.settings.token_lifetime_seconds
        return self._add("Atza", partner, life, ())

    def issue_restricted(self, partner: Partner, resources: Sequence[Resource]) -> str:
        """Return a token for these calls only."""
        return self._add("Atz.sprdt", partner, RESTRICTED_LIFETIME_SECONDS, resources)

    def issue_grantless(self, scope: str) -> str:
        """Return a token of the application, for the calls of one scope."""
        state = self._state
        with state.lock:
            self._issued += 1
            token = seeded_token("Atc", f"{state.settings.seed}|{scope}|{self._issued}")
            life = timedelta(seconds=state.settings.token_lifetime_seconds)
            self._grantless[token] = (scope, state.clock.now() + life)
            return token

    def revoke_all(self) -> None:
        """Make every access token invalid at once."""
        with self._state.lock:
            self._grants.clear()
            self._grantless.clear()

    def check_grantless(self, request: Request, scope: str) -> None:
        """Refuse a call without a living token of the application (403)."""
        check_agent(request)
        token = request.headers.get(TOKEN_HEADER, "")
        if not token:
            raise denied(_MISSING)
        if token in self._grants:
            raise denied()
        found = self._grantless.get(token)
        if found is None or found[1] <= self._state.clock.now():
            raise denied(_INVALID)
        if found[0] != scope:
            raise denied()

    def find(self, request: Request) -> Grant | None:
        """Return what the token of a call stands for, without a check."""
        return self._grants.get(request.headers.get(TOKEN_HEADER, ""))

    def check(self, request: Request) -> Grant:
        """Refuse a call without a living token of an account of this host (403)."""
        check_agent(request)
        if not request.headers.get(TOKEN_HEADER):
            raise denied(_MISSING)
        grant = self.find(request)
        if grant is None or grant.expiry <= self._state.clock.now():
            raise denied(_INVALID)
        current = self.accounts.partner(grant.partner.name)
        if current is None or current.is_revoked:
            raise denied(_INVALID)
        if self._state.settings.sp_region not in ("ALL", current.region):
            raise denied()
        if grant.is_restricted and grant.elements(request.method, request.path) is None:
            raise denied()
        return Grant(current, grant.expiry, grant.resources)

    def _add(
        self,
        prefix: str,
        partner: Partner,
        seconds: float,
        resources: Sequence[Resource],
    ) -> str:
        state = self._state
        with state.lock:
            self._issued += 1
            seed = f"{state.settings.seed}|{partner.name}|{self._issued}"
            token = seeded_token(prefix, seed)
            expiry = state.clock.now() + timedelta(seconds=seconds)
            self._grants[token] = Grant(partner, expiry, tuple(resources))
            return token


def check_agent(request: Request) -> None:
    """Refuse (400) a call that does not say who calls.

    The guide asks for a language in it; clients without one are served all the same.
    """
    agent = request.headers.get("User-Agent", "")
    if len(agent) > MAX_AGENT_CHARACTERS:
        raise invalid("The user-agent header is longer than 500 characters.")
    if not agent:
        raise invalid("The user-agent header is missing.")


def _fits(pattern: str, path: str) -> bool:
    """Compare with a path that may hold `{orderId}` and the like."""
    parts = [
        "[^/]+" if part.startswith("{") else re.escape(part)
        for part in pattern.rstrip("/").split("/")
    ]
    return re.fullmatch("/".join(parts), path.rstrip("/")) is not None
