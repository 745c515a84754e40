"""Whatever the token endpoint answers, nothing of it but parsed words is shown."""

from __future__ import annotations

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
from support.core.token_answers import ACCESS, ANSWERS, CLIENT, REFRESH, SECRETS


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
    for secret in SECRETS:
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
