"""Writes the content of a document: JSON with its sections, flat files, XML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from amazon_emulator.reports.documents import ROWS, json_array
from amazon_emulator.selling_partner.rows.plan import (
    Content,
    FlatContent,
    JsonContent,
    Section,
)
from amazon_emulator.selling_partner.rows.writing import write_flat, write_xml

if TYPE_CHECKING:
    from amazon_emulator.reports.documents import Document, Writer
    from amazon_emulator.stored_files import Writable

_AT_ONCE = 2000


def content_writer(content: Content, *, spec_last: bool = False) -> Writer:
    """Return what writes a content into a document."""

    def write(target: Writable, document: Document) -> None:
        if isinstance(content, JsonContent):
            _write_json(target, content, document, spec_last=spec_last)
        elif isinstance(content, FlatContent):
            document.counts[ROWS] = write_flat(target, content)
        else:
            document.counts[ROWS] = write_xml(target, content)

    return write


def section_rows(section: Section) -> Iterator[bytes]:
    """Yield the JSON array of a section piece by piece."""
    return json_array(_batches(section.texts()))


def _write_json(
    target: Writable, content: JsonContent, document: Document, *, spec_last: bool
) -> None:
    specification = json.dumps({"reportSpecification": content.specification})[1:-1]
    has_sections = bool(content.sections)
    target.write(b"{")
    if not spec_last:
        target.write(specification.encode() + (b"," if has_sections else b""))
    for number, section in enumerate(content.sections):
        target.write((b"," if number else b"") + f'"{section.name}":'.encode())
        batches = document.counted(_batches(section.texts()), section.name)
        for piece in json_array(batches):
            target.write(piece)
    if spec_last:
        target.write((b"," if has_sections else b"") + specification.encode())
    target.write(b"}")


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    pending = iter(texts)
    while batch := list(islice(pending, _AT_ONCE)):
        yield batch
