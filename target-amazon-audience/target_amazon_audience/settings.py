"""What the user wants, checked before the first call; a sentence for what is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from singer_amazon.errors import ConfigError
from target_amazon_audience.batching import MOST_ROWS
from target_amazon_audience.consent import CONSENT_FIELDS, CONSENT_MODES, SIGNALS
from target_amazon_audience.database import DEFAULT_PATH
from target_amazon_audience.hashing import MODES, NORMALISATIONS, PII_FIELDS
from target_amazon_audience.ports import Fee
from target_amazon_audience.record import FIELDS, ID_MODES, RecordRules
from target_amazon_audience.tables import as_country

ACTIONS = ("CREATE", "UPDATE")
UPLOAD_MODES = ("APPEND", "DELETE", "MIRROR")
TARGETS = ("AMC", "AMC_AND_DSP", "DSP")
DUPLICATES = ("merge", "last")
REGIONS = ("NA", "EU", "FE")
LONGEST_TTL = 34_300_800
"""Seconds a member may stay: 397 days."""
LONGEST_WAIT = 1380
"""Minutes that a run may wait for Amazon."""
CURRENCIES = frozenset(
    {"AED", "AUD", "CAD", "CNY", "EUR", "GBP", "INR"}
    | {"JPY", "MXN", "SAR", "SEK", "TRY", "USD"}
)
CAPITALS = frozenset({"action", "upload_mode", "target", "region", "dsp_region"})
SMALL_LETTERS = frozenset(
    {"normalisation", "external_user_id", "duplicate_users", "consent_mode"}
)

_NAME_LENGTHS = (10, 128)
_LONGEST_DESCRIPTION = 1000
_LARGEST_ID = 2**63 - 1
_PERCENT = 100


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


class _Reader:
    """Reads one audience's settings, in the order a person would check them."""

    def __init__(self, config: Mapping[str, Any], stream: str | None) -> None:
        self._config = config
        self._where = "" if stream is None else f" (stream {stream})"

    def audience(self) -> Mapped:
        target = self._choice("target", TARGETS)
        advertiser = self._digits("dsp_advertiser_id")
        self._check_place(target, advertiser)
        ttl = self._ttl()
        action = self._choice("action", ACTIONS)
        self._check_action(action)
        return Mapped(
            action=action,
            upload_mode=self._choice("upload_mode", UPLOAD_MODES),
            target=target,
            rules=self._rules(),
            country=self._country(),
            instance_id=self._text("amc_instance_id"),
            account_id=self._text("amc_account_id"),
            connection_id=self._text("connection_id"),
            advertiser_id=None if advertiser is None else str(advertiser),
            external_audience_id=self._text("external_audience_id"),
            audience_id=self._digits("audience_id"),
            name=self._name(),
            description=self._description(),
            fee=self._fee(),
            ttl=ttl,
            wait_minutes=self._wait(),
            poll_seconds=self._number("poll_interval_seconds", 30, least=0.001),
            poll_seconds_max=self._number(
                "poll_interval_max_seconds", 300, least=0.001
            ),
            merges=self._choice("duplicate_users", DUPLICATES) == "merge",
            batch_rows=self._whole("batch_size_rows", 6000, 1, MOST_ROWS),
            batch_bytes=self._whole("batch_size_bytes", 4_000_000, 1000, 10**9),
            rejects_path=self._path("rejects_path"),
            max_rejected_percent=self._percent("max_rejected_percent", 100),
            max_delete_percent=self._percent("mirror_max_delete_percent", 20),
            summary_path=self._path("summary_path"),
            state_path=self._path("state_path") or Path(DEFAULT_PATH),
            is_dry=bool(self._config.get("dry_run")),
            accepts_terms=bool(self._config.get("accept_amc_terms")),
        )

    # Which audience

    def _check_place(self, target: str, advertiser: int | None) -> None:
        if target != "AMC" and advertiser is None:
            self._wrong(
                "dsp_advertiser_id",
                f"is missing: target {target} delivers to a DSP advertiser",
            )
        if target != "DSP" and not (
            self._text("amc_instance_id") or self._text("connection_id")
        ):
            self._wrong(
                "amc_instance_id",
                f"is missing: target {target} needs the AMC instance, or a "
                "connection_id that leads to it",
            )

    def _check_action(self, action: str) -> None:
        if action == "UPDATE":
            if self._digits("audience_id") is None:
                self._wrong(
                    "audience_id",
                    "is missing: action UPDATE needs the id that was printed when the "
                    "audience was created",
                )
            return
        for name in ("external_audience_id", "audience_name"):
            if self._text(name) is None:
                self._wrong(name, "is missing: action CREATE needs it")

    def _name(self) -> str | None:
        name = self._text("audience_name")
        shortest, longest = _NAME_LENGTHS
        if name is not None and not shortest <= len(name) <= longest:
            self._wrong(
                "audience_name",
                f"has {len(name)} characters: Amazon wants {shortest} to {longest}",
            )
        return name

    def _description(self) -> str | None:
        text = self._config.get("audience_description")
        if text is not None and len(str(text)) > _LONGEST_DESCRIPTION:
            self._wrong(
                "audience_description",
                f"has {len(str(text))} characters: Amazon takes up to "
                f"{_LONGEST_DESCRIPTION}",
            )
        return None if text is None else str(text)

    def _fee(self) -> Fee | None:
        text = self._text("audience_fee")
        if text is None:
            return None
        currency, colon, cents = text.partition(":")
        currency = currency.strip().upper()
        if not colon or not cents.strip().isdecimal():
            self._wrong(
                "audience_fee",
                f"is {text!r}: write currency:cents, such as USD:100 for 1.00 USD",
            )
        if currency not in CURRENCIES:
            self._wrong(
                "audience_fee",
                f"names the currency {currency!r}: Amazon takes "
                f"{', '.join(sorted(CURRENCIES))}",
            )
        return Fee(currency, int(cents))

    def _ttl(self) -> int | None:
        if self._config.get("time_to_live") is None:
            return None
        ttl = self._whole("time_to_live", 0, 0, LONGEST_TTL)
        if ttl == 0 and not self._config.get("allow_ttl_zero"):
            self._wrong(
                "time_to_live",
                "is 0, which empties the audience: set allow_ttl_zero if you mean it",
            )
        return ttl

    def _country(self) -> str:
        text = self._text("country_code")
        if text is None:
            self._wrong(
                "country_code",
                "is missing: name the two-letter country of records without their own",
            )
        code = as_country(text)
        if code is None:
            self._wrong(
                "country_code",
                f"is {text!r}, which is no two-letter country code, such as US or GB",
            )
        return code

    # Records

    def _rules(self) -> RecordRules:
        consent = self._texts("consent", CONSENT_FIELDS)
        for name in ("amznuserdata", "amznadstorage"):
            if consent.get(name, SIGNALS[0]).strip().upper() not in SIGNALS:
                self._wrong(f"consent.{name}", f"must be one of {', '.join(SIGNALS)}")
        place = consent.get("consentcountrycode")
        if place is not None and as_country(place) is None:
            self._wrong("consent.consentcountrycode", "is no two-letter country code")
        return RecordRules(
            country=self._country(),
            field_mapping=self._texts("field_mapping", FIELDS),
            modes=self._modes(),
            normalisation=self._choice("normalisation", NORMALISATIONS),
            external_id=self._choice("external_user_id", ID_MODES),
            consent_mode=self._choice("consent_mode", CONSENT_MODES),
            consent=consent,
            is_gated=self._choice("upload_mode", UPLOAD_MODES) != "DELETE",
        )

    def _modes(self) -> dict[str, str]:
        modes = self._texts("hashing", PII_FIELDS)
        for name, mode in modes.items():
            if mode not in MODES:
                self._wrong(
                    f"hashing.{name}", f"is {mode!r}: use one of {', '.join(MODES)}"
                )
        return modes

    def _texts(self, name: str, known: tuple[str, ...]) -> dict[str, str]:
        found = {}
        for key, value in (self._config.get(name) or {}).items():
            field = str(key).lower()
            if field not in known:
                self._wrong(name, f"names {key!r}, which is none of {', '.join(known)}")
            found[field] = str(value)
        return found

    # Waiting

    def _wait(self) -> int | None:
        minutes = self._config.get("max_wait_time")
        if minutes is not None:
            minutes = self._whole("max_wait_time", 0, 1, LONGEST_WAIT)
        if not self._config.get("wait_until_finish"):
            return None
        if minutes is None:
            self._wrong(
                "max_wait_time",
                f"is missing: wait_until_finish needs the minutes, 1 to {LONGEST_WAIT}",
            )
        return int(minutes)

    # Kinds of values

    def _text(self, name: str) -> str | None:
        value = self._config.get(name)
        return None if value is None else str(value).strip() or None

    def _choice(self, name: str, values: tuple[str, ...]) -> str:
        value = self._text(name) or values[0]
        value = value.upper() if name in CAPITALS else value.lower()
        if value not in values:
            self._wrong(name, f"is {value!r}: use one of {', '.join(values)}")
        return value

    def _digits(self, name: str) -> int | None:
        text = self._text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()) or int(text) > _LARGEST_ID:
            self._wrong(name, f"is {text!r}: the id is a string of digits")
        return int(text)

    def _path(self, name: str) -> Path | None:
        text = self._text(name)
        if text is None:
            return None
        path = Path(text).expanduser()
        if path.is_dir():
            self._wrong(name, f"names the folder {text!r}: name a file in it")
        return path

    def _number(
        self, name: str, default: float, least: float = 0, most: float = math.inf
    ) -> float:
        value = self._config.get(name)
        if value is None:
            return default
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not least <= number <= most:
            span = f"from {least:g}" + ("" if most == math.inf else f" to {most:g}")
            self._wrong(name, f"is {value!r}: give a number {span}")
        return number

    def _whole(self, name: str, default: int, least: int, most: int) -> int:
        number = self._number(name, default, least, most)
        if number != int(number):
            self._wrong(name, f"is {number}: give a whole number")
        return int(number)

    def _percent(self, name: str, default: float) -> float:
        return self._number(name, default, 0, _PERCENT)

    def _wrong(self, name: str, words: str) -> NoReturn:
        msg = f"Setting {name}{self._where} {words}."
        raise ConfigError(msg)
