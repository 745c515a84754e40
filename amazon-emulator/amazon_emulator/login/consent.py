"""The consent pages of Login with Amazon and of Seller and Vendor Central.

Allow redirects with a code that works once and for five minutes, Deny with
`error=access_denied`. Redirects go to this machine only.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from werkzeug import Response

from amazon_emulator.http import Call, RefusalError, Service, route
from amazon_emulator.state import EmulatorState, seeded_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from amazon_emulator.selling_partner.accounts import Partner, SellingPartners

CODE_LIFE = timedelta(minutes=5)
SCOPES = {"advertising::campaign_management", "advertising::audiences"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PAGE = """<!doctype html><html lang="en"><title>Consent (emulator)</title>
<h1>May {client} use your account?</h1><form method="post">
<button name="decision" value="allow" id="allow">Allow</button>
<button name="decision" value="deny" id="deny">Deny</button></form></html>
"""


@dataclass(frozen=True, slots=True)
class _Grant:
    redirect_uri: str
    refresh_token: str
    expiry: datetime


class ConsentCodes:
    """Authorisation codes that were given and not yet exchanged."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self._grants: dict[str, _Grant] = {}
        self._issued = 0

    def issue(self, redirect_uri: str, refresh_token: str) -> str:
        """Return a new code."""
        with self._state.lock:
            self._issued += 1
            seed = f"{self._state.settings.seed}|code|{self._issued}"
            code = seeded_token("AN", seed).partition("|")[2][:20]
            expiry = self._state.clock.now() + CODE_LIFE
            self._grants[code] = _Grant(redirect_uri, refresh_token, expiry)
            return code

    def exchange(self, code: str, redirect_uri: str) -> str | None:
        """Return the refresh token; None for a code that is used, old or foreign."""
        with self._state.lock:
            grant = self._grants.pop(code, None)
        if grant is None or grant.expiry <= self._state.clock.now():
            return None
        return grant.refresh_token if redirect_uri == grant.redirect_uri else None

    def reset(self) -> None:
        """Forget all codes."""
        with self._state.lock:
            self._grants.clear()


class ConsentService(Service):
    """Asks a person, or a test, whether a client may act in their name."""

    def __init__(
        self, state: EmulatorState, codes: ConsentCodes, partners: SellingPartners
    ) -> None:
        self._state, self._codes, self._partners = state, codes, partners

    @route("GET", "/ap/oa", "consent")
    def ads_page(self, call: Call) -> Response:
        """Show the page for Amazon Ads."""
        _check_ads(call.request.args, self._state.settings.client_id)
        return _page(call.request.args["client_id"])

    @route("POST", "/ap/oa", "consent")
    def ads_decision(self, call: Call) -> Response:
        """Redirect as the person decides."""
        asked = call.request.args
        redirect = _check_ads(asked, self._state.settings.client_id)
        if call.request.form.get("decision") != "allow":
            return _denied(redirect, asked.get("state", ""))
        code = self._codes.issue(redirect, self._state.settings.refresh_token)
        answer = {"code": code, "scope": asked["scope"]}
        return _redirect(redirect, answer, asked.get("state", ""))

    @route("GET", "/apps/authorize/consent", "consent")
    def selling_page(self, call: Call) -> Response:
        """Show the page for selling partners; `account` chooses one."""
        self._selling(call.request.args)
        return _page(call.request.args["application_id"])

    @route("POST", "/apps/authorize/consent", "consent")
    def selling_decision(self, call: Call) -> Response:
        """Redirect as the person decides."""
        asked = call.request.args
        redirect, partner = self._selling(asked)
        if call.request.form.get("decision") != "allow":
            return _denied(redirect, asked.get("state", ""))
        answer = {
            "spapi_oauth_code": self._codes.issue(redirect, partner.refresh_token),
            "selling_partner_id": partner.partner_id,
        }
        return _redirect(redirect, answer, asked.get("state", ""))

    def _selling(self, asked: Mapping[str, str]) -> tuple[str, Partner]:
        if not asked.get("application_id", "").startswith("amzn1.sp.solution."):
            raise RefusalError(400, "application_id is no solution id (MD1000)")
        partners = self._partners.partners()
        name = asked.get("account") or next(iter(partners)).name
        partner = self._partners.partner(name)
        if partner is None:
            raise RefusalError(400, f"There is no account {name}")
        return _loopback(asked.get("redirect_uri", "")), partner


def _check_ads(asked: Mapping[str, str], client_id: str) -> str:
    """Refuse (400) what the real page refuses; return where to redirect to."""
    if asked.get("client_id") != client_id:
        raise RefusalError(400, "An unknown client_id was given")
    if asked.get("response_type") != "code":
        raise RefusalError(400, "response_type must be code")
    if not set(asked.get("scope", "").split()) & SCOPES:
        raise RefusalError(400, "An unknown scope was requested")
    return _loopback(asked.get("redirect_uri", ""))


def _loopback(address: str) -> str:
    if urlsplit(address).hostname not in _LOOPBACK:
        text = "The redirect URI you provided has not been whitelisted (loopback only)"
        raise RefusalError(400, text)
    return address


def _page(client: str) -> Response:
    return Response(_PAGE.format(client=html.escape(client)), mimetype="text/html")


def _denied(address: str, state: str) -> Response:
    words = "Access not permitted."
    answer = {"error": "access_denied", "error_description": words}
    return _redirect(address, answer, state)


def _redirect(address: str, answer: Mapping[str, str], state: str) -> Response:
    query = urlencode({**answer, "state": state})
    mark = "&" if urlsplit(address).query else "?"
    return Response(status=302, headers={"Location": f"{address}{mark}{query}"})
