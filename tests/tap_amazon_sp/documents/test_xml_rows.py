from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents.xml_rows import xml_rows

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
    blocks = (document[at : at + size] for at in range(0, len(document), size))
    return list(xml_rows(blocks, path))


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
        {"MessageID": "1", "Order": FIRST},
        {"MessageID": "2", "Order": {"@number": "6", "Name": "B"}},
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
        assert sum(1 for _ in xml_rows(document(count))) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.2
