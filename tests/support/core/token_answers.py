"""What a token endpoint, or what stands in its place, may answer."""

from __future__ import annotations

import gzip
import json

from support.core.scripted_server import Reply

ACCESS, REFRESH, CLIENT = "Atza|IwEBIJ-x.y_z", "Atzr|IwEBIGreFresh", "top-secret-words"
PLAIN = "opaque-access-token-0815"
TOKEN = json.dumps({"access_token": ACCESS, "refresh_token": REFRESH, "t": PLAIN})

ANSWERS = {
    "html": Reply(200, f"<html><p>{ACCESS} {PLAIN}</p></html>".encode()),
    "broken json": Reply(200, TOKEN[:-1].encode()),
    "trailing comma": Reply(200, (TOKEN[:-1] + ",}").encode()),
    "python": Reply(200, str(json.loads(TOKEN)).encode()),
    "form": Reply(200, f"access_token={ACCESS}&refresh_token={PLAIN}".encode()),
    "two objects": Reply(200, (TOKEN + TOKEN).encode()),
    "list": Reply(200, f"[{TOKEN}]".encode()),
    "nested": Reply(200, f'{{"data": {TOKEN}, "message": "{PLAIN}"}}'.encode()),
    "null token": Reply(200, f'{{"access_token": null, "x": "{PLAIN}"}}'.encode()),
    "utf-16": Reply(200, TOKEN.encode("utf-16")),
    "empty": Reply(200, b""),
    "redirect": Reply(302, TOKEN.encode(), {"Location": f"http://x/?t={PLAIN}"}),
    "400 with a token": Reply(400, TOKEN.encode()),
    "400 words": Reply(
        400,
        json.dumps(
            {
                "error": f"invalid_grant {ACCESS}",
                "error_description": f"no: {REFRESH}, {CLIENT}",
                "detail": PLAIN,
            }
        ).encode(),
    ),
    "400 odd words": Reply(400, b'{"error": {"Atza|a": 1}, "error_description": [1]}'),
    "403 text": Reply(403, f"denied {PLAIN}".encode()),
    "404": Reply(404, f"<h1>{PLAIN}</h1>".encode()),
    "429": Reply(429, TOKEN.encode()),
    "500": Reply(500, TOKEN.encode()),
    "502 html": Reply(502, f"<html>{PLAIN}</html>".encode()),
    "503": Reply(503, f'{{"errors": [{{"message": "{PLAIN}"}}]}}'.encode()),
    "huge": Reply(200, b" " * 70_000_000),
    "inflating": Reply(
        200, gzip.compress(b"\0" * 70_000_000, 9), {"Content-Encoding": "gzip"}
    ),
    "no gzip": Reply(200, TOKEN.encode(), {"Content-Encoding": "gzip"}),
    "unknown encoding": Reply(200, TOKEN.encode(), {"Content-Encoding": "br"}),
}

SECRETS = (ACCESS, REFRESH, CLIENT, PLAIN, "IwEBI", "Atza|a")
"""None of which may ever be shown."""
