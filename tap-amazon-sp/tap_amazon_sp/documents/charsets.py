"""In which characters a flat file is written.

What the download's Content-Type says goes first. Where it says nothing, UTF-8 is
tried before the old character set of the marketplace: text in an old set is hardly
ever UTF-8 by chance, while the other way round everything decodes to nonsense.
Each line is decided anew, for old text inside files declared as UTF-8 happens too.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from singer_amazon.errors import DocumentError
from tap_amazon_sp.marketplaces import find

MAX_LINE_BYTES = 16 * 1024 * 1024
_PARAMETER = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
# Amazon's names that Python does not know
_NAMES = {"windows-31j": "cp932", "cp1252": "cp1252", "utf8": "utf-8"}
_OLD = "cp1252"
_OLD_OF = {"JP": "cp932"}
_BOM = codecs.BOM_UTF8
_UNSUITED = ("utf-16", "utf-32")  # a line of theirs does not end with one byte


def declared(content_type: str | None) -> str | None:
    """Return the Python codec a Content-Type names; None where it names none."""
    found = _PARAMETER.search(content_type or "")
    if found is None:
        return None
    name = found[1].lower()
    try:
        codec = codecs.lookup(_NAMES.get(name, name)).name
    except LookupError:
        return None
    return None if codec.startswith(_UNSUITED) else codec


@dataclass(frozen=True, slots=True)
class Charset:
    """The codecs to try on a line, best first; the last resort replaces signs."""

    codecs: tuple[str, ...]
    last_resort: str

    @classmethod
    def of(
        cls, content_type: str | None = None, marketplace: str | None = None
    ) -> Charset:
        """Choose by the download's Content-Type, else by the marketplace's id."""
        known = find(marketplace or "")
        old = _OLD_OF.get(known.code, _OLD) if known else _OLD
        said = declared(content_type)
        tried = dict.fromkeys((said or "utf-8", "utf-8", old))
        return cls(tuple(tried), old if said in {None, "utf-8"} else said or old)

    def decode(self, text: bytes) -> str:
        """Return text by the first codec that can read all of it."""
        for codec in self.codecs:
            found = _strictly(text, codec)
            if found is not None:
                return found
        return text.decode(self.last_resort, "replace")


def lines(blocks: Iterable[bytes], charset: Charset) -> Iterator[str]:
    """Yield the lines of a document without their ends, in flat memory.

    Raises:
        DocumentError: a line is longer than any flat file's.
    """
    rest = b""
    is_first = True
    for block in _with_end(blocks):
        whole, found, rest = (rest + block).rpartition(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            msg = f"no end of a line within {MAX_LINE_BYTES} bytes"
            raise DocumentError(msg)
        if not found:
            continue
        if is_first:
            whole, is_first = whole.removeprefix(_BOM), False
        yield from _decoded(whole, charset)


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks so that the last line has an end like all others."""
    last = b"\n"
    for block in blocks:
        if block:
            last = block[-1:]
            yield block
    if last != b"\n":
        yield b"\n"


def _strictly(text: bytes, codec: str) -> str | None:
    try:
        return text.decode(codec)
    except UnicodeDecodeError:
        return None


def _decoded(text: bytes, charset: Charset) -> Iterator[str]:
    whole = _strictly(text, charset.codecs[0])
    if whole is None:
        for raw in text.split(b"\n"):
            yield charset.decode(raw).removesuffix("\r")
        return
    # not splitlines: it also splits at signs that stand inside values
    for line in whole.split("\n"):
        yield line.removesuffix("\r")
