"""Connections: what maps an AMC instance, a DSP advertiser or both for this client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.audiences.contract import MAX_CONNECTIONS
from amazon_emulator.clock import format_instant
from amazon_emulator.http import RefusalError
from amazon_emulator.state import EmulatorState, seeded_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amazon_emulator.ads_accounts.accounts import Json
    from amazon_emulator.audiences.accounts import AmcAccounts

_TEXTS = (
    "amcAccountId",
    "amcAccountMarketplaceId",
    "amcInstanceId",
    "connectionId",
    "dspAdvertiserId",
    "dspProfileId",
)
_AMC = _TEXTS[:3]
CUSTOMER = "amzn1.account.EMULATOR"


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection; `shown` is how Amazon lists it, but for `isDefault`."""

    connection_id: str
    account_id: str | None
    advertiser_id: str | None
    shown: Mapping[str, object]

    @property
    def country(self) -> str | None:
        """The country of the DSP advertiser, the last resort for matching."""
        country = self.shown.get("dspAdvertiserCountryCode")
        return None if country is None else str(country)

    @property
    def region(self) -> str | None:
        """The region of the DSP advertiser; None: any host will do."""
        region = self.shown.get("dspAdvertiserRegion")
        return None if region is None else str(region)


class Connections:
    """All connections of the one user and client; exactly one of them is default.

    One with a DSP advertiser exists on the host of that advertiser's region only.
    """

    def __init__(self, state: EmulatorState, accounts: AmcAccounts) -> None:
        self._state, self._accounts = state, accounts
        self._items: dict[str, Connection] = {}
        self._default: str | None = None
        self._added = 0
        self.reset()

    def reset(self) -> None:
        """Return to the connections the AMC accounts begin with."""
        with self._state.lock:
            self._items.clear()
            self._default, self._added = None, 0
            for body in self._accounts.first_connections:
                self._add(body, None)

    def all(self) -> list[Connection]:
        """Return the connections of this host, oldest first."""
        with self._state.lock:
            everyone = list(self._items.values())
        return [item for item in everyone if self._is_here(item)]

    def find(self, connection_id: str) -> Connection | None:
        """Return one connection if it exists on this host."""
        found = self._items.get(connection_id)
        return found if found is not None and self._is_here(found) else None

    def default(self) -> Connection | None:
        """Return the default connection; None when there is none on this host."""
        return self.find(self._default or "")

    def as_json(self, connection: Connection) -> Json:
        """Return a connection as Amazon lists it."""
        is_default = connection.connection_id == self._default
        return {**connection.shown, "isDefault": is_default}

    def add(self, body: Mapping[str, object]) -> Connection:
        """Connect what a body names; refuse (400, 403) what cannot be connected."""
        return self._add(body, self._state.settings.region)

    def _add(self, body: Mapping[str, object], region: str | None) -> Connection:
        named = _texts(body)
        with self._state.lock:
            connection = self._connect(named, region)
            if len(self._items) >= MAX_CONNECTIONS:
                raise RefusalError(400, "There are too many connections")
            self._items[connection.connection_id] = connection
            self._added += 1
            if body.get("isDefault") or self._default is None:
                self._default = connection.connection_id
        return connection

    def remove(self, connection_id: str) -> None:
        """Remove one connection (404 when unknown); a blank id removes all."""
        with self._state.lock:
            if not connection_id:
                self._items.clear()
            elif self._items.pop(connection_id, None) is None:
                raise RefusalError(404, "The connection does not exist")
            if self._default not in self._items:
                self._default = next(iter(self._items), None)

    def _is_here(self, connection: Connection) -> bool:
        return connection.region in (None, self._state.settings.region)

    def _connect(self, named: Mapping[str, str], region: str | None) -> Connection:
        connection_id = named.get("connectionId") or self._new_id()
        if connection_id in self._items:
            raise RefusalError(400, "A connection with this connectionId exists")
        shown = {**self._amc(named), **self._dsp(named, region)}
        if not shown:
            raise RefusalError(400, "Give an AMC instance or a DSP advertiser, or both")
        now = format_instant(self._state.clock.now())
        return Connection(
            connection_id,
            named.get("amcAccountId"),
            named.get("dspAdvertiserId"),
            {
                "connectionId": connection_id,
                **shown,
                "clientId": self._state.settings.client_id,
                "customerId": CUSTOMER,
                "creationDateTime": now,
                "modifiedDateTime": now,
            },
        )

    def _amc(self, named: Mapping[str, str]) -> Json:
        given = [name for name in _AMC if name in named]
        if not given:
            return {}
        if len(given) < len(_AMC):
            raise RefusalError(400, f"{', '.join(_AMC)} go together")
        account = self._accounts.account(named["amcAccountId"])
        instance = self._accounts.instance(
            named["amcAccountId"], named["amcInstanceId"]
        )
        if account is None or instance is None:
            raise RefusalError(403, "No access to this AMC account or instance")
        if account["marketplaceId"] != named["amcAccountMarketplaceId"]:
            raise RefusalError(403, "The AMC account is of another marketplace")
        return {
            **{name: named[name] for name in _AMC},
            "amcAccountName": account["accountName"],
            "amcInstanceName": instance["instanceName"],
            "dataUploadAwsAccountId": instance["dataUploadAwsAccountId"],
        }

    def _dsp(self, named: Mapping[str, str], region: str | None) -> Json:
        if "dspAdvertiserId" not in named:
            if "dspProfileId" in named:
                raise RefusalError(400, "dspProfileId needs a dspAdvertiserId")
            return {}
        advertiser = self._accounts.advertiser(named["dspAdvertiserId"], region)
        profile = named.get("dspProfileId")
        if advertiser is None or profile not in (None, advertiser.get("profileId")):
            raise RefusalError(403, "No access to this DSP advertiser")
        shown: Json = {
            "dspAdvertiserId": named["dspAdvertiserId"],
            "dspProfileId": profile,
            "dspAdvertiserName": advertiser.get("name"),
            "dspAdvertiserCountryCode": advertiser.get("country"),
            "dspAdvertiserMarketplaceId": advertiser.get("marketplaceId"),
            "dspAdvertiserRegion": advertiser["region"],
        }
        return {key: value for key, value in shown.items() if value is not None}

    def _new_id(self) -> str:
        seed = f"{self._state.settings.seed}|connection|{self._added}"
        return str(seeded_uuid(seed))


def _texts(body: Mapping[str, object]) -> dict[str, str]:
    unknown = set(body) - {*_TEXTS, "isDefault"}
    if unknown:
        raise RefusalError(400, f"Unknown fields: {', '.join(sorted(unknown))}")
    if not isinstance(body.get("isDefault", False), bool):
        raise RefusalError(400, "isDefault must be a boolean")
    named: dict[str, str] = {}
    for name in _TEXTS:
        value = body.get(name, "")
        if not isinstance(value, str):
            raise RefusalError(400, f"{name} must be a string")
        if value:
            named[name] = value
    return named
