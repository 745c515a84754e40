"""Settings of Ads Data Manager only; what it cannot do is refused, never ignored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_amazon_audience.settings_reader import SettingsReader

logger = logging.getLogger(__name__)

API = "ads_data_manager"
NAME_LENGTHS = (10, 127)
"""Characters of the name of a DSP audience."""
MAX_ROWS, DEFAULT_ROWS = 10_000, 5_000
MAX_BYTES = 10_000_000

_IMPOSSIBLE = {
    "audience_fee": "Ads Data Manager has no fee for DSP audiences",
    "time_to_live": (
        "Ads Data Manager takes no time to live: use upload_mode MIRROR, or api "
        "advertiser_audiences"
    ),
    "allow_ttl_zero": "Ads Data Manager takes no time to live",
    "connection_id": (
        "Ads Data Manager knows no connections: sharing rules lead to the destinations"
    ),
}
_UNUSED = ("amc_account_id", "accept_amc_terms")
_ACCOUNTS = ("manager_account_id", "ads_account_id")
_ONLY_HERE = (
    *(*_ACCOUNTS, "dsp_account_id", "dsp_entity_id", "marketplace_id"),
    *("id_retention", "accept_adm_terms", "create_data_room", "experimental_mirror"),
)
_HEADERS = dict(
    zip(
        _ACCOUNTS,
        ("Amazon-Ads-Manager-Account-ID", "Amazon-Ads-AccountId"),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class DataManagerSettings:
    """What an audience of Ads Data Manager needs beside the settings of both APIs."""

    account: str
    headers: Mapping[str, str]
    """The one header that names the account."""
    is_manager: bool
    dataset_id: str | None
    dsp_account_id: str | None
    dsp_entity_id: str | None
    marketplace_id: str | None
    id_retention: bool | None
    accepts_terms: bool
    creates_dataroom: bool

    def named_id(self, action: str) -> str | None:
        """Return the dataset that the user names; CREATE goes by the external id."""
        return self.dataset_id if action == "UPDATE" else None


def read(reader: SettingsReader) -> DataManagerSettings:
    """Return them.

    Raises:
        ConfigError: the first wrong one, or one that this API cannot fulfil.
    """
    for name, why in _IMPOSSIBLE.items():
        if reader.is_written(name):
            reader.wrong(name, f"cannot be used here: {why}")
    for name in _UNUSED:
        if reader.is_written(name):
            logger.warning("Setting %s is not used with api %s", name, API)
    account = _account(reader)
    retention = reader.value("id_retention")
    mode = reader.text("upload_mode") or ""
    if mode.upper() == "MIRROR" and not reader.value("experimental_mirror"):
        reader.wrong(
            "upload_mode",
            "MIRROR removes people, which Ads Data Manager was not yet seen to do on a "
            "real account: set experimental_mirror to try it",
        )
    return DataManagerSettings(
        account=reader.text(account) or "",
        headers={_HEADERS[account]: reader.text(account) or ""},
        is_manager=account == "manager_account_id",
        dataset_id=reader.text("audience_id"),
        dsp_account_id=_dsp_account(reader, account),
        dsp_entity_id=reader.text("dsp_entity_id"),
        marketplace_id=reader.text("marketplace_id"),
        id_retention=None if retention is None else bool(retention),
        accepts_terms=bool(reader.value("accept_adm_terms")),
        creates_dataroom=bool(reader.value("create_data_room")),
    )


def _account(reader: SettingsReader) -> str:
    """Return the name of the setting that names the account: exactly one does."""
    given = [name for name in _ACCOUNTS if reader.text(name) is not None]
    if len(given) != 1:
        fault = "is missing" if not given else "stands beside ads_account_id"
        reader.wrong(
            _ACCOUNTS[0],
            f"{fault}: api {API} needs exactly one of {' and '.join(_ACCOUNTS)}",
        )
    return given[0]


def _dsp_account(reader: SettingsReader, account: str) -> str | None:
    """Return the DSP account where it needs no look-up."""
    found = reader.text("dsp_account_id")
    if found is not None or reader.text("dsp_advertiser_id") is not None:
        return found
    return reader.text("ads_account_id") if account == "ads_account_id" else None


def check_target(reader: SettingsReader, target: str) -> None:
    """Complain where a destination of the target is not named.

    Raises:
        ConfigError: it is not.
    """
    if target in {"AMC", "AMC_AND_DSP"} and reader.text("amc_instance_id") is None:
        reader.wrong(
            "amc_instance_id",
            f"is missing: target {target} shares the dataset with an AMC instance",
        )
    names = ("dsp_account_id", "dsp_advertiser_id", "ads_account_id")
    has_dsp = any(reader.text(name) is not None for name in names)
    if target in {"DSP", "AMC_AND_DSP"} and not has_dsp:
        reader.wrong(
            "dsp_account_id",
            f"is missing: target {target} shares the dataset with a DSP advertiser; "
            "name it by dsp_account_id (ENTITY...) or dsp_advertiser_id (digits)",
        )


def check_action(reader: SettingsReader, action: str, target: str) -> None:
    """Complain where it is not said which audience.

    Raises:
        ConfigError: it is not.
    """
    external = reader.text("external_audience_id")
    if action == "CREATE" and external is None:
        reader.wrong("external_audience_id", "is missing: action CREATE needs it")
    if action == "UPDATE" and external is None and reader.text("audience_id") is None:
        reader.wrong(
            "audience_id",
            "is missing: action UPDATE needs the id of the dataset, or the "
            "external_audience_id that it was made with",
        )
    has_dsp = target in {"DSP", "AMC_AND_DSP"}
    if action == "CREATE" and has_dsp and reader.text("audience_name") is None:
        reader.wrong("audience_name", "is missing: the DSP audience is called by it")


def refuse_here(reader: SettingsReader) -> None:
    """Complain about settings of Ads Data Manager where the other API is meant.

    Raises:
        ConfigError: there is one.
    """
    for name in _ONLY_HERE:
        if reader.is_written(name):
            reader.wrong(name, f"is of Ads Data Manager only: set api to {API}")
