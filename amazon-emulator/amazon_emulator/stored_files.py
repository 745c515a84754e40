"""The storage of documents: pre-signed URLs, ranges, the errors of S3."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from werkzeug import Response

from amazon_emulator.http import RefusalError

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.state import EmulatorState

_STAMP = "%Y%m%dT%H%M%SZ"
_CHUNK = 1 << 16
_CODES = {
    400: "InvalidArgument",
    403: "AccessDenied",
    404: "NoSuchKey",
    412: "PreconditionFailed",
    416: "InvalidRange",
    429: "SlowDown",
    503: "SlowDown",
}
OCTETS = "binary/octet-stream"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a download serves."""

    open: Callable[[], BinaryIO]
    size: int
    etag: str
    content_type: str = OCTETS

    @classmethod
    def of_bytes(cls, content: bytes) -> StoredFile:
        """Return a file that holds these bytes."""
        etag = hashlib.sha256(content).hexdigest()[:32]
        return cls(lambda: io.BytesIO(content), len(content), etag)


class Writable(Protocol):
    """What a document is written to."""

    def write(self, data: bytes, /) -> int:
        """Take bytes."""
        ...


class HashingWriter(io.RawIOBase):
    """Counts and hashes what passes through it."""

    def __init__(self, target: BinaryIO) -> None:
        super().__init__()
        self._target = target
        self.digest = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override] # bytes will do
        """Write, count and hash."""
        self.digest.update(data)
        self.size += len(data)
        return self._target.write(data)


class UrlSigner:
    """Makes and checks the URLs; another one on every call, as Amazon does."""

    def __init__(self, state: EmulatorState, origin: str = "http://localhost") -> None:
        self._state = state
        self.origin = origin
        self._made = 0

    def sign(
        self, path: str, life_seconds: float, more: Mapping[str, str] | None = None
    ) -> tuple[str, datetime]:
        """Return a new URL of a path and when it expires."""
        now = self._state.clock.now()
        with self._state.lock:
            self._made += 1
            token = f"{self._made:08x}"
        query = {
            "X-Amz-Security-Token": token,
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": now.strftime(_STAMP),
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": f"{life_seconds:g}",
            **(more or {}),
        }
        query["X-Amz-Signature"] = self._signature(path, query)
        expires = now + timedelta(seconds=life_seconds)
        return f"{self.origin}{path}?{urlencode(query)}", expires

    def check(self, request: Request) -> None:
        """Refuse a wrong signature and a URL that has expired (403)."""
        query = request.args.to_dict()
        signature = query.pop("X-Amz-Signature", "")
        if not hmac.compare_digest(signature, self._signature(request.path, query)):
            raise RefusalError(403, "The request signature does not match")
        made = datetime.strptime(f"{query['X-Amz-Date']}+0000", f"{_STAMP}%z")
        life = timedelta(seconds=float(query["X-Amz-Expires"]))
        if made + life < self._state.clock.now():
            raise RefusalError(403, "Request has expired")

    def _signature(self, path: str, query: dict[str, str]) -> str:
        payload = f"{path}?{urlencode(sorted(query.items()))}".encode()
        key = f"{self._state.settings.seed}|emulator".encode()
        return hmac.new(key, payload, hashlib.sha256).hexdigest()


def refusal_xml(refusal: RefusalError) -> Response:
    """Word a refusal as S3 does, in XML."""
    code = _CODES.get(refusal.status, "InternalError")
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(refusal.message)}</Message>"
        "<RequestId>EMULATOR</RequestId><HostId>emulator</HostId></Error>"
    )
    return Response(
        xml, refusal.status, refusal.headers, content_type="application/xml"
    )


def serve(request: Request, file: StoredFile, *, is_encoded: bool = False) -> Response:
    """Respond with an object, from `Range` on if asked; `is_encoded`: say gzip."""
    size, etag = file.size, file.etag
    first, last, status = 0, size - 1, 200
    if request.headers.get("If-Match", etag).strip('"') not in (etag, "*"):
        raise RefusalError(412, "At least one of the pre-conditions did not hold")
    requested = request.range
    if requested is not None and _still_same(request, etag):
        span = requested.range_for_length(size)
        if span is None:
            headers = {"Content-Range": f"bytes */{size}"}
            text = "The requested range is not satisfiable"
            raise RefusalError(416, text, headers=headers)
        first, last, status = span[0], span[1] - 1, 206
    headers = {
        "ETag": f'"{etag}"',
        "Accept-Ranges": "bytes",
        "Content-Length": str(last - first + 1),
    }
    if status == 206:  # noqa: PLR2004 - partial content
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if is_encoded:
        headers["Content-Encoding"] = "gzip"
    chunks = _chunks(file.open, first, last - first + 1)
    return Response(
        chunks, status, headers, content_type=file.content_type, direct_passthrough=True
    )


def _still_same(request: Request, etag: str) -> bool:
    return request.headers.get("If-Range", etag).strip('"') == etag


def _chunks(opener: Callable[[], BinaryIO], first: int, length: int) -> Iterator[bytes]:
    with opener() as body:
        body.seek(first)
        while length > 0:
            chunk = body.read(min(_CHUNK, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk
