"""Which dataset records go to: found by its name, or made when first needed.

Order of a run: terms, data room, dataset, sharing rules, and only then members: a rule
that fails must not follow a day of uploading.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from singer_amazon.errors import AmazonError, ConfigError
from target_amazon_audience.data_manager.account import check_account
from target_amazon_audience.data_manager.conclusion import conclude
from target_amazon_audience.data_manager.members import DatasetMembers
from target_amazon_audience.data_manager.models import (
    DSP,
    DataManagerApi,
    Dataset,
    DuplicateNameError,
    NewDataset,
    NewRule,
)
from target_amazon_audience.data_manager.names import dataset_name
from target_amazon_audience.data_manager.payload import PREVIEW, destination
from target_amazon_audience.data_manager.sharing_rules.plan import (
    DspDestination,
    applications,
    dsp_destination,
    new_rules,
)
from target_amazon_audience.data_manager.sharing_rules.rules import SharingRules
from target_amazon_audience.delivery.models import NotFoundError
from target_amazon_audience.errors import UploadError
from target_amazon_audience.state.datasets import DatasetNumbers

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.data_manager.settings import DataManagerSettings
    from target_amazon_audience.delivery.requests import Destination
    from target_amazon_audience.reporting.audience_report import AudienceReport
    from target_amazon_audience.settings import AudienceSettings
    from target_amazon_audience.state.store import AudienceStore

logger = logging.getLogger(__name__)

MAX_TTL = 32_850_000
"""Seconds that Amazon's answers name at most; none can be set.

Members are sent again before half of it has passed, in case they age at all.
"""


def dataset_key(
    settings: AudienceSettings, data_manager: DataManagerSettings, identity: str
) -> str:
    """Return what this target knows a dataset by, before and after it is made."""
    name = data_manager.named_id(settings.action) or settings.external_audience_id
    return f"{identity}|{settings.api}|{data_manager.account}|{name}"


class _Usable(NamedTuple):
    """A dataset that fits the settings."""

    number: int
    dataset_id: str


@dataclass(slots=True)
class DatasetResolver:
    """The dataset of one set of settings, on its way to being usable."""

    settings: AudienceSettings
    data_manager: DataManagerSettings
    key: str
    api: DataManagerApi
    store: AudienceStore
    clock: Clock
    is_stopped: Callable[[], bool]
    dataset_id: str | None = None
    ttl: int = MAX_TTL
    is_created: bool = False
    has_jobs: bool = False
    notes: list[str] = field(default_factory=list)
    rules: SharingRules = field(init=False)
    _usable: _Usable | None = None
    _dsp: DspDestination | None = None

    def __post_init__(self) -> None:
        self.rules = SharingRules(self.api, self.clock, self.is_stopped)

    @property
    def account(self) -> str:
        """The account that the dataset belongs to."""
        return self.data_manager.account

    @property
    def audience_id(self) -> int | None:
        """The dataset's number in the database, once it is known to be usable."""
        return None if self._usable is None else self._usable.number

    @property
    def records(self) -> DatasetMembers:
        """What members are sent with."""
        return DatasetMembers(self.api, self.store, self.key, self.dataset_id or "")

    @property
    def preview(self) -> Destination:
        """Where a run that sends nothing would send."""
        return PREVIEW

    @property
    def name(self) -> str | None:
        """What the dataset is called, if that is known from the settings."""
        external_id = self.settings.external_audience_id
        return None if external_id is None else dataset_name(external_id)

    @property
    def _shares(self) -> bool:
        """Whether this run needs sharing rules: nothing may stop one that removes."""
        return self.settings.upload_mode != "DELETE"

    def shown_id(self) -> str | None:
        """Return Amazon's id of the dataset, once it is known."""
        return self.dataset_id

    def known_id(self) -> int | None:
        """Return the dataset's number where it is known without Amazon."""
        numbers = self._numbers()
        named = self.data_manager.named_id(self.settings.action)
        if named is not None:
            self.dataset_id = named
            return numbers.known(named)
        number = self.store.audience(self.key)
        self.dataset_id = None if number is None else numbers.dataset_id(number)
        return number

    def _numbers(self) -> DatasetNumbers:
        return DatasetNumbers(self.store, self.account)

    # The start

    def check(self) -> None:
        """Look up everything that can be known before the first record.

        Raises:
            ConfigError: the dataset cannot be used as the settings say.
            AmazonError: Amazon refuses a look-up.
        """
        check_account(self.api, self.data_manager)
        if self._shares and DSP in applications(self.settings.target):
            self._dsp = self._find_dsp()
        self.known_id()
        found = self._known() if self.dataset_id else self._find()
        if found is not None:
            self._adopt(found)
            if self._shares:
                self.rules.check(found.id, self._new_rules(found.id))

    def _find_dsp(self) -> DspDestination:
        advertiser = self.settings.advertiser_id
        is_named = self.data_manager.dsp_account_id is not None
        linked = () if is_named else self.api.linked_accounts()
        return dsp_destination(self.data_manager, advertiser, linked)

    def _known(self) -> Dataset:
        """Return the dataset that state or settings name."""
        known = self.dataset_id or ""
        try:
            return self.api.dataset(known)
        except NotFoundError as error:
            self.store.forgotten(self.key)
            msg = (
                f"Dataset {known} is not known to Amazon ({error}). Where the id came "
                "from the state file, it is forgotten now: the next run looks for the "
                "dataset by its name."
            )
            raise UploadError(msg) from None

    def _find(self) -> Dataset | None:
        """Return the dataset of this name.

        Raises:
            ConfigError: there is none, and none may be made.
        """
        name, settings = self.name, self.settings
        found = next((d for d in self.api.datasets() if d.name == name), None)
        if found is not None:
            return found
        if settings.action == "UPDATE" or settings.upload_mode == "DELETE":
            msg = (
                f"Account {self.account} has no dataset {name}, and action "
                f"{settings.action} with upload_mode {settings.upload_mode} makes "
                "none: check external_audience_id and the account."
            )
            raise ConfigError(msg)
        return None

    def _adopt(self, found: Dataset) -> _Usable:
        """Go on with a dataset that exists, if it is what the settings say.

        Raises:
            ConfigError: it is not.
        """
        settings, known = self.settings, found.country
        if known not in {settings.country, "", "UNKNOWN", "ZZ"}:
            self._complain(found, "country_code", settings.country, known)
        if settings.description and settings.description != found.description:
            description = found.description
            self._complain(
                found, "audience_description", settings.description, description
            )
        retention = self.data_manager.id_retention
        if retention is not None and found.id_retention not in {None, retention}:
            self._complain(found, "id_retention", retention, found.id_retention)
        return self._remember(found.id, found.name)

    @staticmethod
    def _complain(
        found: Dataset, setting: str, given: object, known: object
    ) -> NoReturn:
        msg = (
            f"Setting {setting} is {given!r}, and dataset {found.id} ({found.name}) "
            f"has {known!r}: Ads Data Manager changes no dataset. Write what it has, "
            "or another external_audience_id."
        )
        raise ConfigError(msg)

    def _remember(self, dataset_id: str, name: str) -> _Usable:
        now = self.clock.now().timestamp()
        number = self._numbers().number(dataset_id)
        if self.data_manager.named_id(self.settings.action) is None:
            self.store.made(self.key, number, now)
        self.store.named(number, name, now)
        self.dataset_id = dataset_id
        self._usable = _Usable(number, dataset_id)
        return self._usable

    # When it is needed

    def destination(self) -> Destination:
        """Return where members go; dataset and sharing rules are made now.

        A run that only removes shares nothing anew.
        """
        known = self._usable or self._create()
        if self._shares:
            self.rules.ensure(known.dataset_id, self._new_rules(known.dataset_id))
        return destination(known.number, self.account)

    def _new_rules(self, dataset_id: str) -> list[NewRule]:
        return list(new_rules(self.settings, self.data_manager, dataset_id, self._dsp))

    def _create(self) -> _Usable:
        settings, name = self.settings, self.name or ""
        new = NewDataset(
            name, settings.country, settings.description, self.data_manager.id_retention
        )
        try:
            made = self.api.create_dataset(new)
        except DuplicateNameError as error:
            # made by a request whose answer was lost, or by somebody else meanwhile
            return self._adopt(self.api.dataset(error.dataset_id))
        if made is None:
            found = self._find()
            made = None if found is None else found.id
        if made is None:
            msg = f"Amazon made dataset {name} and neither tells nor lists its id."
            raise UploadError(msg)
        self.is_created = True
        logger.info("Created dataset %s (%s) in Ads Data Manager", made, name)
        return self._remember(made, name)

    # The end

    def conclude(self, report: AudienceReport, until: float | None) -> None:
        """Report the sharing rules, once, or until all are active; and the counters."""
        if self.dataset_id is None:
            return
        try:
            conclude(
                self.api,
                self.rules,
                self.dataset_id,
                report,
                until,
                (self.settings.poll_seconds, self.settings.poll_seconds_max),
            )
        except AmazonError as error:
            report.note(f"rules and counters could not be looked at: {error}")
