"""What a Data Kiosk query is made of, beside account and window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from singer_amazon.reports.model import ReportRequest, Window, text_of
from tap_amazon_sp.data_kiosk.queries.query_text import query_text
from tap_amazon_sp.data_kiosk.schema import KioskSchema, Path

MakeText = Callable[[Window], str]
"""Makes the text of a query for a window: of one the user has written."""


@dataclass(frozen=True, slots=True)
class QuerySpec:
    """What is asked of one root, the window left open.

    `arguments` are all but the dates. `keys` are paths without which rows could not be
    told apart; a refused one makes the query useless. `written` is a text of the
    user's own instead, with the window's dates put in by `make_text`.
    """

    schema: KioskSchema
    root: str
    arguments: Mapping[str, object]
    paths: tuple[Path, ...]
    keys: frozenset[Path]
    asin_filter: str | None = None
    """The argument that names ASINs: the members of a request."""
    marketplace_id: str = ""
    make_text: MakeText | None = None
    written: str = ""
    parts: tuple[frozenset[Path], ...] = ()
    """Which paths are asked for together, where one text cannot hold all: the rows of
    all parts make the rows of the window. Each has the keys besides."""

    @property
    def part_count(self) -> int:
        """How many queries a window needs."""
        return max(len(self.parts), 1)

    @property
    def report_type(self) -> str:
        """What the engine and people's logs call it."""
        return self.name

    @property
    def name(self) -> str:
        """What people know it by."""
        return f"{self.schema.domain}.{self.root}"

    def definition(self) -> dict[str, Any]:
        """Return what decides the rows apart from the window."""
        if self.make_text is not None:
            return {"data_kiosk": self.name, "text": self.written}
        return {
            "data_kiosk": self.name,
            "arguments": dict(self.arguments),
            "fields": [".".join(path) for path in self.paths],
        }

    def text(
        self,
        window: Window,
        without: frozenset[Path] = frozenset(),
        asins: Iterable[str] = (),
        part: int = 1,
    ) -> str:
        """Return the text of a part for a window, some fields left out."""
        if self.make_text is not None:
            return self.make_text(window)
        dates = {"startDate": text_of(window.start), "endDate": text_of(window.end)}
        paths = [path for path in self._of(part) if not _is_in(path, without)]
        arguments = {**self.arguments, **dates}
        if self.asin_filter is not None:
            found = {"marketplaceId": self.marketplace_id, "asins": sorted(asins)}
            arguments[self.asin_filter] = [found]
        return query_text(self.schema, self.root, arguments, paths)

    def _of(self, part: int) -> Iterator[Path]:
        """Yield the paths of a part, keys among them."""
        chosen = self.parts[part - 1] if self.parts else frozenset(self.paths)
        return (p for p in self.paths if p in chosen or p in self.keys)

    def length(self, paths: Iterable[Path]) -> int:
        """Return how many characters a query for some paths has, with the keys."""
        chosen = {*paths, *self.keys}
        day = Window(date.min, date.min)
        whole = replace(self, paths=tuple(p for p in self.paths if p in chosen))
        return len(whole.text(day))

    def part_after(self, part: int, without: frozenset[Path]) -> int | None:
        """Return the next part that asks for more than keys; None: there is none."""
        return next(
            (
                number
                for number in range(part + 1, self.part_count + 1)
                if any(not _is_in(path, without) for path in self.parts[number - 1])
            ),
            None,
        )


def _is_in(path: Path, refused: frozenset[Path]) -> bool:
    """Whether a field is refused, or lies within one that is."""
    return any(path[: len(other)] == other for other in refused)


def query_spec_of(request: ReportRequest) -> QuerySpec:
    """Return what a request is made of."""
    assert isinstance(request.spec, QuerySpec)  # noqa: S101 - our partitions set it
    return request.spec


def is_query(request: ReportRequest) -> bool:
    """Whether a request goes to Data Kiosk, not to the Reports API."""
    return isinstance(request.spec, QuerySpec)
