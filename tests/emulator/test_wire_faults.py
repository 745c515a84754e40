"""Faults of login and wire: odd bodies, slow ones, huge ones, foreign addresses."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator

import pytest
import requests

from amazon_emulator import Emulator
from support.ads.emulation import AdsCaller, report_body
from support.sp.emulation import SpCaller
from support.sp.emulation import report_body as sp_body


@pytest.fixture
def sp() -> Iterator[SpCaller]:
    caller = SpCaller()
    yield caller
    caller.emulation.close()


@pytest.mark.parametrize(
    "form", ["comma", "quotes", "nan", "prefix", "cut", "html", "text"]
)
def test_token_answers_that_are_no_strict_json(ads: AdsCaller, form: str) -> None:
    ads.fault("loose_json", "token", form=form)
    settings = ads.emulation.state.settings
    response = ads.exchange(settings.refresh_token)

    assert response.status_code == 200
    assert "Atza|" in response.text
    if form == "nan":
        assert "NaN" in response.text
    elif form == "text":
        assert isinstance(response.get_json(), str)
    else:
        with pytest.raises(ValueError, match="char"):
            json.loads(response.text)


def test_token_call_is_down_for_two_minutes(ads: AdsCaller) -> None:
    ads.fault("status", "token", code=503, lasts_seconds=120)
    codes = []
    for _ in range(4):
        codes.append(ads.sign_in().status_code)
        ads.advance(60)

    assert codes == [503, 503, 503, 200]


@pytest.mark.parametrize("one_value", [False, True])
def test_small_bodies_that_unpack_to_large_ones(
    ads: AdsCaller, one_value: bool
) -> None:
    ads.fault("inflate", "profiles", megabytes=8, one_value=one_value)
    response = ads.get("/v2/profiles")
    whole = zlib.decompress(response.data, 31)

    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.data) < 100_000
    assert len(whole) > 8 << 20
    assert list(json.loads(whole)) == ["payload"]


def test_a_document_that_unpacks_to_a_large_one(ads: AdsCaller) -> None:
    report_id = ads.create(report_body()).get_json()["reportId"]
    url = ads.poll(report_id).get_json()["url"]
    ads.fault("inflate", "download", megabytes=4)
    response = ads.download(url)

    assert "Content-Encoding" not in response.headers
    assert json.loads(zlib.decompress(response.data, 31)) == []


def test_foreign_addresses(ads: AdsCaller, sp: SpCaller) -> None:
    address = "http://169.254.169.254/latest"
    report_id = ads.create(report_body()).get_json()["reportId"]
    ads.fault("other_url", "status", url=address)
    ads.fault("redirect", "profiles", to=address, code=307)
    response = ads.get("/v2/profiles")

    assert ads.poll(report_id).get_json()["url"] == address
    assert (response.status_code, response.headers["Location"]) == (307, address)
    document_id = sp.poll(sp.created(sp_body()))["reportDocumentId"]
    sp.fault("other_url", "get_report_document", url=address)
    assert sp.document_info(document_id)["url"] == address


@pytest.mark.parametrize("odd", ["x%2F..%2F..%2Fowned%00", "..%2F..%2Fowned"])
def test_ids_that_are_paths(ads: AdsCaller, sp: SpCaller, odd: str) -> None:
    plain = odd.replace("%2F", "/").replace("%00", "\x00")
    for caller, operation in ((ads, "create"), (sp, "create_report")):
        caller.fault("other_id", operation, id=plain, times=1)

    assert ads.create(report_body()).get_json()["reportId"] == plain
    shown = ads.poll(odd).get_json()
    assert shown["reportId"] == plain
    assert ads.download(shown["url"]).status_code == 200
    assert sp.created(sp_body()) == plain
    sp.fault("other_id", "get_report", id=plain)
    assert sp.poll(odd)["reportDocumentId"] == plain
    assert sp.download(sp.document_info(odd)["url"]).status_code == 200


def test_a_parameter_called_id_is_not_the_rule_s_own() -> None:
    with Emulator() as emulator:
        rule_id = emulator.client.add_fault("other_id", id="x/../../owned")
        assert [rule["id"] for rule in emulator.client.faults()] == [rule_id]
        emulator.client.remove_fault(rule_id)
        assert emulator.client.faults() == []


def test_an_outage_refuses_connections_and_bodies_may_trickle() -> None:
    with Emulator() as emulator, requests.Session() as session:
        session.trust_env = False
        form = {"grant_type": "refresh_token", **emulator.credentials}
        url = emulator.token_url
        with emulator.outage(), pytest.raises(requests.ConnectionError):
            session.post(url, data=form, timeout=5)
        assert session.post(url, data=form, timeout=5).status_code == 200
        emulator.client.add_fault("trickle", operation="token", seconds=0.01, bytes=8)
        started = time.monotonic()
        with session.post(url, data=form, timeout=5, stream=True) as response:
            first = response.raw.read(1)
            early = time.monotonic() - started
            response.raw.read()
        assert first == b"{"
        assert early < 0.1 < time.monotonic() - started


def test_an_xml_text_of_many_megabytes(sp: SpCaller) -> None:
    document_id = sp.poll(sp.created(sp_body()))["reportDocumentId"]
    url = sp.document_info(document_id)["url"]
    sp.fault("inflate", "download_document", megabytes=4, form="xml", one_value=True)
    response = sp.download(url)
    whole = zlib.decompress(response.data, 31)

    assert response.content_type == "text/xml"
    assert whole.startswith(b"<Result><Node><a>aaa")
    assert len(whole) > 4 << 20
