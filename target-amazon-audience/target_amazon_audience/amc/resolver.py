"""Which audience records go to, and through what: found, or made when first needed."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec

from singer_amazon.errors import CallError, ConfigError
from target_amazon_audience.amc import payload
from target_amazon_audience.amc.models import (
    AmcAccount,
    Audience,
    AudienceApi,
    Changes,
    NewAudience,
)
from target_amazon_audience.amc.payload import NO_DESTINATION
from target_amazon_audience.delivery.models import (
    NotFoundError,
)
from target_amazon_audience.delivery.ports import RecordsApi
from target_amazon_audience.delivery.requests import Destination
from target_amazon_audience.errors import UploadError
from target_amazon_audience.settings_schema import MAX_TTL

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.reporting.audience_report import AudienceReport
    from target_amazon_audience.settings import AudienceSettings
    from target_amazon_audience.state.store import AudienceStore

logger = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode
_PERHAPS_EXISTS = frozenset({400, 409, 422})


def key_of(settings: AudienceSettings, identity: str) -> str:
    """Return what this target knows an audience by, before and after it is made.

    ``identity`` tells apart clients and regions.
    """
    if settings.audience_id is not None and settings.action == "UPDATE":
        return f"{identity}|{settings.audience_id}"
    path = settings.connection_id or settings.instance_id if settings.uses_amc else ""
    parts = (
        identity,
        settings.target,
        path or "",
        settings.advertiser_id or "",
        settings.external_audience_id or "",
    )
    return "|".join(parts)


@dataclass(slots=True)
class AudienceResolver:
    """The audience of one set of settings, on its way to being usable."""

    settings: AudienceSettings
    key: str
    api: AudienceApi
    store: AudienceStore
    clock: Clock
    audience_id: int | None = None
    ttl: int = MAX_TTL
    is_created: bool = False
    has_jobs: bool = True
    notes: list[str] = field(default_factory=list)
    _connection: str | None = None

    def known_id(self) -> int | None:
        """Return the audience's id where it is known without Amazon."""
        if self.settings.action == "UPDATE":
            return self.settings.audience_id
        return self.store.audience(self.key)

    def check(self) -> None:
        """Look up everything that can be known before the first record.

        Raises:
            ConfigError: the audience cannot be used as the settings say.
            AmazonError: Amazon refuses a look-up.
        """
        settings = self.settings
        self.audience_id = self.known_id()
        if self.audience_id is None and settings.upload_mode == "DELETE":
            msg = (
                "Setting upload_mode DELETE with action CREATE needs an audience that "
                "this target has made; it knows none with this external_audience_id. "
                "Set action UPDATE and audience_id."
            )
            raise ConfigError(msg)
        if settings.uses_amc:
            self._check_terms()
            self._connection = settings.connection_id or self._find_connection()
            if settings.connection_id is not None:
                self._check_connection(settings.connection_id)
        if self.audience_id is not None:
            self._check_audience(self.audience_id)

    def destination(self) -> Destination:
        """Return where records go; the audience is made now if there is none."""
        if self.audience_id is None:
            self.audience_id = self._create()
        target = None
        if self._connection is not None:
            named: dict[str, object] = {"connectionId": self._connection}
            if self.settings.target == "AMC_AND_DSP":
                named["targetTypes"] = ["DSP"]
            target = _encode(named).decode()
        connection = self._connection or f"dsp:{self.settings.advertiser_id}"
        return payload.destination(self.audience_id, target, connection)

    @property
    def records(self) -> RecordsApi:
        """What records are sent with."""
        return self.api

    @property
    def preview(self) -> Destination:
        """Where a run that sends nothing would send."""
        return NO_DESTINATION

    def shown_id(self) -> str | None:
        """Return Amazon's id of the audience, once it is known."""
        return None if self.audience_id is None else str(self.audience_id)

    def conclude(self, report: AudienceReport, until: float | None) -> None:
        """Nothing is left to say: its batches' jobs say all."""

    # Terms and connection

    def _check_terms(self) -> None:
        terms = self.api.terms()
        if terms.is_accepted:
            return
        if not self.settings.accepts_terms:
            msg = (
                "The terms of AMC are not accepted, and Amazon wants that first: "
                "accept them in the AMC console as the user who granted access, or set "
                "accept_amc_terms to accept them in that user's name."
            )
            raise UploadError(msg)
        self.api.accept_terms(terms.token)
        logger.info("The terms of AMC were accepted, as accept_amc_terms says")

    def _find_connection(self) -> str:
        """Return a connection that leads where the settings say, made if needed."""
        settings = self.settings
        advertiser = settings.advertiser_id if settings.target == "AMC_AND_DSP" else ""
        for found in self.api.connections():
            if (
                found.instance_id == settings.instance_id
                and found.advertiser_id == (advertiser or "")
                and settings.account_id in {None, found.account_id}
            ):
                return found.id
        instance = settings.instance_id or ""
        made = self.api.add_connection(
            self._account(instance), instance, advertiser or None
        )
        logger.info("Made connection %s to AMC instance %s", made, instance)
        return made

    def _account(self, instance: str) -> AmcAccount:
        """Return the AMC account that an instance belongs to."""
        accounts = [
            account
            for account in self.api.accounts()
            if self.settings.account_id in {None, account.id}
        ]
        for account in accounts:
            if instance in self.api.instances(account):
                return account
        msg = (
            f"AMC instance {instance} is in none of the {len(accounts)} AMC accounts "
            "this user sees: check amc_instance_id, amc_account_id and region."
        )
        raise UploadError(msg)

    def _check_connection(self, given: str) -> None:
        """A wrong connection would deliver elsewhere, or in silence to AMC only."""
        settings = self.settings
        try:
            listed = self.api.connections(given)
        except NotFoundError:
            listed = []
        found = next((c for c in listed if c.id == given), None)
        if found is None:
            msg = (
                f"Connection {given} is not known to Amazon for this user: check "
                "connection_id and region, or leave it out to find or make one."
            )
            raise UploadError(msg)
        if settings.instance_id not in {None, found.instance_id}:
            msg = (
                f"Connection {given} leads to AMC instance {found.instance_id or '-'} "
                f"and not to {settings.instance_id}: leave one of connection_id and "
                "amc_instance_id out."
            )
            raise ConfigError(msg)
        if settings.target == "AMC_AND_DSP" and not found.advertiser_id:
            msg = (
                f"Connection {given} holds no DSP advertiser, which target AMC_AND_DSP "
                "needs: leave connection_id out to find or make one that does."
            )
            raise ConfigError(msg)

    # The audience

    def _check_audience(self, audience_id: int) -> None:
        """Compare what the user wrote with what Amazon has; change what differs."""
        try:
            found = self.api.audience(audience_id)
        except NotFoundError as error:
            msg = (
                f"Audience {audience_id} is not known to Amazon for this user "
                f"({error}). Check audience_id and region."
            )
            raise UploadError(msg) from None
        self.store.named(audience_id, found.name or "", self.clock.now().timestamp())
        settings = self.settings
        changes = Changes(
            description=_if_other(settings.description, found.description),
            ttl=_if_other(settings.ttl, found.ttl),
            fee=_if_other(settings.fee, found.fee),
        )
        if changes != Changes():
            self.api.update(audience_id, self._completed(changes, found))
            self.notes.append("description, fee or time to live were changed")
        if settings.name and found.name and settings.name != found.name:
            self.notes.append(
                f"Amazon cannot rename an audience: it stays {found.name!r}"
            )
        ttl = settings.ttl if settings.ttl is not None else found.ttl
        self.ttl = MAX_TTL if ttl is None else ttl

    @staticmethod
    def _completed(changes: Changes, found: Audience) -> Changes:
        """Return the changes with all that stays: Amazon may clear what is left out."""
        return Changes(
            description=changes.description
            if changes.description is not None
            else found.description,
            ttl=changes.ttl if changes.ttl is not None else found.ttl,
            fee=changes.fee if changes.fee is not None else found.fee,
        )

    def _create(self) -> int:
        settings = self.settings
        self.ttl = MAX_TTL if settings.ttl is None else settings.ttl
        audience = NewAudience(
            name=settings.name or "",
            description=settings.description or "",
            country=settings.country,
            external_id=settings.external_audience_id or "",
            ttl=self.ttl,
            fee=settings.fee,
            connection_id=self._connection,
            advertiser_id=(
                None if settings.uses_amc else int(settings.advertiser_id or 0)
            ),
        )
        try:
            made = self.api.create(audience)
        except CallError as error:
            if error.status not in _PERHAPS_EXISTS:
                raise
            msg = (
                f"{error}. If an audience with this external_audience_id exists, this "
                "target does not know its id (another database?): set action UPDATE "
                "and audience_id."
            )
            raise UploadError(msg) from None
        now = self.clock.now().timestamp()
        self.store.made(self.key, made, now)
        self.store.named(made, audience.name, now)
        self.is_created = True
        logger.info(
            "Created audience %s (%s). Its id is kept in %s; without a lasting file, "
            "set action UPDATE and audience_id %s from now on",
            made,
            settings.name,
            self.store.path,
            made,
        )
        return made


T = TypeVar("T")


def _if_other(given: T | None, found: T | None) -> T | None:
    return given if given is not None and given != found else None
