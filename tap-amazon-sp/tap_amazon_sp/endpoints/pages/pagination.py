"""How the token of the next page comes, and how it goes back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from singer_amazon.errors import AmazonError

Record = dict[str, Any]

_TOKEN_NAME = re.compile(
    r"next_?(page|pagination|continuation)?_?(token|cursor|marker)\w*|next_?page"
    r"|(page|pagination|continuation)_?(token|cursor)",
    re.IGNORECASE,
)
_MAX_NAME = 100


class PagesError(AmazonError):
    """The pages of an endpoint cannot be followed; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Pagination:
    """A family of endpoints: how the token of the next page comes and goes back.

    `token_path` is dotted, from the top of the response. With `send_alone` no other
    parameter may go along with the token; else all of them must. `with_token` are
    parameters of every page but the first.
    """

    token_param: str
    token_path: str
    send_alone: bool = False
    with_token: tuple[tuple[str, str], ...] = ()

    def token(self, response: Mapping[str, Any]) -> str | None:
        """Return the token of the next page; None on the last one."""
        found = at(response, self.token_path)
        if found is None or found == "":
            return None
        if isinstance(found, (str, int)) and not isinstance(found, bool):
            return str(found)
        msg = (
            f"what stands at {self.token_path} is no page token but "
            f"{type(found).__name__}: pagination.token_path names the text itself"
        )
        raise PagesError(msg)

    def next_params(self, params: Mapping[str, Any], token: str) -> dict[str, Any]:
        """Return the parameters of the request for the next page."""
        kept = {} if self.send_alone else params
        return {**kept, **dict(self.with_token), self.token_param: token}


def unclaimed(response: Mapping[str, Any], depth: int = 3) -> str | None:
    """Return the path of a page token in a response: no page is lost unseen."""
    for name, value in response.items():
        is_token = isinstance(value, (str, int)) and not isinstance(value, bool)
        if is_token and value != "" and _TOKEN_NAME.fullmatch(name[:_MAX_NAME]):
            return name
        if isinstance(value, Mapping) and depth > 1:
            below = unclaimed(value, depth - 1)
            if below is not None:
                return f"{name}.{below}"
    return None


def at(response: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON there is
    """Return what is at a dotted path, None if nothing is."""
    value: Any = response
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
