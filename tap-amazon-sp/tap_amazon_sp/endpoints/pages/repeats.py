"""Pages that lead nowhere: the same token, the same rows, or nothing for ever."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tap_amazon_sp.endpoints.pages.pagination import PagesError

MAX_EMPTY_PAGES = 200
"""Pages without rows in a row; some operations answer a few of them."""

_KEPT = "What was read is kept; the next run reads from the bookmark"
_encoder = msgspec.json.Encoder(order="sorted")


class SeenTokens:
    """The page tokens of one list; the same one twice would mean going in circles."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: set[bytes] = set()

    def note(self, token: str) -> None:
        """Note a token.

        Raises:
            PagesError: it was there before.
        """
        digest = _digest(token.encode("utf-8", "surrogatepass"))
        if digest in self._seen:
            msg = (
                f"{self._what}: Amazon has sent the same page token twice, after "
                f"{len(self._seen)} pages: the pages go round in a circle. {_KEPT}"
            )
            raise PagesError(msg)
        self._seen.add(digest)


class SeenRows:
    """The pages of one list by their rows: tokens may be new although pages are not."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: set[bytes] = set()
        self._empty = 0

    def note(self, rows: Sequence[Any]) -> None:
        """Note the rows of a page that has a page before or after it.

        Raises:
            PagesError: a page had just these rows, or too many had none.
        """
        if not rows:
            self._empty += 1
            if self._empty > MAX_EMPTY_PAGES:
                raise PagesError(self._nothing())
            return
        self._empty = 0
        digest = _digest(_encoder.encode(rows))
        if digest in self._seen:
            raise PagesError(self._again())
        self._seen.add(digest)

    def _again(self) -> str:
        return (
            f"{self._what}: Amazon has sent the same {len(self._seen)} pages of rows "
            "again, under a new page token: the pages go round in a circle. Check "
            f"pagination, and the parameters that go along with the token. {_KEPT}"
        )

    def _nothing(self) -> str:
        return (
            f"{self._what}: {self._empty} pages in a row had no rows, and each the "
            f"token of another one. {_KEPT}"
        )


class SeenKeys:
    """Keys made of the content of rows, within one list: equal rows share one."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def note(self, keys: Iterable[str | None]) -> None:
        """Note the keys of some rows; None where Amazon has given one."""
        self._count.update(key for key in keys if key is not None)

    def complaint(self) -> str | None:
        """Return a sentence about rows that share a key; None: there are none."""
        shared = {key: count for key, count in self._count.items() if count > 1}
        if not shared:
            return None
        more = sum(shared.values()) - len(shared)
        named = ", ".join(f"{key} {n} times" for key, n in list(shared.items())[:3])
        return (
            f"{more} rows without an id of Amazon are equal to another one, to the "
            "last digit and second, and share its key: a merging target keeps one of "
            f"each, and its sums lack the others ({named})"
        )


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
