"""Bodies that are wrong, slow or huge, by fault rule."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug import Response

if TYPE_CHECKING:
    from amazon_emulator.clock import SettableClock
    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.http import Call

_MEGABYTE = 1 << 20
_GZIP_BITS = 31
_DOWNLOADS = ("download", "download_document", "download_export")
_TYPES = {"json": "application/json", "xml": "text/xml"}
_AROUND: Mapping[tuple[str, bool], tuple[bytes, bytes]] = {
    ("json", True): (b"[", b"]"),
    ("json", False): (b'{"payload": ', b"{}}"),
    ("json of one value", True): (b'[{"a": "', b'"}]'),
    ("json of one value", False): (b'{"payload": "', b'"}'),
    ("xml", True): (b"<Result>", b"</Result>"),
    ("xml of one value", True): (b"<Result><Node><a>", b"</a></Node></Result>"),
    ("text of one value", True): (b"sku\tasin\r\n", b"\tB000000001\r\n"),
}
"""(form, whether it is a document) -> what stands around the filler."""
LOOSE: Mapping[str, Callable[[str], str]] = {
    "comma": lambda text: f"{text[:-1]},{text[-1:]}",
    "quotes": lambda text: text.replace('"', "'"),
    "nan": lambda text: f'{text[:-1]}, "more": NaN, "half": "\\ud83d"{text[-1:]}',
    "prefix": lambda text: f")]}}',\n{text}",
    "cut": lambda text: text[:-1],
    "html": lambda text: f"<html><body><pre>{text}</pre></body></html>",
    "text": json.dumps,
}
"""Form of an answer that is no strict JSON -> what is made of the right one."""


def spoilt_body(call: Call, response: Response, clock: SettableClock) -> Response:
    """Return a response with the body that the faults of its call want."""
    loose = call.fault("loose_json")
    if loose is not None:
        form = LOOSE.get(loose.text("form"), LOOSE["comma"])
        response.set_data(form(response.get_data(as_text=True)))
    trickle = call.fault("trickle")
    return response if trickle is None else _slow(response, trickle, clock)


def inflating(call: Call, rule: Rule) -> Response:
    """Return a small gzip body that is as large as the rule says when unpacked."""
    is_file, form = call.operation in _DOWNLOADS, rule.text("form")
    kind = f"{form} of one value" if rule.parameters["one_value"] else form
    head, tail = _AROUND.get((kind, is_file)) or _AROUND.get((kind, True)) or (b"", b"")
    filler = b"a" if rule.parameters["one_value"] else b" "
    body = _packed(int(rule.number("megabytes")), head, filler, tail)
    headers = {} if is_file else {"Content-Encoding": "gzip"}
    return Response(body, 200, headers, content_type=_TYPES.get(form, "text/plain"))


@lru_cache(maxsize=4)
def _packed(size: int, head: bytes, filler: bytes, tail: bytes) -> bytes:
    """Return head, so many megabytes of the filler, and tail, as gzip."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_BITS)
    block = filler * _MEGABYTE
    parts = [packer.compress(head), *(packer.compress(block) for _ in range(size))]
    return b"".join((*parts, packer.compress(tail), packer.flush()))


def _slow(response: Response, rule: Rule, clock: SettableClock) -> Response:
    """Return a response whose body comes a few bytes at a time."""
    step, seconds = max(1, int(rule.number("bytes"))), rule.number("seconds")
    whole = b"".join(response.iter_encoded())

    def body() -> Iterator[bytes]:
        for at in range(0, len(whole), step):
            clock.sleep(seconds)
            yield whole[at : at + step]

    slow = Response(body(), response.status, response.headers, direct_passthrough=True)
    slow.headers["Content-Length"] = str(len(whole))
    return slow
