"""Whatever the token endpoint answers, nothing of it but parsed words is shown."""

from __future__ import annotations

import gzip
import json
import logging
import traceback

import pytest

from singer_amazon.clock import FakeClock
from singer_amazon.errors import AmazonError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.transport import Transport
from singer_amazon.masking import mask_logs, masked
from support.core.reports import NOON
from support.core.scripted_server import Reply, scripted_server

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


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_no_answer_of_the_token_endpoint_is_quoted(
    answer: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted_server() as server, caplog.at_level(logging.DEBUG):
        server.script(answer)
        provider = TokenProvider(
            Credential("client-id", CLIENT, REFRESH),
            auth_uri=f"{server.url}/auth/o2/token",
            transport=Transport(user_agent="tests/1", max_attempts=2, retry_wait=0.001),
            clock=FakeClock(NOON),
        )
        with pytest.raises(AmazonError) as caught:
            provider.token()
        logging.getLogger("anybody").error("failed", exc_info=caught.value)
    shown = [caplog.text, str(caught.value), repr(caught.value)]
    shown += traceback.format_exception(caught.value)
    for secret in (ACCESS, REFRESH, CLIENT, PLAIN, "IwEBI", "Atza|a"):
        assert secret not in "\n".join(shown)
    assert len(str(caught.value)) < 1200


@pytest.mark.parametrize(
    "text",
    [
        "Atza|IwEBI-secret",
        'x="Atzr|secret_secret"',
        "https://a/?token=Atza%7Csecret&b=1",
        r'{"a":"Atza\u007csecret"}',
        "Atc|secret and more",
        "Atz.sprdt|secret",
        "https://bucket/key?X-Amz-Signature=secret&X-Amz-Security-Token=secret",
    ],
)
def test_tokens_and_signatures_are_masked(text: str) -> None:
    assert "secret" not in masked(text)
    assert masked(masked(text)) == masked(text)


def test_what_is_no_token_stays() -> None:
    text = "Attention| At|all: 1 of 3 | report_id=Atzaleas"
    assert masked(text) == text


def test_any_log_record_of_the_process_is_masked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mask_logs()
    mask_logs()
    try:
        raise ValueError(ACCESS)  # noqa: TRY301
    except ValueError:
        logging.getLogger("some.library").exception("with %s", REFRESH)
    assert "IwEBI" not in caplog.text
    assert "Atza|***" in caplog.text
