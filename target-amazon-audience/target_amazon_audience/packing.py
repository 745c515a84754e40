"""How the personal data of one person is kept: packed, and comparable as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from target_amazon_audience import wire

if TYPE_CHECKING:
    from target_amazon_audience.store import Store


class _Carried(msgspec.Struct):
    """Whom a row of a payload is about, and with which data."""

    externalUserId: str  # noqa: N815 - Amazon's name
    hashedPII: list[msgspec.Raw]  # noqa: N815 - Amazon's name


_unpack = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_payload = msgspec.json.Decoder(list[_Carried]).decode


def carried(payload: bytes) -> dict[str, str]:
    """Return the packed data of each person in a payload."""
    return {
        row.externalUserId: pack(bytes(raw).decode() for raw in row.hashedPII)
        for row in _read_payload(payload)
    }


def pack(pii: Iterable[str]) -> str:
    """Return the objects of a person in an order of their own, comparable as bytes."""
    return f"[{','.join(sorted(pii))}]"


def unpack(packed: str) -> tuple[str, ...]:
    """Return the objects that ``pack`` took."""
    return tuple(bytes(raw).decode() for raw in _unpack(packed))


def both(old: str | None, new: str) -> str:
    """Join the objects of two records of one person, called by SQLite."""
    if old is None or old == new:
        return new
    return pack(tuple(dict.fromkeys((*unpack(old), *unpack(new))))[: wire.MOST_OBJECTS])


def teach(store: Store) -> None:
    """Let SQL join the data of two records of one person."""
    with store.reading() as db:
        db.create_function("both", 2, both, deterministic=True)
