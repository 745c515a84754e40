"""Finds the accounts of a run: what kind they are, where they sell.

Each account is looked up by itself; one that cannot be used is a problem of its own and
never keeps the others from being read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import CallError, RejectedError
from singer_amazon.http.transport import Response
from singer_amazon.regions import Region
from singer_amazon.sync.summary import Problem
from tap_amazon_sp.accounts import Account, AccountSettings
from tap_amazon_sp.client import ROTATION_ADVICE, AccountCaller
from tap_amazon_sp.marketplaces import (
    AccountKind,
    Marketplace,
    by_id,
    unknown_marketplace,
)
from tap_amazon_sp.reports.wordings import Meaning, refusal_meaning

logger = logging.getLogger(__name__)

OPERATION = "getMarketplaceParticipations"
PATH = "/sellers/v1/marketplaceParticipations"


class AccountFinder:
    """The accounts of one run, looked up when they are needed."""

    def __init__(
        self,
        settings: Iterable[AccountSettings],
        caller_of: Callable[[AccountSettings], AccountCaller],
        note: Callable[[Problem], None],
    ) -> None:
        self._settings = tuple(settings)
        self._caller_of = caller_of
        self._note = note

    @cached_property
    def all(self) -> tuple[Account, ...]:
        """The accounts that can be read, in the order of the settings."""
        found = (self._find(settings) for settings in self._settings)
        return tuple(account for account in found if account is not None)

    @cached_property
    def _by_name(self) -> Mapping[str, Account]:
        return {account.name: account for account in self.all}

    def account(self, name: str) -> Account:
        """Return an account that can be read by its name."""
        return self._by_name[name]

    # --- one account -------------------------------------------------------

    def _find(self, settings: AccountSettings) -> Account | None:
        caller = self._caller_of(settings)
        for marketplace in settings.marketplaces:
            _note_unknown(settings, marketplace)
        if settings.kind is not None and settings.marketplaces:
            return _account(settings, settings.kind, settings.marketplaces, caller)
        try:
            response = caller.request(OPERATION, PATH)
            if response is not None:
                return self._read(settings, caller, response)
        except CallError as error:
            self._problem(settings, str(error))
            return None
        self._problem(
            settings,
            "time was up before Amazon told its marketplaces (HTTP 429): the next run "
            "asks again",
            is_failure=False,
        )
        return None

    def _read(
        self, settings: AccountSettings, caller: AccountCaller, response: Response
    ) -> Account | None:
        if response.status == HTTPStatus.OK:
            marketplaces = settings.marketplaces or self._participating(
                settings, response
            )
            if not marketplaces:
                return None
            return _account(settings, settings.kind or "seller", marketplaces, caller)
        is_vendor = settings.kind is None and _means_vendor(response)
        if is_vendor and settings.marketplaces:
            logger.info(
                "%s is taken for a vendor: Amazon refuses it a seller's list of "
                "marketplaces",
                settings.label,
            )
            return _account(settings, "vendor", settings.marketplaces, caller)
        if refusal_meaning(response.message()) is Meaning.SECRET_ENDED:
            said = f"HTTP {response.status}: {response.message()}"
            self._problem(settings, f"{said}. {ROTATION_ADVICE}")
            return None
        hint = ". If it is a vendor, set its marketplace_ids" if is_vendor else ""
        self._problem(
            settings,
            f"its marketplaces cannot be listed (HTTP {response.status}: "
            f"{response.message()}): check that its refresh_token is of region "
            f"{settings.region} and that the application has the right to it{hint}",
        )
        return None

    def _participating(
        self, settings: AccountSettings, response: Response
    ) -> tuple[Marketplace, ...]:
        """Return where a seller sells; what is no store of Amazon's is left out."""
        found: dict[str, Marketplace] = {}
        for entry in _participations(response):
            marketplace_id = str(entry["id"])
            marketplace = by_id(marketplace_id) or _newer(entry, settings.region)
            if marketplace is None or marketplace.region != settings.region:
                logger.info(
                    "%s: marketplace %s is none this version knows in %s and is left "
                    "out",
                    settings.label,
                    marketplace_id,
                    settings.region,
                )
            else:
                _note_unknown(settings, marketplace)
                found[marketplace_id] = marketplace
        if not found:
            self._problem(
                settings,
                f"it takes part in no marketplace of region {settings.region} that "
                "this version knows: check region and refresh_token",
            )
        return tuple(found.values())

    def _problem(
        self, settings: AccountSettings, reason: str, *, is_failure: bool = True
    ) -> None:
        self._note(Problem(settings.label, "", "", reason, is_failure))


def _account(
    settings: AccountSettings,
    kind: AccountKind,
    marketplaces: tuple[Marketplace, ...],
    caller: AccountCaller,
) -> Account:
    return Account(settings.name, kind, settings.region, marketplaces, caller)


def _means_vendor(response: Response) -> bool:
    """Whether a refusal is the one vendors get, not one of a secret that has ended."""
    return response.status == HTTPStatus.FORBIDDEN and not (
        {"token", "secret"} & set(response.message().lower().split())
    )


def _newer(entry: Mapping[str, Any], region: Region) -> Marketplace | None:
    """Return a store of Amazon's that our table does not have yet."""
    if not str(entry.get("domainName")).startswith("www.amazon."):
        return None  # not one of Amazon's own stores
    return unknown_marketplace(
        str(entry["id"]),
        region,
        code=str(entry.get("countryCode") or ""),
        currency=str(entry.get("defaultCurrencyCode") or ""),
    )


def _note_unknown(settings: AccountSettings, marketplace: Marketplace) -> None:
    if not marketplace.is_known:
        logger.warning(
            "%s: marketplace %s is newer than this version, or misspelt: it is tried, "
            "with days of UTC",
            settings.label,
            marketplace.marketplace_id,
        )


def _participations(response: Response) -> list[Mapping[str, Any]]:
    """Return the marketplaces a seller takes part in, each with its id.

    Raises:
        RejectedError: the response is no such list.
    """
    payload = response.json_object().get("payload")
    if not isinstance(payload, list):
        msg = f"GET {PATH} does not answer with a list: is endpoint_uri right?"
        raise RejectedError(msg, request_id=response.request_id)
    return [_part(e, "marketplace") for e in payload if _takes_part(e)]


def _takes_part(entry: object) -> bool:
    has_id = bool(_part(entry, "marketplace").get("id"))
    return has_id and _part(entry, "participation").get("isParticipating") is not False


def _part(entry: object, name: str) -> Mapping[str, Any]:
    part = entry.get(name) if isinstance(entry, Mapping) else None
    return part if isinstance(part, Mapping) else {}
