"""Finds the accounts of a run: what kind they are, where they sell.

Each account is asked by itself; one that cannot be used is a problem of its own and
never keeps the others from being read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import CallError, RejectedError
from singer_amazon.http.transport import Response
from singer_amazon.sync.summary import Problem
from tap_amazon_sp.accounts import Account, Kind, Wanted
from tap_amazon_sp.client import SpClient
from tap_amazon_sp.marketplaces import Marketplace, by_id
from tap_amazon_sp.rate_limiters import RateLimiters
from tap_amazon_sp.rates import RATES

logger = logging.getLogger(__name__)

OPERATION = "getMarketplaceParticipations"
PATH = "/sellers/v1/marketplaceParticipations"

CallInBackground = Callable[[Callable[[], Response]], Response]
"""Makes a call so that a signal is still answered."""

WaitUntil = Callable[[datetime], bool]
"""Waits for an instant; False where the run's time is up first."""


class Directory:
    """The accounts of one run, asked for when they are needed."""

    def __init__(
        self,
        wanted: Iterable[Wanted],
        clients: Callable[[Wanted], SpClient],
        *,
        limiters: RateLimiters,
        in_background: CallInBackground,
        wait_until: WaitUntil,
        note: Callable[[Problem], None],
    ) -> None:
        self._wanted = tuple(wanted)
        self._clients = clients
        self._limiters = limiters
        self._in_background = in_background
        self._wait_until = wait_until
        self._note = note

    @cached_property
    def all(self) -> tuple[Account, ...]:
        """The accounts that can be read, in the order of the settings."""
        found = (self._find(wanted) for wanted in self._wanted)
        return tuple(account for account in found if account is not None)

    @cached_property
    def _by_name(self) -> Mapping[str, Account]:
        return {account.name: account for account in self.all}

    def account(self, name: str) -> Account:
        """Return an account that can be read by its name."""
        return self._by_name[name]

    # --- one account -------------------------------------------------------

    def _find(self, wanted: Wanted) -> Account | None:
        client = self._clients(wanted)
        if wanted.kind is not None and wanted.marketplaces:
            return _account(wanted, wanted.kind, wanted.marketplaces, client)
        try:
            answer = self._ask(wanted, client)
            if answer is not None:
                return self._read(wanted, client, answer)
        except CallError as error:
            self._problem(wanted, str(error))
            return None
        self._problem(
            wanted,
            "time was up before Amazon told its marketplaces (HTTP 429): the next run "
            "asks again",
            is_failure=False,
        )
        return None

    def _ask(self, wanted: Wanted, client: SpClient) -> Response | None:
        return self._limiters.ask(
            (wanted.name, OPERATION),
            RATES[OPERATION],
            lambda: self._in_background(lambda: client.call(OPERATION, "GET", PATH)),
            self._wait_until,
        )

    def _read(
        self, wanted: Wanted, client: SpClient, answer: Response
    ) -> Account | None:
        if answer.status == HTTPStatus.OK:
            marketplaces = wanted.marketplaces or self._participating(wanted, answer)
            if not marketplaces:
                return None
            return _account(wanted, wanted.kind or "seller", marketplaces, client)
        is_vendor = wanted.kind is None and _means_vendor(answer)
        if is_vendor and wanted.marketplaces:
            logger.info(
                "%s is taken for a vendor: Amazon refuses it a seller's list of "
                "marketplaces",
                wanted.label,
            )
            return _account(wanted, "vendor", wanted.marketplaces, client)
        hint = ". If it is a vendor, set its marketplace_ids" if is_vendor else ""
        self._problem(
            wanted,
            f"its marketplaces cannot be listed (HTTP {answer.status}: "
            f"{answer.message()}): check that its refresh_token is of region "
            f"{wanted.region} and that the application has the right to it{hint}",
        )
        return None

    def _participating(
        self, wanted: Wanted, answer: Response
    ) -> tuple[Marketplace, ...]:
        """Return where a seller sells; what is no store of Amazon's is left out."""
        found: dict[str, Marketplace] = {}
        for marketplace_id in _participations(answer):
            marketplace = by_id(marketplace_id)
            if marketplace is None or marketplace.region != wanted.region:
                logger.info(
                    "%s: marketplace %s is none this version knows in %s and is left "
                    "out",
                    wanted.label,
                    marketplace_id,
                    wanted.region,
                )
            else:
                found[marketplace_id] = marketplace
        if not found:
            self._problem(
                wanted,
                f"it takes part in no marketplace of region {wanted.region} that this "
                "version knows: check region and refresh_token",
            )
        return tuple(found.values())

    def _problem(self, wanted: Wanted, reason: str, *, is_failure: bool = True) -> None:
        self._note(Problem(wanted.label, "", "", reason, is_failure))


def _account(
    wanted: Wanted,
    kind: Kind,
    marketplaces: tuple[Marketplace, ...],
    client: SpClient,
) -> Account:
    return Account(wanted.name, kind, wanted.region, marketplaces, client)


def _means_vendor(answer: Response) -> bool:
    """Whether a refusal is the one vendors get, not one of a secret that has ended."""
    return answer.status == HTTPStatus.FORBIDDEN and not (
        {"token", "secret"} & set(answer.message().lower().split())
    )


def _participations(answer: Response) -> list[str]:
    """Return the ids of the marketplaces a seller takes part in.

    Raises:
        RejectedError: the answer is no such list.
    """
    payload = answer.json_object().get("payload")
    if not isinstance(payload, list):
        msg = f"GET {PATH} does not answer with a list: is endpoint_uri right?"
        raise RejectedError(msg, request_id=answer.request_id)
    return [str(_part(e, "marketplace")["id"]) for e in payload if _takes_part(e)]


def _takes_part(entry: object) -> bool:
    has_id = bool(_part(entry, "marketplace").get("id"))
    return has_id and _part(entry, "participation").get("isParticipating") is not False


def _part(entry: object, name: str) -> Mapping[str, Any]:
    part = entry.get(name) if isinstance(entry, Mapping) else None
    return part if isinstance(part, Mapping) else {}
