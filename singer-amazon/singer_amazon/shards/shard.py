"""Which accounts a run reads where several runs share them; pure.

An account's shard is the first eight bytes of the SHA-256 of its id (UTF-8), as a
number, modulo how many shards there are. That must never change: the state of each
account lies in the state of its shard.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from singer_amazon.errors import ConfigError

SETTING = "shard"
MAX_SHARDS = 10_000
_FORM = re.compile(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", re.ASCII)


def shard_number(account: str, count: int) -> int:
    """Return the shard of an account, from 0 to ``count - 1``."""
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % count


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of all accounts, counted from 0."""

    number: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read a text such as ``3/16``.

        Raises:
            ConfigError: there is no such shard.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            msg = (
                f"{SETTING} {text[:40]!r} is none: write the number of the shard and "
                'how many there are, such as "3/16"'
            )
            raise ConfigError(msg)
        number, count = map(int, found.groups())
        if not 1 <= count <= MAX_SHARDS:
            msg = f"{SETTING} {text!r}: there can be 1 to {MAX_SHARDS:,} shards"
            raise ConfigError(msg)
        if number >= count:
            msg = (
                f"{SETTING} {text!r} is none: shards are counted from 0, the last one "
                f'of {count} is "{count - 1}/{count}"'
            )
            raise ConfigError(msg)
        return cls(number, count)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shard:
        """Return the shard of the settings; all accounts where none is named.

        Raises:
            ConfigError: there is no such shard.
        """
        text = config.get(SETTING)
        return cls() if text is None else cls.parse(str(text))

    @property
    def is_all(self) -> bool:
        """Whether every account belongs to it."""
        return self.count == 1

    def has(self, account: str) -> bool:
        """Whether an account, by its id, belongs to it."""
        return self.is_all or shard_number(account, self.count) == self.number

    def __str__(self) -> str:
        """Return it as it is written in the settings."""
        return f"{self.number}/{self.count}"
