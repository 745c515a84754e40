"""What the user wants, checked before the first call; a sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from singer_amazon.errors import ConfigError
from singer_amazon.regions import REGIONS
from singer_amazon.shards.shard import SETTING as SHARD
from singer_amazon.shards.shard import Shard
from target_amazon_audience.amc.models import (
    Fee,
)
from target_amazon_audience.data_manager import settings as data_manager
from target_amazon_audience.data_manager.payload import RULES as DATA_MANAGER_RULES
from target_amazon_audience.matching.consent import (
    CONSENT_FIELDS,
    CONSENT_MODES,
    SIGNALS,
)
from target_amazon_audience.matching.fields import (
    FIELDS,
)
from target_amazon_audience.matching.hashing import MODES, NORMALISATIONS, PII_FIELDS
from target_amazon_audience.matching.reference import as_country
from target_amazon_audience.matching.rules import (
    ID_MODES,
    ApiRules,
    RecordRules,
)
from target_amazon_audience.setting_names import (
    unknown,
)
from target_amazon_audience.settings_reader import SettingsReader
from target_amazon_audience.settings_schema import (
    ACTIONS,
    APIS,
    DUPLICATES,
    MAX_DESCRIPTION,
    MAX_WAIT_MINUTES,
    NAME_LENGTHS,
    TARGETS,
    UPLOAD_MODES,
)
from target_amazon_audience.state.database import DEFAULT_PATH

CURRENCIES = frozenset(
    {"AED", "AUD", "CAD", "CNY", "EUR", "GBP", "INR"}
    | {"JPY", "MXN", "SAR", "SEK", "TRY", "USD"}
)
_MAX_CENTS = 9
"""Digits of a fee."""


@dataclass(frozen=True, slots=True)
class AudienceSettings:
    """One audience of a run: all settings that may differ from stream to stream."""

    api: str
    action: str
    upload_mode: str
    target: str
    rules: RecordRules
    country: str
    instance_id: str | None
    account_id: str | None
    connection_id: str | None
    advertiser_id: str | None
    external_audience_id: str | None
    audience_id: int | None
    name: str | None
    description: str | None
    fee: Fee | None
    ttl: int | None
    wait_minutes: int | None
    """None: do not wait."""
    poll_seconds: float
    poll_seconds_max: float
    merges: bool
    batch_rows: int
    batch_bytes: int
    rejects_path: Path | None
    max_rejected_percent: float | None
    """None: not all of them."""
    max_delete_percent: float
    summary_path: Path | None
    state_path: Path
    is_dry: bool
    accepts_terms: bool
    data_manager: data_manager.DataManagerSettings | None = None
    """Of audiences in Ads Data Manager."""

    @property
    def label(self) -> str:
        """What people know the audience by."""
        return f"audience {self.id_text}"

    @property
    def id_text(self) -> str:
        """The audience's id: two streams of one audience have the same."""
        dataset_id = self.data_manager and self.data_manager.dataset_id
        return str(self.external_audience_id or dataset_id or self.audience_id)

    @property
    def is_mirror(self) -> bool:
        """Whether the audience becomes what the input says."""
        return self.upload_mode == "MIRROR"

    @property
    def uses_amc(self) -> bool:
        """Whether records go to AMC, through a connection."""
        return self.target != "DSP"


@dataclass(frozen=True, slots=True)
class Settings:
    """The audiences of a run: by stream name, or one for all streams (``None``)."""

    region: str
    max_runtime: float
    """Seconds after which nothing that Amazon puts off is waited for."""
    audiences: Mapping[str | None, AudienceSettings]
    other_streams: frozenset[str] = frozenset()
    """Streams whose audiences belong to other shards."""
    summary_path: Path | None = None
    """Where the summary goes of a shard that has no audience."""


def parse(config: Mapping[str, Any]) -> Settings:
    """Return the settings.

    Raises:
        ConfigError: the first wrong one, in a sentence that says how to mend it.
    """
    streams = config.get("streams") or {}
    shared = {name: value for name, value in config.items() if name != "streams"}
    audiences: dict[str | None, AudienceSettings] = {}
    for stream, overrides in streams.items():
        audiences[stream] = _audience({**shared, **overrides}, stream)
    if not streams:
        audiences[None] = _audience(shared, None)
    max_runtime = SettingsReader(config, None).number("max_runtime_seconds")
    others = _of_other_shards(config, audiences)
    mine = {name: found for name, found in audiences.items() if name not in others}
    summary_path = None if mine else SettingsReader(config, None).path("summary_path")
    return Settings(region_of(config), max_runtime, mine, others, summary_path)


def _of_other_shards(
    config: Mapping[str, Any], audiences: Mapping[str | None, AudienceSettings]
) -> frozenset[str]:
    """Return the streams whose audience, by its id, is none of this shard.

    Raises:
        ConfigError: there is no such shard, or nothing to divide.
    """
    shard = Shard.of(config)
    if shard.is_all:
        return frozenset()
    if None in audiences:
        msg = (
            f"Setting {SHARD} divides the audiences of streams, and streams is not "
            "set: leave it out."
        )
        raise ConfigError(msg)
    return frozenset(
        stream
        for stream, audience in audiences.items()
        if stream is not None and not shard.has(audience.id_text)
    )


def region_of(config: Mapping[str, Any]) -> str:
    """Return the region; ``dsp_region`` is another name of the setting."""
    # The SDK has filled in the default of region: only another value was written.
    return str(config.get("dsp_region") or config.get("region") or REGIONS[0])


def _audience(config: Mapping[str, Any], stream: str | None) -> AudienceSettings:
    """Return the settings of one audience, as its API wants them."""
    api = SettingsReader(config, stream).choice("api", APIS)
    return _READERS[api](config, stream).audience(api)


class _AudienceReader(SettingsReader):
    """Reads one audience's settings, in the order a person would check them."""

    _name_lengths = NAME_LENGTHS
    _api_rules = ApiRules()
    _rows = 6000
    """Rows of a batch where nothing is written."""

    def audience(self, api: str) -> AudienceSettings:
        dataset_settings = self._data_manager()
        target = self.choice("target", TARGETS)
        advertiser = self.digits("dsp_advertiser_id")
        self._check_target(target, advertiser)
        ttl = self._ttl()
        action = self.choice("action", ACTIONS)
        self._check_action(action, target)
        return AudienceSettings(
            api=api,
            action=action,
            upload_mode=self.choice("upload_mode", UPLOAD_MODES),
            target=target,
            rules=self._rules(),
            country=self._country(),
            instance_id=self.text("amc_instance_id"),
            account_id=self.text("amc_account_id"),
            connection_id=self.text("connection_id"),
            advertiser_id=None if advertiser is None else str(advertiser),
            external_audience_id=self.text("external_audience_id"),
            audience_id=self._audience_id(),
            name=self._name(),
            description=self._description(),
            fee=self._fee(),
            ttl=ttl,
            wait_minutes=self._wait(),
            poll_seconds=self.number("poll_interval_seconds"),
            poll_seconds_max=self.number("poll_interval_max_seconds"),
            merges=self.choice("duplicate_users", DUPLICATES) == "merge",
            batch_rows=self._batch_rows(),
            batch_bytes=self._batch_bytes(),
            rejects_path=self.path("rejects_path"),
            max_rejected_percent=self._max_rejected(),
            max_delete_percent=self.number("mirror_max_delete_percent"),
            summary_path=self.path("summary_path"),
            state_path=self.path("state_path") or Path(DEFAULT_PATH),
            is_dry=bool(self._config.get("dry_run")),
            accepts_terms=bool(self._config.get("accept_amc_terms")),
            data_manager=dataset_settings,
        )

    def _data_manager(self) -> data_manager.DataManagerSettings | None:
        data_manager.refuse_here(self)
        return None

    # Which audience

    def _audience_id(self) -> int | None:
        return self.digits("audience_id")

    def _check_target(self, target: str, advertiser: int | None) -> None:
        if target == "NONE":
            self.wrong("target", f"NONE is of api {data_manager.API} only")
        if target != "AMC" and advertiser is None:
            self.wrong(
                "dsp_advertiser_id",
                f"is missing: target {target} delivers to a DSP advertiser",
            )
        if target != "DSP" and not (
            self.text("amc_instance_id") or self.text("connection_id")
        ):
            self.wrong(
                "amc_instance_id",
                f"is missing: target {target} needs the AMC instance, or a "
                "connection_id that leads to it",
            )

    def _check_action(self, action: str, target: str) -> None:  # noqa: ARG002
        if action == "UPDATE":
            if self.digits("audience_id") is None:
                self.wrong(
                    "audience_id",
                    "is missing: action UPDATE needs the id that was printed when the "
                    "audience was created",
                )
            return
        for name in ("external_audience_id", "audience_name"):
            if self.text(name) is None:
                self.wrong(name, "is missing: action CREATE needs it")

    def _name(self) -> str | None:
        name = self.text("audience_name")
        shortest, longest = self._name_lengths
        if name is not None and not shortest <= len(name) <= longest:
            self.wrong(
                "audience_name",
                f"has {len(name)} characters: Amazon wants {shortest} to {longest}",
            )
        return name

    def _description(self) -> str | None:
        text = self._config.get("audience_description")
        if text is not None and len(str(text)) > MAX_DESCRIPTION:
            self.wrong(
                "audience_description",
                f"has {len(str(text))} characters: Amazon takes up to "
                f"{MAX_DESCRIPTION}",
            )
        return None if text is None else str(text)

    def _fee(self) -> Fee | None:
        text = self.text("audience_fee")
        if text is None:
            return None
        currency, colon, cents = text.partition(":")
        currency = currency.strip().upper()
        cents = cents.strip()
        if not colon or not (cents.isdecimal() and len(cents) <= _MAX_CENTS):
            self.wrong(
                "audience_fee",
                f"is {text!r}: write currency:cents, such as USD:100 for 1.00 USD",
            )
        if currency not in CURRENCIES:
            self.wrong(
                "audience_fee",
                f"names the currency {currency!r}: Amazon takes "
                f"{', '.join(sorted(CURRENCIES))}",
            )
        return Fee(currency, int(cents))

    def _ttl(self) -> int | None:
        if self._config.get("time_to_live") is None:
            return None
        ttl = self.whole("time_to_live")
        if ttl == 0 and not self._config.get("allow_ttl_zero"):
            self.wrong(
                "time_to_live",
                "is 0, which empties the audience: set allow_ttl_zero if you mean it",
            )
        return ttl

    def _country(self) -> str:
        text = self.text("country_code")
        if text is None:
            self.wrong(
                "country_code",
                "is missing: name the two-letter country of records without their own",
            )
        code = as_country(text)
        if code is None:
            self.wrong(
                "country_code",
                f"is {text!r}, which is no two-letter country code, such as US or GB",
            )
        return code

    # Records

    def _batch_rows(self) -> int:
        is_written = self._config.get("batch_size_rows") is not None
        return self.whole("batch_size_rows") if is_written else self._rows

    def _batch_bytes(self) -> int:
        return self.whole("batch_size_bytes")

    def _max_rejected(self) -> float | None:
        is_written = self._config.get("max_rejected_percent") is not None
        return self.number("max_rejected_percent") if is_written else None

    def _rules(self) -> RecordRules:
        consent = self._texts("consent", CONSENT_FIELDS)
        for name in ("amznuserdata", "amznadstorage"):
            if consent.get(name, SIGNALS[0]).strip().upper() not in SIGNALS:
                self.wrong(f"consent.{name}", f"must be one of {', '.join(SIGNALS)}")
        country = consent.get("consentcountrycode")
        if country is not None and as_country(country) is None:
            self.wrong("consent.consentcountrycode", "is no two-letter country code")
        return RecordRules(
            country=self._country(),
            field_mapping=self._texts("field_mapping", FIELDS),
            modes=self._modes(),
            normalisation=self.choice("normalisation", NORMALISATIONS),
            external_id=self.choice("external_user_id", ID_MODES),
            consent_mode=self.choice("consent_mode", CONSENT_MODES),
            consent=consent,
            needs_consent=self.choice("upload_mode", UPLOAD_MODES) != "DELETE",
            api=self._api_rules,
        )

    def _modes(self) -> dict[str, str]:
        modes = self._texts("hashing", PII_FIELDS)
        for name, mode in modes.items():
            if mode not in MODES:
                self.wrong(
                    f"hashing.{name}", f"is {mode!r}: use one of {', '.join(MODES)}"
                )
        return modes

    def _texts(self, name: str, known: tuple[str, ...]) -> dict[str, str]:
        found = {}
        for key, value in (self._config.get(name) or {}).items():
            field = str(key).strip().lower()
            if field not in known:
                if name == "field_mapping" and str(value).lower() in known:
                    self.wrong(
                        name,
                        f"has {key!r}: write it the other way round, our field first: "
                        f"{{{str(value).lower()!r}: {key!r}}}",
                    )
                self.wrong(
                    name,
                    f"names {key!r}, which is none of {', '.join(known)}: "
                    f"{unknown(field, known)}",
                )
            found[field] = str(value)
        return found

    # Waiting

    def _wait(self) -> int | None:
        minutes = self._config.get("max_wait_time")
        if minutes is not None:
            minutes = self.whole("max_wait_time")
        if not self._config.get("wait_until_finish"):
            return None
        if minutes is None:
            self.wrong(
                "max_wait_time",
                "is missing: wait_until_finish needs the minutes, 1 to "
                f"{MAX_WAIT_MINUTES}",
            )
        return int(minutes)


class _DatasetReader(_AudienceReader):
    """Reads the settings of an audience in Ads Data Manager."""

    _name_lengths = data_manager.NAME_LENGTHS
    _api_rules = DATA_MANAGER_RULES
    _rows = data_manager.DEFAULT_ROWS

    def _data_manager(self) -> data_manager.DataManagerSettings:
        return data_manager.read(self)

    def _audience_id(self) -> None:
        """Datasets are known by text."""

    def _check_target(self, target: str, advertiser: int | None) -> None:  # noqa: ARG002
        data_manager.check_target(self, target)

    def _check_action(self, action: str, target: str) -> None:
        data_manager.check_action(self, action, target)

    def _batch_bytes(self) -> int:
        most, found = data_manager.MAX_BYTES, super()._batch_bytes()
        if found > most:
            self.wrong("batch_size_bytes", f"is {found}: Amazon takes {most} at most")
        return found


_READERS: Mapping[str, type[_AudienceReader]] = {
    APIS[0]: _AudienceReader,
    data_manager.API: _DatasetReader,
}
