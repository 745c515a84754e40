"""Which shards have an account to read, from the tap's list of accounts; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def shard_number(account: str, count: int) -> int:
    """Return the shard of an account, from 0 to ``count - 1``, as the taps count.

    The taps may live in an environment of their own, so theirs is not imported; a
    test compares the two.
    """
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % count


def shards_in_use(accounts: Iterable[str], count: int) -> list[int]:
    """Return the shards that have an account, in order."""
    return sorted({shard_number(account, count) for account in accounts})
