"""Writes flat files and XML documents row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.rows.plan import FlatContent, XmlContent
    from amazon_emulator.stored_files import Writable

_CODECS: Mapping[str | None, str] = {
    "Cp1252": "cp1252",
    "windows-31j": "cp932",
    "ISO-8859-1": "latin-1",
}


def write_flat(target: Writable, content: FlatContent) -> int:
    """Write a header line and all rows; return the number of rows."""
    encoding, rows = content.encoding or _CODECS.get(content.charset, "utf-8"), 0
    for values in (content.columns, *content.rows()):
        text = _line(content, values) + "\r\n"
        # What a charset cannot hold arrives as a question mark, as at Amazon.
        target.write(text.encode(encoding, errors="replace"))
        if encoding == "utf-8-sig":
            encoding = "utf-8"  # one mark at the begin is enough
        rows += 1
    return rows - 1


def _line(content: FlatContent, values: Sequence[str]) -> str:
    if not content.is_escaped:
        return content.delimiter.join(f'"{value}"' for value in values)
    if content.keeps_breaks and not content.is_quoted:
        return content.delimiter.join(values)
    line = _csv_line if content.delimiter == "," else _tsv_line
    return line(values, is_quoted=content.is_quoted)


def _tsv_line(values: Sequence[str], *, is_quoted: bool) -> str:
    """Join with tabs; without quotes a tab or line break cannot be written."""
    if is_quoted:
        return "\t".join('"' + value.replace('"', '""') + '"' for value in values)
    return "\t".join(
        " ".join(value.splitlines()).replace("\t", " ") for value in values
    )


def _csv_line(values: Sequence[str], *, is_quoted: bool) -> str:
    text = io.StringIO()
    if is_quoted:
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(values)
    else:
        csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def write_xml(target: Writable, content: XmlContent) -> int:
    """Write a root with one element per row; return the number of rows."""
    target.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<{content.root}>\n'.encode())
    rows = 0
    for row in content.rows():
        target.write(f"{_element(content.element, row)}\n".encode())
        rows += 1
    target.write(f"</{content.root}>\n".encode())
    return rows


def _element(name: str, value: object) -> str:
    if isinstance(value, dict):
        inner = "".join(_element(key, part) for key, part in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, list):
        return "".join(_element(name, part) for part in value)
    return f"<{name}>{escape(str(value))}</{name}>"
