"""The storage of the documents: pre-signed addresses on an origin of their own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from werkzeug import Response

from amazon_emulator.ads_reporting.documents import fault_bytes
from amazon_emulator.ads_reporting.room import body_target
from amazon_emulator.faults import Target
from amazon_emulator.wire import Call, RefusalError, Route

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.ads_reporting.lifecycle import Report
    from amazon_emulator.ads_reporting.store import ReportStore
    from amazon_emulator.core import Core

_PATH = "/offline-report-storage/{0}/report-{0}.json.gz"
_ROUTE = "/offline-report-storage/<report_id>/<name>"
_STAMP = "%Y%m%dT%H%M%SZ"
_PIECE = 1 << 16
_CODES = {
    400: "InvalidArgument",
    403: "AccessDenied",
    404: "NoSuchKey",
    412: "PreconditionFailed",
    416: "InvalidRange",
    429: "SlowDown",
    503: "SlowDown",
}


Opener = Callable[[], BinaryIO]


class UrlSigner:
    """Makes and checks the addresses; another one on every look, as Amazon does."""

    def __init__(self, core: Core, origin: str = "http://localhost") -> None:
        self._core = core
        self.origin = origin
        self._made = 0

    def sign(self, report: Report) -> tuple[str, datetime]:
        """Return a new address of a report's document and when it expires."""
        settings, now = self._core.settings, self._core.clock.now()
        with self._core.lock:
            self._made += 1
            token = f"{self._made:08x}"
        life = settings.url_lifetime_seconds
        path = _PATH.format(report.report_id)
        query = {
            "X-Amz-Security-Token": token,
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": now.strftime(_STAMP),
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": f"{life:g}",
        }
        query["X-Amz-Signature"] = self._signature(path, query)
        return f"{self.origin}{path}?{urlencode(query)}", now + timedelta(seconds=life)

    def check(self, request: Request) -> None:
        """Refuse a wrong signature and an address that has expired (403)."""
        query = request.args.to_dict()
        signature = query.pop("X-Amz-Signature", "")
        if not hmac.compare_digest(signature, self._signature(request.path, query)):
            raise RefusalError(403, "The request signature does not match")
        made = datetime.strptime(f"{query['X-Amz-Date']}+0000", f"{_STAMP}%z")
        life = timedelta(seconds=float(query["X-Amz-Expires"]))
        if made + life < self._core.clock.now():
            raise RefusalError(403, "Request has expired")

    def _signature(self, path: str, query: dict[str, str]) -> str:
        word = f"{path}?{urlencode(sorted(query.items()))}".encode()
        key = f"{self._core.settings.seed}|emulator".encode()
        return hmac.new(key, word, hashlib.sha256).hexdigest()


class DownloadRoom:
    """Serves documents, whole or in part, with the errors of S3."""

    def __init__(self, core: Core, reports: ReportStore, signer: UrlSigner) -> None:
        self._core, self._reports, self._signer = core, reports, signer

    @property
    def routes(self) -> Sequence[Route]:
        """The one download."""
        return (Route("GET", _ROUTE, "download", self.download),)

    def target(self, call: Call) -> Target:
        """Say which report is being downloaded, and whose it is."""
        report = self._reports.any(call.arguments["report_id"])
        if report is None:
            return Target()
        return body_target(report.account[1], report.body)

    def refuse(self, refusal: RefusalError) -> Response:
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

    def reset(self) -> None:
        """The reports are forgotten by the reporting room."""

    def download(self, call: Call) -> Response:
        """Serve the document of a report, from `Range` on if asked."""
        _refuse_credentials(call.request)
        if call.fault("expired") is not None:
            raise RefusalError(403, "Request has expired")
        self._signer.check(call.request)
        report = self._reports.any(call.arguments["report_id"])
        if report is None or not report.document.is_built:
            raise RefusalError(404, "The specified key does not exist.")
        with self._core.lock:
            report.downloads += 1
        rule = call.fault("document") or call.fault("empty")
        if rule is not None:
            content = fault_bytes(rule)
            etag = hashlib.sha256(content).hexdigest()[:32]
            stand_in = BytesIO(content)
            return self._serve(call.request, lambda: stand_in, len(content), etag)
        document = report.document
        path, size = document.path, document.size
        return self._serve(call.request, lambda: path.open("rb"), size, document.etag)

    def _serve(
        self, request: Request, opener: Opener, size: int, etag: str
    ) -> Response:
        first, last, status = 0, size - 1, 200
        if request.headers.get("If-Match", etag).strip('"') not in (etag, "*"):
            raise RefusalError(412, "At least one of the pre-conditions did not hold")
        wanted = request.range
        if wanted is not None and _still_same(request, etag):
            span = wanted.range_for_length(size)
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
        if self._core.settings.content_encoding:
            headers["Content-Encoding"] = "gzip"
        pieces = _pieces(opener, first, last - first + 1)
        return Response(
            pieces,
            status,
            headers,
            content_type="binary/octet-stream",
            direct_passthrough=True,
        )


def _refuse_credentials(request: Request) -> None:
    """Refuse a download that carries what belongs to the API alone."""
    for name in request.headers.keys():  # noqa: SIM118 - Headers iterate over pairs
        if name.lower() == "authorization" or name.lower().startswith("amazon-"):
            text = f"Only one auth mechanism allowed; the header {name} was sent too"
            raise RefusalError(400, text)


def _still_same(request: Request, etag: str) -> bool:
    return request.headers.get("If-Range", etag).strip('"') == etag


def _pieces(opener: Opener, first: int, length: int) -> Iterator[bytes]:
    with opener() as body:
        body.seek(first)
        while length > 0:
            piece = body.read(min(_PIECE, length))
            if not piece:
                return
            length -= len(piece)
            yield piece
