"""Lines that are wrong although the call is right, by fault rule. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from amazon_emulator.faults.rules import first_rule
from amazon_emulator.selling_partner.data_kiosk.datasets.lines import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.selling_partner.rows.plan import Row
    from amazon_emulator.stored_files import Writable

_KEPT = ("startDate", "endDate", "marketplaceId", "currencyCode", "asinAggregation")
_NAMES = ("parentAsin", "childAsin", "sku", "msku", "fnsku")
Change = Callable[[Any], Any]


def spoilt_lines(lines: Iterable[Line], rules: Sequence[Rule]) -> Iterator[Line]:
    """Yield the lines as the rules `zero_days` and `null_days` leave them."""
    zero, null = (first_rule(rules, name) for name in ("zero_days", "null_days"))
    for line in lines:
        day = str(line.fields["startDate"])
        if null is not None and day in null.texts("days"):
            yield _nulled(line)
        elif zero is not None and day in zero.texts("days"):
            yield _zeroed(line)
        else:
            yield line


def _zeroed(line: Line) -> Line:
    """Return a line whose numbers are 0: complete, and wrong."""
    elements = line.elements
    zeroed = _changed(line.fields, lambda _: 0, (*_KEPT, *_NAMES))
    if elements is None:
        return Line(zeroed)
    return Line(zeroed, lambda: (_changed(e, lambda _: 0, _KEPT) for e in elements()))


def _nulled(line: Line) -> Line:
    """Return a line that knows nothing but its dates, with one element if any."""
    nulled = _changed(line.fields, lambda _: None, _KEPT)
    elements = line.elements
    if elements is None:
        return Line(nulled)

    def one() -> Iterator[Row]:
        for element in islice(elements(), 1):
            yield _changed(element, lambda _: None, ())

    return replace(line, fields=nulled, elements=one)


def _changed(row: Row, change: Change, kept: Sequence[str]) -> Row:
    """Return a row with other numbers (for nulls: other leaves of any kind)."""
    return {
        name: value if name in kept else _value(value, change, kept)
        for name, value in row.items()
    }


def _value(value: Any, change: Change, kept: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return _changed(value, change, kept)
    if isinstance(value, list):
        return [_value(each, change, kept) for each in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return change(value) if is_number or change(value) is None else value


class CutWriter:
    """Passes bytes on but for the last ones: a line that ends in its middle."""

    def __init__(self, target: Writable, missing: int) -> None:
        self._target, self._missing, self._held = target, missing, b""

    def write(self, data: bytes, /) -> int:
        """Take bytes, and hold the last ones back."""
        self._held += data
        ready = max(0, len(self._held) - self._missing)
        self._target.write(self._held[:ready])
        self._held = self._held[ready:]
        return len(data)
