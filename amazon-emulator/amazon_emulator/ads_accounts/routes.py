"""The account listings: `/v2/profiles`, `/dsp/advertisers`, `/managerAccounts`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from amazon_emulator.ads_accounts.accounts import account_info, without_own_keys
from amazon_emulator.ads_accounts.scope import SCOPE, find_account, named_account
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import (
    Call,
    RefusalError,
    json_response,
    route,
    with_new_fields,
)
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from werkzeug import Response
    from werkzeug.datastructures import MultiDict

    from amazon_emulator.ads_accounts.accounts import AdsAccounts, Json
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState

PROGRAMS = (
    "billing",
    "campaign",
    "paymentMethod",
    "store",
    "report",
    "account",
    "posts",
)
MANAGERS_TYPE = "application/vnd.getmanageraccountsresponse.v1+json"
_MAX_COUNT, _MAX_START = 100, 29900


class _AccountsService(SignedInService):
    def __init__(
        self, state: EmulatorState, accounts: AdsAccounts, tokens: TokenStore
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts


class ProfilesService(_AccountsService):
    """`GET /v2/profiles`: the profiles of the region that the client may see."""

    def target(self, call: Call) -> Target:
        """A rule may name a profile that is asked for by id."""
        return Target.of(*call.arguments.values())

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of the general errors page (`details`)."""
        codes = {400: "INVALID_ARGUMENT", 401: "UNAUTHORIZED", 404: "NOT_FOUND"}
        code = codes.get(refusal.status, str(refusal.status))
        return {"code": code, "details": refusal.message}

    @route("GET", "/v2/profiles", "profiles")
    def listing(self, call: Call) -> Response:
        """List the profiles that pass the four filters."""
        query = call.request.args
        program = _choice(query, "apiProgram", PROGRAMS, "campaign")
        level = _choice(query, "accessLevel", ("edit", "view"), "edit")
        kinds = _kinds(query.get("profileTypeFilter"))
        payment = query.get("validPaymentMethodFilter")
        if payment is not None:
            _choice(query, "validPaymentMethodFilter", ("true", "false"), "true")
        return self.respond(
            [
                without_own_keys(profile)
                for profile in self._accounts.profiles(self._state.settings.region)
                if _visible(profile, program, level)
                and (not kinds or account_info(profile).get("type") in kinds)
                and _payment_fits(profile, payment)
            ]
        )

    @route("GET", "/v2/profiles/<profile_id>", "profiles")
    def one(self, call: Call) -> Response:
        """Show one profile."""
        region = self._state.settings.region
        profile = self._accounts.profile(call.arguments["profile_id"], region)
        if profile is None:
            raise RefusalError(404, "Could not find profile")
        return self.respond(without_own_keys(profile))


class AdvertisersService(_AccountsService):
    """`GET /dsp/advertisers`: the advertisers of an agency, page by page."""

    def target(self, call: Call) -> Target:
        """A rule may name the agency profile."""
        return Target.of(named_account(call.request.headers))

    def error_body(self, refusal: RefusalError) -> object:
        """Return the DSP error body (`message`, `requestId`)."""
        return {"message": refusal.message, "requestId": str(uuid.uuid4())}

    @route("GET", "/dsp/advertisers", "advertisers")
    def listing(self, call: Call) -> Response:
        """List advertisers from `startIndex` on, at most `count` (100) of them."""
        region = self._state.settings.region
        if not call.request.headers.get(SCOPE):
            raise RefusalError(401, "Scope header is missing")
        account = find_account(self._accounts, region, call.request.headers)
        if account.kind != "agency":
            raise RefusalError(403, "Not authorized: the profile is not a DSP entity")
        query = call.request.args
        start = _whole(query, "startIndex", 0, (0, _MAX_START))
        count = _whole(query, "count", _MAX_COUNT, (1, _MAX_COUNT))
        named = _ids(query.get("advertiserIdFilter"))
        found = [
            dict(advertiser)
            for key, advertiser in account.advertisers.items()
            if named is None or key in named
        ]
        page = found[start : start + count]
        return self.respond({"totalResults": len(found), "response": page})


class ManagerAccountsService(_AccountsService):
    """`GET /managerAccounts`: linked accounts, DSP advertisers among them."""

    def error_body(self, refusal: RefusalError) -> object:
        """Return an error body with the code words of this API."""
        codes = {
            400: "BAD_REQUEST",
            401: "UNAUTHORIZED",
            403: "FORBIDDEN",
            429: "TOO_MANY_REQUESTS",
        }
        code = codes.get(refusal.status, "INTERNAL_SERVICE_ERROR")
        return {"code": code, "message": refusal.message}

    @route("GET", "/managerAccounts", "manager_accounts")
    def listing(self, _: Call) -> Response:
        """List the manager accounts of the region."""
        managers = self._accounts.managers(self._state.settings.region)
        shown = [without_own_keys(manager) for manager in managers]
        body: object = {"managerAccounts": shown}
        if self._state.settings.adm_unknown_fields:
            body = with_new_fields(body)
        return json_response(body, content_type=MANAGERS_TYPE)


def _visible(profile: Json, program: str, level: str) -> bool:
    programs = profile.get("programs", PROGRAMS)
    allowed = isinstance(programs, list | tuple) and program in programs
    return allowed and (level == "view" or profile["access"] == "edit")


def _payment_fits(profile: Json, choice: str | None) -> bool:
    valid = account_info(profile).get("validPaymentMethod")
    if choice == "true":
        return valid is not False
    return choice is None or valid is False


def _choice(
    query: MultiDict[str, str], name: str, allowed: Sequence[str], default: str
) -> str:
    value = query.get(name, default)
    if value not in allowed:
        raise RefusalError(400, f"{name} must be one of {', '.join(allowed)}")
    return value


def _kinds(text: str | None) -> set[str]:
    kinds = set(text.split(",")) if text else set()
    if kinds - {"seller", "vendor", "agency"}:
        raise RefusalError(400, "profileTypeFilter must be seller, vendor or agency")
    return kinds


def _whole(
    query: MultiDict[str, str], name: str, default: int, limits: tuple[int, int]
) -> int:
    low, high = limits
    text = query.get(name, str(default))
    if not text.isdigit() or not low <= int(text) <= high:
        message = f"Validation Error: {name} must be between {low} and {high}"
        raise RefusalError(422, message)
    return int(text)


def _ids(text: str | None) -> set[str] | None:
    if not text:
        return None
    ids = set(text.split(","))
    if not all(key.isdigit() for key in ids):
        raise RefusalError(422, "Each advertiserId must be a numeric id")
    return ids
