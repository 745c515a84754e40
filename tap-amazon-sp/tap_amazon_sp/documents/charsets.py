"""In which characters a document is written.

Its bytes go before what the download's Content-Type says: a UTF-8 BOM, or text beyond
ASCII that is valid UTF-8, is no Cp1252 by chance. In the multi-byte sets of Asia it
can be, so there the lines of the whole document vote. Each line is still decided anew,
for old text inside files of UTF-8 happens too.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from singer_amazon.errors import DocumentError
from tap_amazon_sp.marketplaces import find

MAX_LINE_BYTES = 16 * 1024 * 1024
_PARAMETER = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
# Amazon's names that Python does not know
_NAMES = {"windows-31j": "cp932", "cp1252": "cp1252", "utf8": "utf-8"}
_OLD = "cp1252"
_OLD_OF = {"JP": "cp932"}
_NO_TEXT = {"idna", "punycode", "raw-unicode-escape", "raw_unicode_escape"}
_BOM = codecs.BOM_UTF8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ASCII = bytes(range(128))
# one byte, one sign: what is valid UTF-8 beyond ASCII hardly ever makes sense in them
_WESTERN = re.compile(r"cp125\d|iso8859-\d+|ascii|mac-.*")


def known_codec(name: str) -> str | None:
    """Return the Python codec of a name; None where it can read no line of text."""
    try:
        codec = codecs.lookup(_NAMES.get(name.lower(), name)).name
        is_of_text = _ASCII.decode(codec) == _ASCII.decode("ascii")
    except (LookupError, ValueError):  # a NUL, a codec of no text, one that fails
        return None
    return codec if is_of_text and codec not in _NO_TEXT else None


def declared(content_type: str | None) -> str | None:
    """Return the Python codec a Content-Type names; None where it names none."""
    found = _PARAMETER.search(content_type or "")
    return known_codec(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Charset:
    """The codecs to try on a line, best first; the last resort replaces signs."""

    codecs: tuple[str, ...]
    last_resort: str
    warning: str | None = None
    """What to say of a name in the Content-Type that means nothing here."""

    @classmethod
    def of(
        cls, content_type: str | None = None, marketplace: str | None = None
    ) -> Charset:
        """Choose by the download's Content-Type, else by the marketplace's id."""
        known = find(marketplace or "")
        old = _OLD_OF.get(known.code, _OLD) if known else _OLD
        said = declared(content_type)
        is_legacy = said not in {None, "utf-8"}
        first = said if said and not _WESTERN.fullmatch(said) else "utf-8"
        tried = dict.fromkeys((first, "utf-8", said or old, old))
        named = _PARAMETER.search(content_type or "")
        warning = None
        if named and said is None:
            warning = (
                f"the download names the charset {named[1][:40]!r}, which is not known "
                f"here: read as UTF-8, else {old}"
            )
        return cls(tuple(tried), (said if is_legacy and said else old), warning)

    def seen(self, blocks: Iterable[bytes]) -> Charset:
        """Return this charset as the bytes of a document confirm or correct it."""
        is_asian = any(
            name != "utf-8" and not _WESTERN.fullmatch(name) for name in self.codecs
        )
        source = iter(blocks)
        head = next(source, b"")
        is_utf8 = head.startswith((_BOM, *_UTF16))
        if not is_utf8 and is_asian:
            is_utf8 = _votes_utf8(itertools.chain([head], source))
        elif not is_utf8:
            return self
        others = [name for name in self.codecs if name != "utf-8"]
        order = ["utf-8", *others] if is_utf8 else [*others, "utf-8"]
        return replace(self, codecs=tuple(order))

    def decode(self, text: bytes) -> str:
        """Return text by the first codec that can read all of it."""
        for codec in self.codecs:
            found = _strictly(text, codec)
            if found is not None:
                return found
        return text.decode(self.last_resort, "replace")


def line_lists(blocks: Iterable[bytes], charset: Charset) -> Iterator[list[str]]:
    r"""Yield the lines of a document, some at a time, without \n (a \r stays).

    In flat memory: as many as a block holds.

    Raises:
        DocumentError: a line is longer than any flat file's.
    """
    for whole in _whole_lines(blocks):
        yield _decoded(whole, charset)


def bytes_of_text(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a document without its byte order mark, UTF-16 as UTF-8.

    Raises:
        DocumentError: it begins as UTF-16 and is none.
    """
    source = iter(blocks)
    head = next(source, b"")
    if not head.startswith(_UTF16):
        yield head.removeprefix(_BOM)
        yield from source
        return
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for block in itertools.chain([head], source):
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        msg = f"the document begins as UTF-16 and is damaged ({error})"
        raise DocumentError(msg) from None


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in _with_end(bytes_of_text(blocks)):
        end = block.rfind(b"\n")
        if end >= 0:
            yield b"".join((rest, memoryview(block)[:end]))
            rest = b""
        rest += block[end + 1 :]
        if len(rest) > MAX_LINE_BYTES:
            msg = f"no end of a line within {MAX_LINE_BYTES} bytes"
            raise DocumentError(msg)


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks so that the last line has an end like all others."""
    last = b"\n"
    for block in blocks:
        if block:
            last = block[-1:]
            yield block
    if last != b"\n":
        yield b"\n"


def _votes_utf8(blocks: Iterable[bytes]) -> bool:
    """Whether most lines beyond ASCII are valid UTF-8."""
    votes = 0
    for whole in _whole_lines(blocks):
        for line in () if whole.isascii() else whole.split(b"\n"):
            if not line.isascii():
                votes += 1 if _strictly(line, "utf-8") is not None else -1
    return votes > 0


def _strictly(text: bytes, codec: str) -> str | None:
    try:
        return text.decode(codec)
    except UnicodeDecodeError:
        return None


def _decoded(text: bytes, charset: Charset) -> list[str]:
    whole = _strictly(text, charset.codecs[0])
    if whole is None:
        return [charset.decode(raw) for raw in text.split(b"\n")]
    # not splitlines: it also splits at signs that stand inside values
    return whole.split("\n")
