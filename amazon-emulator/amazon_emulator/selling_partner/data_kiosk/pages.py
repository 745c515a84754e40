"""Writes the lines of one page as JSON Lines, only the selected fields. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from amazon_emulator.selling_partner.data_kiosk.datasets.lines import ELEMENTS, Line

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.data_kiosk.query_text import Selection
    from amazon_emulator.stored_files import Writable

_UNKNOWN = {"newField2027": {"note": "not in the schema"}}


@dataclass(frozen=True, slots=True)
class Page:
    """Which lines of a result belong to one page."""

    start: int = 0
    """How many came on the pages before."""
    size: int = 0
    """How many it has at most; 0: all that are left."""
    splits_lines: bool = False
    """Whether single elements of a line are counted, not whole lines."""

    def holds(self, number: int) -> bool:
        """Say whether a line (or element) is on this page."""
        return number >= self.start and not self.is_after(number)

    def left(self, number: int) -> int | None:
        """Return how many more fit from this one on; None: any number."""
        return self.start + self.size - number if self.size else None

    def is_after(self, number: int) -> bool:
        """Say whether a line (or element) comes on a later page."""
        return bool(self.size) and number >= self.start + self.size


@dataclass(slots=True)
class Written:
    """What came of a page."""

    count: int = 0
    """Lines, or elements where these are counted."""
    has_more: bool = False


class PageWriter:
    """Writes one page of a result."""

    def __init__(
        self, selection: Selection, page: Page, *, unknown_fields: bool = False
    ) -> None:
        self._selection, self._page = selection, page
        self._more: Mapping[str, object] = _UNKNOWN if unknown_fields else {}

    def write(self, target: Writable, lines: Iterable[Line]) -> Written:
        """Write the lines of the page and say whether another one follows."""
        written, number = Written(), 0
        for line in lines:
            is_split = self._page.splits_lines and line.elements is not None
            used = self._split if is_split else self._whole
            number = used(target, line, number, written)
            if written.has_more:
                break
        return written

    def _whole(
        self, target: Writable, line: Line, number: int, written: Written
    ) -> int:
        if self._page.holds(number):
            elements = None if line.elements is None else line.elements()
            self._write_line(target, line, elements)
            written.count += 1
        written.has_more = self._page.is_after(number)
        return number + 1

    def _split(
        self, target: Writable, line: Line, number: int, written: Written
    ) -> int:
        """Write those elements of a line that are on the page."""
        elements = line.elements() if line.elements else iter(())
        before = max(0, self._page.start - number)
        number += sum(1 for _ in islice(elements, before))
        first = next(elements, None)
        if first is None:
            return number
        if self._page.is_after(number):
            written.has_more = True
            return number
        counted = _Counted(chain([first], elements), self._page.left(number))
        self._write_line(target, line, iter(counted))
        written.count += counted.count
        written.has_more = counted.has_more
        return number + counted.count

    def _write_line(
        self, target: Writable, line: Line, elements: Iterator[Mapping[str, Any]] | None
    ) -> None:
        outer = dict(self._selection)
        inner = None if elements is None else outer.pop(ELEMENTS, None)
        fields = {**selected(line.fields, outer), **self._more}
        if elements is None or ELEMENTS not in self._selection:
            target.write(_json(fields) + b"\n")
            return
        head = _json(fields)[:-1]
        target.write(head + (b"," if fields else b"") + f'"{ELEMENTS}":['.encode())
        before = b""
        for element in elements:
            shown = element if inner is None else selected(element, inner)
            target.write(before + _json({**shown, **self._more}))
            before = b","
        target.write(b"]}\n")


class _Counted:
    """Yields at most so many elements and says whether there were more."""

    def __init__(self, elements: Iterator[Mapping[str, Any]], left: int | None) -> None:
        self._elements, self._left = elements, left
        self.count, self.has_more = 0, False

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for element in self._elements:
            if self.count == self._left:
                self.has_more = True
                return
            self.count += 1
            yield element


def selected(row: Mapping[str, Any], selection: Selection) -> dict[str, Any]:
    """Return the selected fields of a row, in the order of the query."""
    return {
        name: row[name] if inner is None else _inner(row[name], inner)
        for name, inner in selection.items()
    }


def _inner(value: Any, selection: Selection) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return selected(value, selection)
    if isinstance(value, list):
        return [_inner(each, selection) for each in value]
    return value


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
