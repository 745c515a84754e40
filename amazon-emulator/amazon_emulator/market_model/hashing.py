"""Numbers that follow from words: the only source of chance in the model."""

from __future__ import annotations

from hashlib import blake2b
from zlib import crc32


def number_of(*parts: object) -> int:
    """Return 32 bits that follow from the parts."""
    return crc32("|".join(map(str, parts)).encode())


class Draws:
    """Draws from 512 bits, in a fixed order."""

    __slots__ = ("_rest",)

    def __init__(self, *parts: object) -> None:
        words = "|".join(map(str, parts)).encode()
        self._rest = int.from_bytes(blake2b(words).digest(), "big")

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1."""
        self._rest, drawn = divmod(self._rest, limit)
        return drawn
