from __future__ import annotations

import csv
import io
import re
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents import charsets
from tap_amazon_sp.documents.charsets import Charset, declared
from tap_amazon_sp.documents.flat_files import (
    CSV,
    QUOTED_TSV,
    TSV,
    FlatFileLayout,
    FlatRows,
    checked_format,
    format_of,
    layout_of,
)
from tap_amazon_sp.documents.flat_rows import _PlainTable

UTF8 = Charset.of("text/plain; charset=UTF-8")
JAPAN = "A1VC38T7YXB528"


def rows(
    document: bytes, charset: Charset = UTF8, size: int = 7
) -> list[dict[str, str | None]]:
    return list(FlatRows(lambda: blocks(document, size), charset))


def gap(document: str) -> str:
    """Return why a document is not delivered; it is, with the text of nobody in it."""
    with pytest.raises(DocumentError) as caught:
        rows(document.encode())
    return str(caught.value)


def blocks(document: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(document), size):
        yield document[start : start + size]


# ------------------------------------------------------------------- characters


@pytest.mark.parametrize(
    ("content_type", "codec"),
    [
        ("text/plain;charset=Cp1252", "cp1252"),
        ("text/plain; charset=utf8", "utf-8"),
        ('text/tab-separated-values; charset="UTF-8"', "utf-8"),
        ("text/plain; charset=windows-31j", "cp932"),
        ("text/plain; charset=ISO-8859-1; x=y", "iso8859-1"),
        ("text/plain; charset=klingon", None),
        ("text/plain; charset=utf-16", None),
        ("text/plain", None),
        (None, None),
    ],
)
def test_the_charset_of_the_download_is_understood(
    content_type: str | None, codec: str | None
) -> None:
    assert declared(content_type) == codec


@pytest.mark.parametrize(
    ("text", "written", "content_type", "marketplace"),
    [
        ("Größe\tPreis €", "cp1252", "text/plain;charset=Cp1252", None),
        ("Größe\tPreis €", "utf-8", "text/plain;charset=UTF-8", None),
        ("Größe\tPreis €", "cp1252", None, "A1PA6795UKMFR9"),
        ("Größe\tPreis €", "utf-8", None, "A1PA6795UKMFR9"),
        # old text in a file that claims to be UTF-8
        ("Größe\tPreis €", "cp1252", "text/plain;charset=UTF-8", None),
        # UTF-8 in a file that claims to be Japanese
        ("Größe", "utf-8-sig", "text/plain;charset=klingon", None),
        ("商品名\t価格 ソ表", "cp932", "text/plain;charset=windows-31j", JAPAN),
        ("商品名\t価格 ソ表", "cp932", None, JAPAN),
        ("商品名\t価格 ソ表", "utf-8", None, JAPAN),
        ("商品名\t価格", "utf-8-sig", "text/plain;charset=UTF-8", JAPAN),
    ],
)
def test_text_comes_out_as_it_was_meant(
    text: str, written: str, content_type: str | None, marketplace: str | None
) -> None:
    charset = Charset.of(content_type, marketplace)
    document = f"{text}\r\n".encode(written)

    found = FlatRows(lambda: [document], charset)

    assert list(found) == []
    assert found.columns == tuple(text.split("\t"))


def test_one_line_in_another_charset_leaves_the_others_alone() -> None:
    document = "name\nKäse\n".encode() + "Brötchen\n".encode("cp1252") + "Öl".encode()

    assert [row["name"] for row in rows(document)] == ["Käse", "Brötchen", "Öl"]


@pytest.mark.parametrize("said", ["Cp1252", "ISO-8859-1", "windows-31j", "klingon"])
@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_bytes_beat_a_declared_charset(said: str, written: str) -> None:
    document = "name\tn\nGröße\t1\n縺｡ ソ表\t2\n".encode(written)
    charset = Charset.of(f"text/plain;charset={said}")

    assert [row["name"] for row in rows(document, charset)] == ["Größe", "縺｡ ソ表"]


@pytest.mark.parametrize("content_type", ["text/plain;charset=windows-31j", None])
def test_japanese_that_is_valid_utf8_by_chance_stays_japanese(
    content_type: str | None,
) -> None:
    texts = ["ﾃｱ", "ソ表", "商品名"]  # the first is ñ in UTF-8
    document = "\n".join(["名\tn", *(f"{t}\t1" for t in texts)]).encode("cp932")

    found = rows(document, Charset.of(content_type, JAPAN))

    assert [row["名"] for row in found] == texts


@pytest.mark.parametrize(
    "name",
    ["klingon", "utf-16", "zlib", "rot13", "idna", "undefined", "utf-7", "a\0b", "ü"],
)
def test_odd_names_of_charsets_are_a_warning(name: str) -> None:
    charset = Charset.of(f"text/plain; charset={name}")

    assert "which is not known here" in str(charset.warning)
    assert rows("a\nGröße\n".encode(), charset) == [{"a": "Größe"}]
    assert Charset.of("text/plain; charset=Cp1252").warning is None


def test_what_no_charset_can_read_is_replaced_and_nothing_is_lost() -> None:
    found = rows(b"name\nbefore \x81 after\n", charset=Charset.of(None))

    assert found == [{"name": "before \ufffd after"}]


def test_a_line_without_end_is_not_read_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(charsets, "MAX_LINE_BYTES", 100)
    with pytest.raises(DocumentError, match="no end of a line within 100 bytes"):
        rows(b"x" * 1000)


# ------------------------------------------------------------------------ lines


def test_quote_signs_of_tsv_are_signs_like_any_other() -> None:
    document = (
        b'sku\tname\r\nA\t24" screen\r\nB\t"quoted" start\r\nC\t"never closed\r\n'
    )

    assert [row["name"] for row in rows(document)] == [
        '24" screen',
        '"quoted" start',
        '"never closed',
    ]


def test_ledger_reports_quote_their_values() -> None:
    document = b'"Date"\t"Title"\n"01/02"\t"24"" screen,\twide"\n'

    assert rows(document) == [{"Date": "01/02", "Title": '24" screen,\twide'}]


@pytest.mark.parametrize(
    ("document", "layout"),
    [
        ("a\tb\n1\t2\n", TSV),
        ('a\tb\n1\t"2"\n', TSV),
        ('"a"\t"b"\r\n1\t2\r\n', QUOTED_TSV),
        ('a\tb\n"1"\t"2"\n"3"\t""\n', QUOTED_TSV),
        ('"a, b"\t"c"\n', QUOTED_TSV),
        ("a,b\n1,2\n", CSV),
        ('"a";"b"\n', FlatFileLayout(";", is_quoted=True)),
        ("one\n", TSV),
        ("", TSV),
    ],
)
def test_the_layout_is_told_by_the_bytes(document: str, layout: FlatFileLayout) -> None:
    assert layout_of(document.split("\n")) == layout


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_inch_sign_at_the_end_swallows_nothing(delimiter: str, end: str) -> None:
    table = [["sku", "title", "n"], ["A", '19"', "1"], ["B", '5" or 7"', ""]]
    lines = (delimiter.join(f'"{cell}"' for cell in line) for line in table)

    found = rows(end.join(lines).encode())

    assert [list(row.values()) for row in found] == table[1:]


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ('"a"\t"b"\n"1"\t"x"y"z""w"\n', 2),  # a doubled mark: one sign or two
        ('"a"\t"b"\n"1"\t"2"\n"1"\n', 3),
        ('a,b\n1,2\n1,"A" grade\n', 3),
        ('a,b\n1,"2\n', 2),
        ('"a"\t"b"\n"1"\t"19""\t"2"\n', 2),
    ],
)
def test_marks_that_make_no_sense_are_a_gap_with_the_line(
    document: str, line: int
) -> None:
    assert f"line {line}" in gap(document)


def test_a_value_of_csv_may_go_on_in_the_next_line() -> None:
    document = b'id,note\r\n1,"two\nlines, ""quoted"""\r\n2,plain\r\n'

    assert rows(document) == [
        {"id": "1", "note": 'two\nlines, "quoted"'},
        {"id": "2", "note": "plain"},
    ]


def test_signs_that_other_programs_take_for_line_ends_stay_in_the_value() -> None:
    text = "a\u2028b\x0bc\x85d"

    assert rows(f"name\tn\n{text}\t1\n".encode()) == [{"name": text, "n": "1"}]


def test_headers_stay_in_their_language_and_none_is_lost() -> None:
    found = FlatRows(lambda: ["Händler-SKU\t\tPreis\tPreis\t\r\n".encode()], UTF8)

    assert list(found) == []
    assert found.columns == ("Händler-SKU", "column_2", "Preis", "Preis_2")


@pytest.mark.parametrize(
    ("line", "cells"), [("SECRET", 1), ("SECRET\t2\t3\t", 4), ("1\tSECRET", 2)]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_does_not_fit_the_header_is_a_gap_with_its_number(
    line: str, cells: int, end: str
) -> None:
    said = gap(end.join(["a\tb\tc", "1\t2\t3", line, "1\t2\t3", ""]))

    assert f"line 3 has {cells} values where the header has 3" in said
    assert "SECRET" not in said


def test_two_short_rows_of_a_narrow_table_are_not_one() -> None:
    assert "line 2" in gap("a\tb\tc\n1\t2\n3\t4\n")


def test_lines_that_all_end_with_a_delimiter_fit() -> None:
    found = FlatRows(lambda: [b"a\tb\t\n1\t2\t\n1\t2\tx\n\n\r\n"], UTF8)

    assert list(found) == [{"a": "1", "b": "2"}, {"a": "1", "b": "2", "column_3": "x"}]


NAMES = [f"h{n}" for n in range(9)]


@pytest.mark.parametrize(
    ("end", "text"),
    [("\r\n", "two\nlines\n"), ("\n", "two\nlines"), ("\r\n", "a\r\nb")],
)
def test_a_line_break_in_a_value_is_put_together(end: str, text: str) -> None:
    row = ["1", "2", text, *"345678"]
    lines = ["\t".join(line) for line in (NAMES, row, row, [*"123456789"])]

    found = rows((end.join(lines) + end).encode())

    assert [list(r.values()) for r in found] == [row, row, [*"123456789"]]


@pytest.mark.parametrize("at", [0, 8])
def test_a_break_that_may_be_the_neighbours_is_a_gap(at: int) -> None:
    row = [*"123456789"]
    row[at] = "two\nlines"
    assert "line" in gap("\n".join("\t".join(r) for r in (NAMES, row, row)))


def test_an_empty_line_between_rows_is_a_gap() -> None:
    assert "line 3 is empty" in gap("a\tb\n1\t2\n\n1\t2\n")


def test_a_document_of_nothing_or_of_a_header_has_no_rows() -> None:
    nothing = FlatRows(list, UTF8)
    header = FlatRows(lambda: [b"a\tb"], UTF8)

    assert (list(nothing), nothing.columns) == ([], ())
    assert (list(header), header.columns) == ([], ("a", "b"))


def test_an_endless_quote_is_an_error() -> None:
    with pytest.raises(DocumentError, match="the flat file cannot be read"):
        rows(b'a,b\n1,"' + b"x\n" * 200_000, size=1 << 16)


signs = st.sampled_from("ab ,;\"'\t\n\rä\u2028")
tables = st.integers(2, 10).flatmap(
    lambda width: st.lists(
        st.lists(st.text(signs, max_size=6), min_size=width, max_size=width), max_size=6
    )
)


def plain(table: list[list[str]], end: str) -> str:
    return "".join("\t".join(line) + end for line in table)


def all_quoted(table: list[list[str]], delimiter: str, end: str) -> str:
    lines = (delimiter.join(f'"{cell}"' for cell in line) for line in table)
    return "".join(line + end for line in lines)


def by_the_book(
    table: list[list[str]], delimiter: str, end: str, quoting: Literal[0, 1]
) -> str:
    text = io.StringIO()
    csv.writer(
        text, delimiter=delimiter, lineterminator=end, quoting=quoting
    ).writerows(table)
    return text.getvalue()


def equal_or_gap(
    table: list[list[str]], write: Callable[[list[list[str]]], str], size: int
) -> bool:
    """Return whether a table comes back; what comes back is the table."""
    names = [f"h{index}" for index in range(len(table[0]) if table else 3)]
    try:
        found = rows(write([names, *table]).encode(), size=size)
    except DocumentError:
        return False
    assert [list(row.values()) for row in found] == table
    return True


ends = st.sampled_from(["\n", "\r\n"])


@given(tables, st.integers(1, 40), ends)
def test_any_tsv_comes_back_or_is_a_gap(
    table: list[list[str]], size: int, end: str
) -> None:
    # a value with both tabs and line breaks can look like whole rows, to anybody; and
    # what follows the last value of a file is the file's end
    kept = [
        [cell.replace("\t", " ") if "\n" in cell else cell.rstrip("\r") for cell in row]
        for row in table
    ]
    if kept:
        kept[-1][-1] = kept[-1][-1].rstrip("\r\n")
    is_plain = not any(set(cell) & set("\t\r\n") for row in kept for cell in row)

    assert equal_or_gap(kept, lambda t: plain(t, end), size) or not is_plain


@given(
    tables, st.integers(1, 40), st.sampled_from(["\t", ",", ";"]), ends, st.booleans()
)
def test_any_quoted_file_comes_back_or_is_a_gap(
    table: list[list[str]], size: int, delimiter: str, end: str, is_minimal: bool
) -> None:
    quoting: Literal[0, 1] = 0 if is_minimal and delimiter == "," else 1
    # Python's writer leaves a bare carriage return unquoted
    kept = [[cell.replace("\r", " ") for cell in row] for row in table]

    back = equal_or_gap(kept, lambda t: by_the_book(t, delimiter, end, quoting), size)

    marks = any('"' in cell for row in kept for cell in row)
    assert back or marks


@given(tables, st.integers(1, 40), ends)
def test_any_file_of_undoubled_marks_comes_back_or_is_a_gap(
    table: list[list[str]], size: int, end: str
) -> None:
    # a mark beside a tab, or two in a row, can be read by the book as well
    kept = [[_tamed(cell) for cell in row] for row in table]

    back = equal_or_gap(kept, lambda t: all_quoted(t, "\t", end), size)

    assert back or any(set(cell) & set("\r\n") for row in kept for cell in row)


WIDE_ROW = "x\t" * 8 + "x"
pieces_of_rows = st.sampled_from(
    # whole rows; one cut in its first value, one in the middle; a blank; one too short
    [WIDE_ROW] * 3 + ["a\n" + WIDE_ROW, "x\t" * 4, "\t" * 4 + "x", "", "x"]
)


@example([(text, "\n") for text in ("x\t" * 4, WIDE_ROW, "\t" * 4 + "x")], False, 1)
@given(
    st.lists(st.tuples(pieces_of_rows, st.sampled_from(["\r\n"] * 4 + ["\n"]))),
    st.booleans(),
    st.sampled_from([1, 3, 8, 19, 20, 40, 1000]),
)
def test_many_lines_at_once_are_read_as_one_by_one(
    parts: list[tuple[str, str]],
    has_returns: bool,
    size: int,
) -> None:
    document = "".join(text + end for text, end in [(WIDE_ROW, "\r\n"), *parts])
    if not has_returns:
        document = document.replace("\r\n", "\n")
    at_once = _rows_or_reason(document, size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_PlainTable, "_are_rows", lambda *_: False)
        assert _rows_or_reason(document, size) == at_once


def test_a_blank_line_in_a_table_of_one_column_is_no_row() -> None:
    assert rows(b"sku\na\nb\n\n") == [{"sku": "a"}, {"sku": "b"}]
    assert "line 3 is empty" in gap("sku\na\n\nb\n")


def _rows_or_reason(document: str, size: int) -> list[dict[str, str | None]] | str:
    try:
        return rows(document.encode(), size=size)
    except DocumentError as error:
        return str(error)


def _tamed(cell: str) -> str:
    return re.sub('"+', '"', cell.replace("\t", " ")).removeprefix('"')


def test_memory_stays_flat_whatever_the_number_of_rows() -> None:
    def document(count: int) -> Iterator[bytes]:
        yield b"sku\tname\tprice\n"
        for _ in range(count // 1000):
            yield b"SKU-1\tsome name\t12.99\n" * 1000

    peaks = []
    for count in (10_000, 100_000):
        tracemalloc.start()
        found = sum(1 for _ in FlatRows(partial(document, count), UTF8))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == count

    assert peaks[1] < peaks[0] * 1.2


# --------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'\xef\xbb\xbf{"reportSpecification":', "JSON"),
        (b"\n [{", "JSON"),
        (b'<?xml version="1.0"?><a>', "XML"),
        (b"sku\tname, long\n", "TSV"),
        (b'\xef\xbb\xbf"sku",name\n', "CSV"),
        (b"sku\nA,B\n", None),
        (b"", None),
    ],
)
def test_the_format_is_known_by_the_first_bytes(
    head: bytes, expected: str | None
) -> None:
    assert format_of(head) == expected


def test_a_config_that_is_wrong_about_the_format_is_warned_of() -> None:
    seen, warning = checked_format("CSV", b'{"a":[]}')

    assert seen == "JSON"
    assert warning == (
        "file_format says CSV, but the document is JSON: it is read as JSON. Set "
        "file_format to JSON"
    )
    assert checked_format("TSV", b"a\tb\n") == ("TSV", None)
    assert checked_format("CSV", b"one column\n") == ("CSV", None)
    assert checked_format(None, b"a,b\n") == ("CSV", None)
    assert checked_format(None, b"") == (None, None)
