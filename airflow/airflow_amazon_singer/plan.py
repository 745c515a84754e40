"""Which shards have an account to read, from the tap's `plan --json`; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

ACCOUNT_NAMES = ("profile_id", "advertiser_id", "account_name")


def shard_number(account: str, count: int) -> int:
    """Return the shard of an account, from 0 to ``count - 1``, as the taps count.

    The taps may live in an environment of their own, so theirs is not imported; a
    test compares the two.
    """
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % count


def accounts(plan: Mapping[str, Any]) -> set[str]:
    """Return the ids of the accounts that a plan names."""
    contexts = (report.get("context") or {} for report in plan["reports"])
    found = (
        next((str(c[n]) for n in ACCOUNT_NAMES if c.get(n) is not None), None)
        for c in contexts
    )
    return {account for account in found if account is not None}


def shards_in_use(plan: Mapping[str, Any], count: int) -> list[int]:
    """Return the shards that have an account, in order."""
    return sorted({shard_number(account, count) for account in accounts(plan)})
