"""Paths that are in no model: below `/unlisted/`, as a control call describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.selling_partner.access.list_faults import put
from amazon_emulator.selling_partner.endpoints.paging import Family, ListingService

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant

Json = dict[str, object]
PREFIX = "/unlisted/"


class CustomPathError(ValueError):
    """A description of a path that cannot work; the text says why."""


@dataclass(frozen=True, slots=True)
class CustomPath:
    """One listing on a path of its own."""

    path: str
    """`*` stands for anything: `/unlisted/v1/things/*/parts`."""
    records: list[object]
    page_size: int = 2
    list_path: str = "payload.Items"
    """Where the rows are; empty: the records are answered one by one, the first."""
    token_parameter: str = "NextToken"  # noqa: S105 - a parameter's name
    token_path: str = "payload.NextToken"  # noqa: S105 - a place in an answer
    token_life_seconds: float = 86400

    @classmethod
    def parse(cls, given: Mapping[str, object]) -> CustomPath:
        """Read a description; `path` is required, and `records` or their number."""
        described = dict(given)
        count = described.pop("rows", 7)
        known = {item.name for item in fields(cls)}
        unknown = set(described) - known
        path = described.get("path")
        if unknown or not isinstance(path, str) or not path.startswith(PREFIX):
            message = (
                f"A path begins with {PREFIX} and takes {', '.join(sorted(known))} "
                f"and rows, not {', '.join(sorted(unknown)) or path}."
            )
            raise CustomPathError(message)
        if "records" not in described:
            described["records"] = [
                {"id": f"row-{number}", "number": number}
                for number in range(int(str(count)))
            ]
        return cls(**described)  # type: ignore[arg-type] # checked where it is used


class CustomService(ListingService):
    """Answers the described paths, newest description first; 404 for others."""

    def __init__(self, authorization: Authorization) -> None:
        super().__init__(authorization)
        self.paths: list[CustomPath] = []

    def add(self, given: Mapping[str, object]) -> Json:
        """Add the description of a path."""
        made = CustomPath.parse(given)
        self.paths.insert(0, made)
        return asdict(made)

    @route("GET", f"{PREFIX}<path:rest>", "unlisted")
    def listed(self, call: Call, _: Grant) -> Response:
        """List the records of a path page by page."""
        path = call.request.path
        found = next((p for p in self.paths if fnmatchcase(path, p.path)), None)
        if found is None:
            raise RefusalError(404, "The requested resource was not found.")
        if not found.list_path:
            return self.respond(found.records[0])
        family = Family(
            found.token_parameter, found.page_size, None, found.token_life_seconds
        )
        page = self.page(call, family)
        shown, token = page.cut(found.records)
        body: Json = {}
        put(body, found.list_path, list(shown))
        if token is not None:
            put(body, found.token_path, token)
        return self.respond(body)
