from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest

from amazon_emulator.faults.actions import ACTIONS
from amazon_emulator.faults.rules import FaultError
from amazon_emulator.http import CutShortError, ResetError
from support.ads.emulation import (
    ADVERTISERS,
    AGENCY,
    CANADA,
    SELLER,
    AdsCaller,
    dsp_body,
    report_body,
)


def poll(ads: AdsCaller, body: object = None) -> dict[str, Any]:
    report_id = ads.create(body or report_body()).get_json()["reportId"]
    response: dict[str, Any] = ads.poll(report_id).get_json()
    return response


def counters(ads: AdsCaller) -> list[tuple[object, object]]:
    rules = ads.emulation.state.faults.as_json()
    return [(rule["seen"], rule["applied"]) for rule in rules]


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({}, None),
        ({"retry_after": 7}, "7"),
        ({"retry_after": 0.5}, "0.5"),
        ({"retry_after": 60, "as_date": True}, "Fri, 20 Nov 2026 12:01:00 GMT"),
    ],
)
def test_throttle(ads: AdsCaller, more: dict[str, object], header: str | None) -> None:
    ads.fault("throttle", "create", times=1, **more)

    response = ads.create(report_body())

    assert response.status_code == 429
    assert response.headers.get("Retry-After") == header
    assert set(response.get_json()) == {"code", "detail"}
    assert response.headers["Date"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert ads.create(report_body()).status_code == 200


def test_throttled_create_may_have_been_accepted(ads: AdsCaller) -> None:
    ads.emulation.state.change({"ready_after_seconds": 60})
    ads.fault("throttle", "create", times=1, accepted=True)

    assert ads.create(report_body()).status_code == 429
    assert ads.create(report_body()).status_code == 425


def test_skip_and_times(ads: AdsCaller) -> None:
    ads.fault("status", "profiles", code=502, skip=2, times=2)

    codes = [ads.get("/v2/profiles").status_code for _ in range(6)]

    assert codes == [200, 200, 502, 502, 200, 200]
    assert counters(ads) == [(6, 2)]


def test_status_takes_any_body(ads: AdsCaller) -> None:
    body = {"error": "server_error"}
    ads.fault("status", "token", code=503, body=body, headers={"X-Why": "busy"})

    response = ads.sign_in()

    assert (response.status_code, response.get_json()) == (503, body)
    assert response.headers["X-Why"] == "busy"


def test_html_page(ads: AdsCaller) -> None:
    ads.fault("html", "advertisers", code=502)

    response = ads.get("/dsp/advertisers")

    assert (response.status_code, response.mimetype) == (502, "text/html")


def test_unauthorized_names_one_account(ads: AdsCaller) -> None:
    ads.fault("unauthorized", account=CANADA)

    assert ads.create(report_body(), CANADA).get_json() == {
        "code": "401",
        "detail": "Not authorized to access scope",
    }
    assert ads.create(report_body(), SELLER).status_code == 200


def test_account_may_be_an_advertiser_of_the_filter(ads: AdsCaller) -> None:
    ads.fault("status", "create", code=500, account=ADVERTISERS[1])

    assert ads.create(dsp_body(ADVERTISERS[:1]), AGENCY).status_code == 200
    assert ads.create(dsp_body(ADVERTISERS[:2]), AGENCY).status_code == 500


@pytest.mark.parametrize(
    ("match", "hits"),
    [
        ({"report_type_id": "spCampaigns"}, True),
        ({"report_type_id": "spTargeting"}, False),
        ({"group_by": ["campaign"]}, True),
        ({"group_by": ["campaign", "adGroup"]}, False),
        ({"start_date": "2026-11-01"}, True),
        ({"start_date": "2026-11-02"}, False),
        ({"end_date": "2026-11-02", "start_date": "2026-11-01"}, True),
        ({"covers": "2026-11-02"}, True),
        ({"covers": "2026-11-03"}, False),
    ],
)
@pytest.mark.parametrize("operation", ["create", "status", "download", "delete"])
def test_rule_matches_report(
    ads: AdsCaller, operation: str, match: dict[str, object], *, hits: bool
) -> None:
    report = poll(ads)
    ads.fault("status", operation, code=500, **match)
    calls = {
        "create": lambda: ads.create(report_body()),
        "status": lambda: ads.poll(report["reportId"]),
        "download": lambda: ads.download(report["url"]),
        "delete": lambda: ads.delete(report["reportId"]),
    }

    assert (calls[operation]().status_code == 500) is hits


def test_reset_and_truncate(ads: AdsCaller) -> None:
    report = poll(ads)
    ads.fault("truncate", "download", after_bytes=33, times=1)
    ads.fault("reset", "create", times=1)

    with pytest.raises(ResetError):
        ads.create(report_body())
    response = ads.storage.get(report["url"], buffered=False)
    assert response.content_length == report["fileSize"]
    pieces = response.iter_encoded()
    assert len(next(iter(pieces))) == 33
    with pytest.raises(CutShortError):
        next(iter(pieces))
    assert ads.emulation.state.counters.as_json()["calls"] == {
        "token": {"200": 1},
        "create": {"200": 1, "reset": 1},
        "status": {"200": 1},
        "download": {"200": 1},
    }


def test_expired_download(ads: AdsCaller) -> None:
    url = poll(ads)["url"]
    ads.fault("expired", "download", times=1)

    assert ads.download(url).status_code == 403
    assert ads.download(url).status_code == 200


def test_rule_of_a_create_stays_with_its_report(ads: AdsCaller) -> None:
    ads.fault("failed", "create", times=1, reason="Too large")

    report = poll(ads)
    assert (report["status"], report["failureReason"]) == ("FAILED", "Too large")
    assert ads.poll(report["reportId"]).get_json()["status"] == "FAILED"
    assert report["url"] is None
    assert poll(ads)["status"] == "COMPLETED"


def test_fault_of_a_poll_passes(ads: AdsCaller) -> None:
    ads.fault("no_url", "status", times=1)

    first = poll(ads)
    assert (first["status"], first["url"]) == ("COMPLETED", None)
    assert ads.poll(first["reportId"]).get_json()["url"]


@pytest.mark.parametrize("word", ["FAILURE", "CANCELLED", "ON_HOLIDAY"])
def test_any_status_word(ads: AdsCaller, word: str) -> None:
    ads.fault("status_word", "create", word=word)

    report = poll(ads)
    assert (report["status"], report["url"]) == (word, None)


def test_never_ready(ads: AdsCaller) -> None:
    ads.fault("never_ready", "create", times=1)

    report = poll(ads)
    ads.advance(10**6)
    ads.sign_in()
    assert ads.poll(report["reportId"]).get_json()["status"] == "PENDING"
    assert ads.create(report_body()).status_code == 425
    assert ads.delete(report["reportId"]).status_code == 200
    assert ads.create(report_body()).status_code == 200


@pytest.mark.parametrize("operation", ["create", "download"])
def test_empty(ads: AdsCaller, operation: str) -> None:
    ads.fault("empty", operation)

    assert ads.rows(report_body()) == []


@pytest.mark.parametrize("operation", ["create", "download"])
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"text": '{"not": "an array"}', "gzip": False}, b'{"not": "an array"}'),
        ({"base64": base64.b64encode(b"\x1f\x8b\x00").decode(), "gzip": False}, None),
        ({"text": "[1, 2"}, gzip.compress(b"[1, 2", 1, mtime=0)),
    ],
)
def test_document(
    ads: AdsCaller, operation: str, more: dict[str, object], expected: bytes | None
) -> None:
    ads.fault("document", operation, **more)
    report = poll(ads)

    assert ads.download(report["url"]).data == (expected or b"\x1f\x8b\x00")


def test_refused_columns(ads: AdsCaller) -> None:
    ads.fault("refuse_columns", "create", columns=["clicks", "cost"])

    response = ads.create(report_body())
    text = response.get_json()["detail"]
    start = "configuration columns includes invalid values: (clicks). Allowed values: ("
    assert response.status_code == 400
    assert text.startswith(start)
    allowed = text.removeprefix(start)[:-1].split(", ")
    assert "campaignId" in allowed
    assert not {"clicks", "cost"} & set(allowed)
    without = report_body(columns=("date", "campaignId"))
    assert ads.create(without).status_code == 200
    assert counters(ads) == [(1, 1)]


def test_duplicate_of_another_configuration(ads: AdsCaller) -> None:
    ads.fault("duplicate_of", "create", times=1)

    response = ads.create(report_body())

    named = response.get_json()["detail"].split()[-1]
    other = ads.poll(named).get_json()
    assert response.status_code == 425
    columns = ["startDate", "endDate", "campaignId", "clicks"]
    assert other["configuration"]["timeUnit"] == "SUMMARY"
    assert other["configuration"]["columns"] == columns
    assert ads.create(report_body()).status_code == 200
    creates = ads.emulation.reports.as_json()["creates"]
    assert isinstance(creates, list)
    assert [made["body"] for made in creates] == [report_body()]


def test_delay_goes_with_another_rule(
    ads: AdsCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(ads.emulation.state.clock, "sleep", slept.append)
    ads.fault("delay", "profiles", seconds=3)
    ads.fault("status", "profiles", code=500)

    assert ads.get("/v2/profiles").status_code == 500
    assert slept == [0, 3]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"action": "explode"}, "action must be one of throttle,"),
        (
            {"action": "expired", "operation": "create"},
            "works for download, download_document, download_export, ",
        ),
        ({"action": "reset", "after": 3}, "has no after"),
        ({"action": "reset", "times": "3"}, "times must be a whole number"),
        ({"action": "reset", "group_by": "campaign"}, "group_by must be a list"),
    ],
)
def test_impossible_rule_is_explained(
    ads: AdsCaller, rule: dict[str, object], text: str
) -> None:
    with pytest.raises(FaultError, match=text.replace("*", r"\*")):
        ads.emulation.state.faults.add(rule)


def test_star_meets_only_operations_where_the_action_makes_sense(
    ads: AdsCaller,
) -> None:
    for action in ("failed", "expired", "unauthorized", "refuse_columns"):
        ads.fault(action)

    assert ads.sign_in().status_code == 200
    assert set(ACTIONS) >= {"failed", "expired"}
