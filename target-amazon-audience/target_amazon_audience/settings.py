"""What the user wants, checked before the first call; a sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from singer_amazon.tap.settings_schema import REGIONS
from target_amazon_audience.consent import CONSENT_FIELDS, CONSENT_MODES, SIGNALS
from target_amazon_audience.database import DEFAULT_PATH
from target_amazon_audience.hashing import MODES, NORMALISATIONS, PII_FIELDS
from target_amazon_audience.ports import Fee
from target_amazon_audience.record import FIELDS, ID_MODES, RecordRules
from target_amazon_audience.settings_schema import (
    ACTIONS,
    DUPLICATES,
    MAX_DESCRIPTION,
    MAX_WAIT_MINUTES,
    NAME_LENGTHS,
    TARGETS,
    UPLOAD_MODES,
)
from target_amazon_audience.tables import as_country
from target_amazon_audience.values import Values

CURRENCIES = frozenset(
    {"AED", "AUD", "CAD", "CNY", "EUR", "GBP", "INR"}
    | {"JPY", "MXN", "SAR", "SEK", "TRY", "USD"}
)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One audience of a run: all settings that may differ from stream to stream."""

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
    max_rejected_percent: float
    max_delete_percent: float
    summary_path: Path | None
    state_path: Path
    is_dry: bool
    accepts_terms: bool

    @property
    def uses_amc(self) -> bool:
        """Whether records go to AMC, through a connection."""
        return self.target != "DSP"


@dataclass(frozen=True, slots=True)
class Settings:
    """The audiences of a run: by stream name, or one for all streams (``None``)."""

    region: str
    audiences: Mapping[str | None, Mapped]


def parse(config: Mapping[str, Any]) -> Settings:
    """Return the settings.

    Raises:
        ConfigError: the first wrong one, in a sentence that says how to mend it.
    """
    streams = config.get("streams") or {}
    shared = {name: value for name, value in config.items() if name != "streams"}
    audiences: dict[str | None, Mapped] = {}
    for stream, overrides in streams.items():
        audiences[stream] = _Reader({**shared, **overrides}, stream).audience()
    if not streams:
        audiences[None] = _Reader(shared, None).audience()
    return Settings(region_of(config), audiences)


def region_of(config: Mapping[str, Any]) -> str:
    """Return the region; ``dsp_region`` is another name of the setting."""
    # The SDK has filled in the default of region: only another value was written.
    return str(config.get("dsp_region") or config.get("region") or REGIONS[0])


class _Reader(Values):
    """Reads one audience's settings, in the order a person would check them."""

    def audience(self) -> Mapped:
        target = self.choice("target", TARGETS)
        advertiser = self.digits("dsp_advertiser_id")
        self._check_place(target, advertiser)
        ttl = self._ttl()
        action = self.choice("action", ACTIONS)
        self._check_action(action)
        return Mapped(
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
            audience_id=self.digits("audience_id"),
            name=self._name(),
            description=self._description(),
            fee=self._fee(),
            ttl=ttl,
            wait_minutes=self._wait(),
            poll_seconds=self.number("poll_interval_seconds"),
            poll_seconds_max=self.number("poll_interval_max_seconds"),
            merges=self.choice("duplicate_users", DUPLICATES) == "merge",
            batch_rows=self.whole("batch_size_rows"),
            batch_bytes=self.whole("batch_size_bytes"),
            rejects_path=self.path("rejects_path"),
            max_rejected_percent=self.number("max_rejected_percent"),
            max_delete_percent=self.number("mirror_max_delete_percent"),
            summary_path=self.path("summary_path"),
            state_path=self.path("state_path") or Path(DEFAULT_PATH),
            is_dry=bool(self._config.get("dry_run")),
            accepts_terms=bool(self._config.get("accept_amc_terms")),
        )

    # Which audience

    def _check_place(self, target: str, advertiser: int | None) -> None:
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

    def _check_action(self, action: str) -> None:
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
        shortest, longest = NAME_LENGTHS
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
        if not colon or not cents.strip().isdecimal():
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

    def _rules(self) -> RecordRules:
        consent = self._texts("consent", CONSENT_FIELDS)
        for name in ("amznuserdata", "amznadstorage"):
            if consent.get(name, SIGNALS[0]).strip().upper() not in SIGNALS:
                self.wrong(f"consent.{name}", f"must be one of {', '.join(SIGNALS)}")
        place = consent.get("consentcountrycode")
        if place is not None and as_country(place) is None:
            self.wrong("consent.consentcountrycode", "is no two-letter country code")
        return RecordRules(
            country=self._country(),
            field_mapping=self._texts("field_mapping", FIELDS),
            modes=self._modes(),
            normalisation=self.choice("normalisation", NORMALISATIONS),
            external_id=self.choice("external_user_id", ID_MODES),
            consent_mode=self.choice("consent_mode", CONSENT_MODES),
            consent=consent,
            is_gated=self.choice("upload_mode", UPLOAD_MODES) != "DELETE",
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
            field = str(key).lower()
            if field not in known:
                self.wrong(name, f"names {key!r}, which is none of {', '.join(known)}")
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
