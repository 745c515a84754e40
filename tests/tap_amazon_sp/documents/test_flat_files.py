from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
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

UTF8 = Charset.of("text/plain; charset=UTF-8")
JAPAN = "A1VC38T7YXB528"


def rows(
    document: bytes,
    layout: FlatFileLayout = TSV,
    charset: Charset = UTF8,
    size: int = 7,
) -> list[dict[str, str | None]]:
    return list(FlatRows(blocks(document, size), layout, charset))


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

    found = FlatRows([document], TSV, charset)

    assert list(found) == []
    assert found.columns == tuple(text.split("\t"))


def test_one_line_in_another_charset_leaves_the_others_alone() -> None:
    document = "name\nKäse\n".encode() + "Brötchen\n".encode("cp1252") + "Öl".encode()

    assert [row["name"] for row in rows(document)] == ["Käse", "Brötchen", "Öl"]


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
    layout = layout_of("TSV", "GET_LEDGER_DETAIL_VIEW_DATA")

    assert rows(document, layout) == [{"Date": "01/02", "Title": '24" screen,\twide'}]
    assert layout_of("TSV", "GET_MERCHANT_LISTINGS_ALL_DATA") == TSV
    assert layout_of("CSV", "GET_LEDGER_DETAIL_VIEW_DATA") == CSV


def test_a_value_of_csv_may_go_on_in_the_next_line() -> None:
    document = b'id,note\r\n1,"two\nlines, ""quoted"""\r\n2,plain\r\n'

    assert rows(document, CSV) == [
        {"id": "1", "note": 'two\nlines, "quoted"'},
        {"id": "2", "note": "plain"},
    ]


def test_signs_that_other_programs_take_for_line_ends_stay_in_the_value() -> None:
    text = "a\u2028b\x0bc\x85d"

    assert rows(f"name\tn\n{text}\t1\n".encode()) == [{"name": text, "n": "1"}]


def test_headers_stay_in_their_language_and_none_is_lost() -> None:
    found = FlatRows(["Händler-SKU\t\tPreis\tPreis\t\r\n".encode()], TSV, UTF8)

    assert list(found) == []
    assert found.columns == ("Händler-SKU", "column_2", "Preis", "Preis_2")


def test_lines_longer_or_shorter_than_the_header_keep_all_they_have() -> None:
    found = FlatRows([b"a\tb\n1\n1\t2\t3\n1\t2\t\t\n\n\r\n"], TSV, UTF8)

    assert list(found) == [
        {"a": "1", "b": None},
        {"a": "1", "b": "2", "column_3": "3"},
        {"a": "1", "b": "2"},
    ]
    assert found.odd == 2


def test_a_document_of_nothing_or_of_a_header_has_no_rows() -> None:
    nothing, header = FlatRows([], TSV, UTF8), FlatRows([b"a\tb"], TSV, UTF8)

    assert (list(nothing), nothing.columns) == ([], ())
    assert (list(header), header.columns) == ([], ("a", "b"))


def test_an_endless_quote_is_an_error() -> None:
    with pytest.raises(DocumentError, match="the flat file cannot be read"):
        rows(b'a,b\n1,"' + b"x\n" * 200_000, CSV, size=1 << 16)


cells = st.text(
    st.characters(exclude_characters="\r\n\t\0", exclude_categories=["Cs"]), max_size=6
)
tables = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8)


@given(tables, st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_any_tsv_comes_out_as_it_went_in(
    table: list[list[str]], size: int, end: str
) -> None:
    lines = ["a\tb\tc", *("\t".join(line) for line in table)]
    document = end.join(lines).encode()

    found = rows(document, size=size)

    assert found == [dict(zip("abc", line, strict=True)) for line in table]


@given(tables, st.integers(1, 40), st.sampled_from([CSV, QUOTED_TSV]))
def test_any_quoted_file_comes_out_as_it_went_in(
    table: list[list[str]], size: int, layout: FlatFileLayout
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=layout.delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *table])

    found = rows(text.getvalue().encode(), layout, size=size)

    assert found == [dict(zip("abc", line, strict=True)) for line in table]


def test_memory_stays_flat_whatever_the_number_of_rows() -> None:
    def document(count: int) -> Iterator[bytes]:
        yield b"sku\tname\tprice\n"
        for _ in range(count // 1000):
            yield b"SKU-1\tsome name\t12.99\n" * 1000

    peaks = []
    for count in (10_000, 100_000):
        tracemalloc.start()
        found = sum(1 for _ in FlatRows(document(count), TSV, UTF8))
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
