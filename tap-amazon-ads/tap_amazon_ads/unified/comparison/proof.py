"""Where v3 and v1 have been found to agree: what `compare` writes and the tap reads.

    {"version": 1, "accounts": {"<profile id>": {"SPONSORED_PRODUCTS": {
        "checked_at": "2026-11-20T12:00:00+00:00", "passed": true,
        "days": "2026-11-02..2026-11-15", "result": "agree"}}}}

DSP accounts stand under the agency profile, or the linked advertiser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from singer_amazon.errors import ConfigError

PROOF_DAYS = 30
"""How long a comparison that passed is good for."""
VERSION = 1
_Key = tuple[str, str]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison found for one account and ad product."""

    checked_at: datetime
    passed: bool
    days: str = ""
    result: str = ""


class _File(msgspec.Struct, kw_only=True):
    version: int
    accounts: dict[str, dict[str, Record]]


@dataclass(frozen=True, slots=True)
class Proof:
    """All that was found, by account and ad product."""

    records: Mapping[_Key, Record] = field(default_factory=dict)

    def is_good(self, account: str, ad_product: str, now: datetime) -> bool:
        """Whether v1 may be used: the last comparison passed, not long ago."""
        record = self.records.get((account, ad_product))
        if record is None or not record.passed:
            return False
        return now - record.checked_at <= timedelta(days=PROOF_DAYS)

    def joined(self, records: Mapping[_Key, Record]) -> Proof:
        """Return it with newer findings; those of other accounts stay."""
        return Proof({**self.records, **records})


def read_proof(content: bytes, name: str) -> Proof:
    """Read what `proof_bytes` wrote; an empty file has no findings.

    Raises:
        ConfigError: it is something else.
    """
    if not content.strip():
        return Proof()
    try:
        found = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = (
            f"proof_path: {name} is no file of tap-amazon-ads compare ({error}): name "
            "another, or remove it and compare again"
        )
        raise ConfigError(msg) from None
    if found.version != VERSION:
        msg = f"proof_path: {name} is of version {found.version}, not {VERSION}"
        raise ConfigError(msg)
    return Proof(
        {
            (account, product): _aware(record, name)
            for account, products in found.accounts.items()
            for product, record in products.items()
        }
    )


def _aware(record: Record, name: str) -> Record:
    if record.checked_at.tzinfo is None:
        msg = f"proof_path: {name} has a time without a zone: compare again"
        raise ConfigError(msg)
    return record


def proof_bytes(proof: Proof) -> bytes:
    """Return the file, sorted, for people to read."""
    accounts: dict[str, dict[str, Record]] = {}
    for account, product in _sorted(proof.records):
        accounts.setdefault(account, {})[product] = proof.records[account, product]
    content = msgspec.json.encode(_File(version=VERSION, accounts=accounts))
    return msgspec.json.format(content) + b"\n"


def _sorted(keys: Iterable[_Key]) -> list[_Key]:
    return sorted(keys)
