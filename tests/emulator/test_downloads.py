from __future__ import annotations

import gzip
import json
from xml.etree import ElementTree as ET

import pytest
from werkzeug.test import TestResponse

from support.ads.emulation import AdsCaller, report_body


@pytest.fixture
def url(ads: AdsCaller) -> str:
    report_id = ads.create(report_body()).get_json()["reportId"]
    return str(ads.poll(report_id).get_json()["url"])


def error_code(response: TestResponse) -> str | None:
    assert response.content_type == "application/xml"
    return ET.fromstring(response.data).findtext("Code")  # noqa: S314 - our own XML


def test_document_is_a_gzipped_array(ads: AdsCaller, url: str) -> None:
    response = ads.download(url)

    assert response.status_code == 200
    assert response.content_length == len(response.data)
    assert "Content-Encoding" not in response.headers
    rows = json.loads(gzip.decompress(response.data))
    assert len(rows) == 10


def test_cut_download_can_be_resumed(ads: AdsCaller, url: str) -> None:
    whole = ads.download(url)
    etag = whole.headers["ETag"]

    rest = ads.download(url, Range="bytes=100-", If_Range=etag)

    size = len(whole.data)
    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == f"bytes 100-{size - 1}/{size}"
    assert rest.headers["ETag"] == etag
    assert whole.data[:100] + rest.data == whole.data
    assert ads.download(url, Range="bytes=0-9").data == whole.data[:10]
    assert ads.download(url, Range="bytes=-5").data == whole.data[-5:]
    other = ads.download(url, Range="bytes=100-", If_Range='"other"')
    assert (other.status_code, other.data) == (200, whole.data)


def test_range_beyond_the_end_is_416(ads: AdsCaller, url: str) -> None:
    response = ads.download(url, Range="bytes=999999-")

    assert response.status_code == 416
    assert error_code(response) == "InvalidRange"


def test_url_expires(ads: AdsCaller, url: str) -> None:
    ads.advance(3600)
    assert ads.download(url).status_code == 200
    ads.advance(1)
    response = ads.download(url)

    assert response.status_code == 403
    assert error_code(response) == "AccessDenied"
    assert b"expired" in response.data


@pytest.mark.parametrize(
    "header",
    [
        "Authorization",
        "Amazon-Advertising-API-ClientId",
        "Amazon-Advertising-API-Scope",
    ],
)
def test_credentials_have_no_business_here(
    ads: AdsCaller, url: str, header: str
) -> None:
    response = ads.download(url, **{header: "secret"})

    assert response.status_code == 400
    assert error_code(response) == "InvalidArgument"
    assert b"secret" not in response.data


def test_forged_url_is_refused(ads: AdsCaller, url: str) -> None:
    longer = url.replace("Expires=3600", "Expires=999999")

    assert ads.download(longer).status_code == 403
    assert ads.download(url.split("?", maxsplit=1)[0]).status_code == 403


def test_content_encoding_can_be_switched_on(ads: AdsCaller, url: str) -> None:
    ads.emulation.state.change({"content_encoding": True})

    assert ads.download(url).headers["Content-Encoding"] == "gzip"
