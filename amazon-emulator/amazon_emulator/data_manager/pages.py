"""Lists page by page: a page token works once, and for its own list only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from amazon_emulator.http import RefusalError
from amazon_emulator.state import seeded_token

if TYPE_CHECKING:
    from amazon_emulator.state import EmulatorState

_Item = TypeVar("_Item")


class Pages:
    """The page tokens that were given and not yet used."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self.reset()

    def reset(self) -> None:
        """Forget all tokens."""
        with self._state.lock:
            self._starts: dict[str, tuple[str, int]] = {}
            self._issued = 0

    def page(
        self, name: str, items: Sequence[_Item], size: int, token: str | None
    ) -> tuple[Sequence[_Item], Mapping[str, object]]:
        """Return a page of the list `name`, and `nextToken` if there is more."""
        start = self._take(name, token) if token else 0
        end = start + min(size, self._state.settings.adm_page_size)
        if end >= len(items):
            return items[start:], {}
        return items[start:end], {"nextToken": self._give(name, end)}

    def _take(self, name: str, token: str) -> int:
        with self._state.lock:
            known, start = self._starts.pop(token, ("", 0))
        if known != name:
            raise RefusalError(400, "nextToken is not valid")
        return start

    def _give(self, name: str, start: int) -> str:
        with self._state.lock:
            self._issued += 1
            seed = f"{self._state.settings.seed}|page|{self._issued}"
            token = seeded_token("page", seed)[:40]
            self._starts[token] = (name, start)
            return token
