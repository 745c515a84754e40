"""The control calls about Data Kiosk: what queries and datasets should yield."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.control import ControlError
from amazon_emulator.http import Json, RefusalError, Routed, route
from amazon_emulator.selling_partner.data_kiosk.datasets.contents import (
    DATASETS,
    lines_of,
)
from amazon_emulator.selling_partner.data_kiosk.datasets.lines import ELEMENTS, Line
from amazon_emulator.selling_partner.data_kiosk.line_faults import spoilt_lines
from amazon_emulator.selling_partner.data_kiosk.pages import Page, PageWriter
from amazon_emulator.selling_partner.data_kiosk.query_text import (
    QueryText,
    Selection,
    read_query_text,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import SellingPartners
    from amazon_emulator.selling_partner.data_kiosk.store import KioskStore

_KIOSK = "/sp/accounts/<name>/data-kiosk"


class KioskControl(Routed):
    """Shows the lines of queries and of whole datasets."""

    def __init__(self, accounts: SellingPartners, queries: KioskStore) -> None:
        self._accounts, self._queries = accounts, queries

    def statistics(self) -> dict[str, object]:
        """Return `sp_queries`."""
        return {"sp_queries": self._queries.as_json()}

    @route("GET", f"{_KIOSK}/queries/<query_id>/lines")
    def _of_query(self, name: str, query_id: str) -> Response:
        """Show the lines of a query, those of all its pages."""
        query = self._queries.find(name, query_id)
        if query is None:
            message = f"The account {name} has no query {query_id}."
            raise ControlError(message)
        lines = spoilt_lines(lines_of(query.plan), query.rules)
        return _shown(lines, query.query.selection)

    @route("POST", f"{_KIOSK}/lines")
    def _of_text(self, body: Json, name: str) -> Response:
        """Show what a `query` yields, or a `root` with `arguments` and all fields."""
        partner = self._accounts.partner(name)
        if partner is None:
            message = f"There is no account {name}."
            raise ControlError(message)
        if "query" in body:
            query = _read(str(body["query"]))
            plan = self._queries.plan(partner, query.root, query.arguments, query)
            return _shown(lines_of(plan), query.selection)
        arguments = body.get("arguments")
        if body.get("root") not in DATASETS or not isinstance(arguments, Mapping):
            message = f"root must be one of {', '.join(DATASETS)}, with arguments."
            raise ControlError(message)
        plan = self._queries.plan(partner, str(body["root"]), arguments)
        return _shown(lines_of(plan), None)


def _read(text: str) -> QueryText:
    try:
        return read_query_text(text)
    except RefusalError as refusal:
        message = f"{refusal.message} {refusal.details}"
        raise ControlError(message) from None


def _shown(lines: Iterable[Line], selection: Selection | None) -> Response:
    return Response(_array(lines, selection), content_type="application/json")


def _array(lines: Iterable[Line], selection: Selection | None) -> Iterator[bytes]:
    """Yield the JSON array of lines, all fields of each without a selection."""
    before = b"["
    for line in lines:
        target = _Parts()
        chosen = _everything(line) if selection is None else selection
        PageWriter(chosen, Page()).write(target, [line])
        yield before + target.whole().rstrip(b"\n")
        before = b","
    yield b"[]" if before == b"[" else b"]"


def _everything(line: Line) -> Selection:
    names = [*line.fields, *([ELEMENTS] if line.elements else [])]
    return dict.fromkeys(names)


class _Parts:
    """Keeps what is written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        """Take bytes."""
        self._parts.append(data)
        return len(data)

    def whole(self) -> bytes:
        """Return all of them."""
        return b"".join(self._parts)
