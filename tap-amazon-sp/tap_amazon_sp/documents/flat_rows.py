r"""Cuts the lines of flat files into rows of values, as Amazon writes them.

- plain: values between delimiters, a quotation mark is a sign like any other
- quoted: values in quotation marks where need be, a mark inside is doubled
- loose: every value in quotation marks, a mark inside is not doubled

The header says how many values a row has. A row of another number is put together
again where only one reading is possible; else the document is refused with the number
of the line, and without its text: what stands there may be personal.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

from singer_amazon.errors import DocumentError

Rows = Iterator[list[str]]
LineLists = Iterable[list[str]]
"""The lines of a document, some at a time: as many as its blocks held."""
Reader = Callable[[LineLists, str], Rows]

MIN_JOINED_COLUMNS = 8
"""Two short lines of a narrow table may as well be two rows that lack values."""

_MAX_JOINED = 1000
_QUOTED = re.compile(r'(?<![^\t,;\n])"(?:[^"]|"")*"(?=[\t,;\r\n]|$)')


def plain_rows(lists: LineLists, delimiter: str) -> Rows:
    """Yield the rows of a file that quotes nothing, the header first.

    Raises:
        DocumentError: a row has more or fewer values than the header.
    """
    for texts in plain_texts(lists, delimiter):
        yield from map(str.split, texts, repeat(delimiter))


def plain_texts(lists: LineLists, delimiter: str) -> Iterator[list[str]]:
    r"""Yield the rows of a file that quotes nothing, not yet cut into values.

    Where rows end with \r\n, a bare \n stands inside a value. Else a row cut in two is
    put together if the parts make exactly one row, the cut is in neither the first nor
    the last value (it could be the neighbour's) and the table is not narrow.

    Raises:
        DocumentError: a row has more or fewer values than the header.
    """
    source = iter(lists)
    header, number, rest = _header(source)
    if not header:
        return
    yield [header.removesuffix("\r")]
    table = _PlainTable(header, number, delimiter)
    for lines in chain([rest], source):
        yield table.taken(lines)
    yield table.ended()


def _header(lists: Iterator[list[str]]) -> tuple[str, int, list[str]]:
    """Return the first line that is not empty, its number, and what was read on."""
    number = 0
    header = ""
    for lines in lists:
        for index, header in enumerate(lines, 1):
            number += 1
            if header.strip("\r"):
                return header, number, lines[index:]
    return header, number, []


class _PlainTable:
    r"""The rows below the header of a file that quotes nothing.

    Lines that all are rows go out as they came, so many at a time. The others are
    looked at one by one: in a file of \r\n a bare \n ends no row.
    """

    def __init__(self, header: str, number: int, delimiter: str) -> None:
        self._delimiter = delimiter
        self._width = header.count(delimiter)
        self._has_returns = header.endswith("\r")
        self._number = number
        self._group: list[str] = []
        """Lines since the last end of a row."""
        self._blank = 0
        self._row = _Row(self._width, "\r\n" if self._has_returns else "\n")

    def taken(self, lines: list[str]) -> list[str]:
        """Take in lines; return the rows that are whole now."""
        if self._are_rows(lines):
            self._number += len(lines)
            return [line[:-1] for line in lines] if self._has_returns else lines
        return [text for line in lines for text in self._of_line(line)]

    def ended(self) -> list[str]:
        """Return what the end of the document makes a row; refuse half a one."""
        found = list(self._of_group()) if self._group else []
        self._row.end()
        return found

    def _are_rows(self, lines: list[str]) -> bool:
        """Whether each line is a row, by itself and without a doubt."""
        if self._group or self._blank or self._row.parts or not self._width:
            return False
        if self._has_returns and not all(map(str.endswith, lines, repeat("\r"))):
            return False
        counts = set(map(str.count, lines, repeat(self._delimiter)))
        return counts == {self._width}

    def _of_line(self, line: str) -> Iterator[str]:
        self._number += 1
        self._group.append(line.removesuffix("\r") if self._has_returns else line)
        is_end = not self._has_returns or line.endswith("\r")
        if is_end or len(self._group) > _MAX_JOINED:
            yield from self._of_group()

    def _of_group(self) -> Iterator[str]:
        """Yield the row, if it is whole, that what stands between two ends makes."""
        number, unit = self._number - len(self._group) + 1, "\n".join(self._group)
        self._group = []
        if not self._row.parts and not unit.strip("\r\n"):
            self._blank = self._blank or number
            return
        if self._blank:
            msg = (
                f"line {self._blank} is empty: whether it belongs to a value of the "
                "row before or after it cannot be told"
            )
            raise DocumentError(msg)
        whole = self._row.taken(number, unit, unit.count(self._delimiter))
        if whole is not None:
            yield whole


class _Row:
    """The parts so far of a row that a line break has cut."""

    def __init__(self, width: int, joiner: str) -> None:
        self.parts: list[str] = []
        self._width = width
        self._joiner = joiner
        self._start = 0
        self._seen = self._first = 0

    def taken(self, number: int, unit: str, count: int) -> str | None:
        """Take in what holds so many delimiters; return the row if it is whole."""
        if not self.parts:
            if count == self._width:
                return unit
            self._start, self._first, self._seen = number, count, 0
            is_wide = self._width + 1 >= MIN_JOINED_COLUMNS
            if not 0 < count < self._width or not is_wide:
                raise self._odd()
        self.parts.append(unit)
        self._seen += count
        if self._seen > self._width or len(self.parts) > _MAX_JOINED:
            raise self._odd()
        if self._seen < self._width:
            return None
        whole = self._joiner.join(self.parts)
        self.parts.clear()
        return whole

    def end(self) -> None:
        """Refuse a row that is never whole."""
        if self.parts:
            raise self._odd()

    def _odd(self) -> DocumentError:
        return _odd(self._start, self._width, self._first)


def quoted_rows(lists: LineLists, delimiter: str) -> Rows:
    """Yield the rows of a file that doubles quotation marks inside quoted values.

    Raises:
        DocumentError: its marks make no sense so, or a row has more or fewer values
            than the header.
    """
    source: list[str] = []

    def ended() -> Iterator[str]:
        for text in chain.from_iterable(lists):
            source.append(text)
            yield text + "\n"

    reader = csv.reader(ended(), delimiter=delimiter, strict=True)
    width, is_strict = 0, False
    try:
        for values in reader:
            if values:
                if not width:
                    width, is_strict = len(values), source[-1][:1] == '"'
                if len(values) != width:
                    raise _odd(reader.line_num, width - 1, len(values) - 1)
                if is_strict and '"' in "".join(values) and not _is_quoted(source):
                    raise _unquoted(reader.line_num)
                yield values
            source.clear()
    except csv.Error as error:
        msg = f"line {reader.line_num}: the flat file cannot be read ({error})"
        raise DocumentError(msg) from None


def loose_rows(lists: LineLists, delimiter: str) -> Rows:
    """Yield the rows of a file that quotes every value and doubles no mark inside.

    Raises:
        DocumentError: a row is not quoted so, or has more or fewer values than the
            header.
    """
    separator = f'"{delimiter}"'
    width = start = 0
    parts: list[str] = []
    found = 0
    for number, line in enumerate(chain.from_iterable(lists), 1):
        text = line.removesuffix("\r")
        if not parts:
            if not text:
                continue
            if text[0] != '"':
                raise _unquoted(number)
            start, found = number, 0
        parts.append(line)
        found += line.count(separator)
        if width and (found > width - 1 or len(parts) > _MAX_JOINED):
            raise _odd(start, width - 1, found)
        is_ended = text.endswith('"') and (len(parts) > 1 or len(text) > 1)
        if is_ended and found == (width or found + 1) - 1:
            whole = "\n".join([*parts[:-1], text])
            values = whole[1:-1].split(separator)
            if len(values) != found + 1 or not all(
                _is_certain(value, delimiter) for value in values
            ):
                raise _unquoted(start)
            width = width or len(values)
            parts = []
            yield values
        elif not width:
            raise _unquoted(number)
    if parts:
        raise _unquoted(start)


def _is_quoted(source: list[str]) -> bool:
    """Whether no value without marks around it has one inside."""
    return '"' not in _QUOTED.sub("", "\n".join(source))


def _is_certain(value: str, delimiter: str) -> bool:
    """Whether a value that stood in marks can have ended at no other mark.

    A doubled mark may be one sign or two, and a mark beside a delimiter or a line
    break may be the end of another value.
    """
    edges = value[:1] + value[-1:]
    return '""' not in value and not set(edges) & {delimiter, "\r", "\n"}


def _odd(number: int, width: int, count: int) -> DocumentError:
    return DocumentError(
        f"line {number} has {count + 1} values where the header has {width + 1}: a "
        "value there may hold a delimiter or a line break, and which one cannot be "
        "told. No row of this document is delivered"
    )


def _unquoted(number: int) -> DocumentError:
    return DocumentError(
        f"line {number}: its quotation marks make no sense. No row of this document "
        "is delivered"
    )
