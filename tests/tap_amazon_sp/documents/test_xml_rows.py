from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents.xml_rows import XmlRows, fitted

ORDERS = """<?xml version="1.0" encoding="{encoding}"?>
<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Made>2026-11-20</Made>
  <Header><Version>1.00</Version></Header>
  <Message>
    <MessageID>1</MessageID>
    <Order number="5">
      <Name>テスト &amp; Söhne</Name><Note/>
      <Item><SKU>A</SKU><Price currency="EUR">9.99</Price></Item>
      <Item><SKU>B</SKU></Item>
    </Order>
  </Message>
  <Message><MessageID>2</MessageID><Order number="6"><Name>B</Name></Order></Message>
</AmazonEnvelope>
"""
FIRST = {
    "@number": "5",
    "Name": "テスト & Söhne",
    "Note": None,
    "Item": [
        {"SKU": "A", "Price": {"@currency": "EUR", "#text": "9.99"}},
        {"SKU": "B"},
    ],
}


def rows(document: bytes, path: str | None = None, size: int = 11) -> list[Any]:
    return list(XmlRows(lambda: blocks(document, size), path))


def blocks(document: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(document), size):
        yield document[at : at + size]


def test_rows_lie_where_the_path_leads() -> None:
    document = ORDERS.format(encoding="UTF-8").encode()

    assert rows(document, "Message.Order") == [FIRST, {"@number": "6", "Name": "B"}]
    assert [row["SKU"] for row in rows(document, "Message.Order.Item")] == ["A", "B"]
    assert rows(document, "Message.Nothing") == []


def test_without_a_path_children_of_the_root_are_rows() -> None:
    document = ORDERS.format(encoding="UTF-8").encode()

    found = rows(document)

    assert found == [
        {"Version": "1.00"},
        {"MessageID": "1", "Order": [FIRST]},
        {"MessageID": "2", "Order": [{"@number": "6", "Name": "B"}]},
    ]


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("windows-31j", "cp932"), ("UTF-16", "utf-16"), ("Shift_JIS", "shift_jis")],
)
def test_documents_of_any_charset_are_read(encoding: str, codec: str) -> None:
    text = ORDERS.format(encoding=encoding).replace("ö", "o")

    found = rows(text.encode(codec), "Message.Order", size=300)

    assert found[0]["Name"] == "テスト & Sohne"


def test_names_lose_their_prefix() -> None:
    document = b'<r:R xmlns:r="u"><r:Row xmlns:s="v" s:k="1"><r:A>x</r:A></r:Row></r:R>'

    assert rows(document) == [{"@s:k": "1", "A": "x"}]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"<a><b><c>1</c></b>", "not whole XML"),
        (b"", "not whole XML"),
        (b"<a><b></a>", "not whole XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "'klingon', which is not"),
        (b"<a>\xff\xfe</a>", "not whole XML"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a><b><c>&x;</c></b></a>', "document type"),
    ],
)
def test_damage_and_document_types_are_errors(document: bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        rows(document)


def test_memory_stays_flat_whatever_the_number_of_rows() -> None:
    def document(count: int) -> Iterator[bytes]:
        yield b"<r>"
        for _ in range(count // 100):
            yield b"<m><id>1</id><o><n>some name</n></o></m>" * 100
        yield b"</r>"

    peaks = []
    for count in (2000, 20_000):
        tracemalloc.start()
        assert sum(1 for _ in XmlRows(partial(document, count))) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.2


# ------------------------------------------------------------------------ shapes

ONE = "<o><id>1</id><item><sku>A</sku><tag>x</tag></item><note>n</note></o>"
TWO = (
    "<o><id>2</id><item><sku>B</sku><tag>x</tag><tag>y</tag></item>"
    "<item><sku>C</sku></item><note>n</note><note>m</note><total c='EUR'>5</total></o>"
)


def shape(value: Any) -> Any:
    """Return what a value looks like, whatever it holds."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value).__name__


def test_one_or_many_an_element_has_one_shape() -> None:
    first, second = rows(f"<r>{ONE}{TWO}</r>".encode())
    assert first["item"] == [{"sku": "A", "tag": ["x"]}]
    assert second["item"] == [{"sku": "B", "tag": ["x", "y"]}, {"sku": "C"}]
    assert (first["note"], second["note"]) == ("n", '["n", "m"]')
    assert second["total"] == [{"@c": "EUR", "#text": "5"}]
    assert shape(first) | {"total": [{"@c": "str", "#text": "str"}]} == shape(second)


@pytest.mark.parametrize("order", [[ONE, TWO], [TWO, ONE], [ONE], [TWO]])
def test_columns_do_not_depend_on_what_comes_first(order: list[str]) -> None:
    found = XmlRows(lambda: [f"<r>{''.join(order)}</r>".encode()])
    list(found)
    kinds = {name: schema["type"][0] for name, schema in found.columns.items()}
    expected = {"id": "string", "item": "array", "note": "string", "total": "array"}
    assert kinds == {n: k for n, k in expected.items() if n in kinds}
    assert kinds.keys() >= {"id", "item", "note"}


def test_a_later_document_keeps_the_type_of_a_column() -> None:
    columns = {
        "a": {"type": ["string", "null"]},
        "b": {"type": ["array", "null"]},
    }
    later = {"a": [{"x": "1"}], "b": "text", "c": [{"y": "2"}], "d": "new"}
    assert fitted(later, columns) == {
        "a": '[{"x": "1"}]',
        "b": [{"#text": "text"}],
        "c": [{"y": "2"}],
        "d": "new",
    }


# ------------------------------------------------------------------------ bounds


def endless(begin: bytes, times: int) -> Iterator[bytes]:
    yield b"<r>" + begin
    for _ in range(times):
        yield b"x" * 1_000_000


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (b"<o><a>", "a row of more than 67108864 bytes"),
        (b"<o a='", "a tag of more than 4194304 bytes"),
        (b"<!--", "a tag of more than 4194304 bytes"),
    ],
)
def test_a_text_without_end_is_a_sentence_in_no_time(begin: bytes, words: str) -> None:
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for block in endless(begin, 400):
            read += len(block)
            yield block

    with pytest.raises(DocumentError, match=words):
        list(XmlRows(counted))
    assert read < 150_000_000


def test_a_long_text_takes_linear_time() -> None:
    document = b"<r><o><a>" + b"x" * 20_000_000 + b"</a></o></r>"
    (row,) = rows(document, size=10_000)
    assert len(row["a"]) == 20_000_000


def test_deep_elements_are_a_sentence() -> None:
    with pytest.raises(DocumentError, match="nested more than 100 elements"):
        rows(b"<a>" * 100_000, size=5000)


@pytest.mark.parametrize("name", ["zlib", "rot13", "idna", "undefined", "utf-7", "\0"])
def test_odd_names_of_charsets_are_a_sentence(name: str) -> None:
    document = f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()
    with pytest.raises(DocumentError, match="is not known here"):
        rows(document)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig"])
def test_bytes_of_utf8_beat_what_the_first_line_says(codec: str) -> None:
    text = '<?xml version="1.0" encoding="windows-1252"?><r><o><n>Größe</n></o></r>'
    assert rows(text.encode(codec)) == [{"n": "Größe"}]
    assert rows(text.encode("cp1252")) == [{"n": "Größe"}]
