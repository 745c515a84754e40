from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from support.sp.emulation import (
    DOCUMENTS,
    GERMANY,
    RATE,
    REPORTS,
    US,
    SpCaller,
    report_body,
    unpacked,
)

SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
SALES = "GET_VENDOR_SALES_REPORT"
TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"


def test_report_waits_in_queue_then_is_made_then_done(sp: SpCaller) -> None:
    sp.emulation.state.change({"ready_after_seconds": 100, "ready_after_looks": 2})
    report_id = sp.created(report_body())
    seen = []
    for seconds in (0, 60, 60):
        sp.advance(seconds)
        seen.append(sp.poll(report_id))

    words = [shown["processingStatus"] for shown in seen]
    assert words == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    assert seen[2]["createdTime"] == "2026-11-20T12:00:00+00:00"
    assert seen[2]["processingEndTime"] == "2026-11-20T12:01:40+00:00"
    assert ["reportDocumentId" in shown for shown in seen] == [False, False, True]
    assert "reportOptions" not in seen[2]


def test_document_of_a_report_that_is_not_over_cannot_be_had(sp: SpCaller) -> None:
    sp.emulation.state.change({"ready_after_seconds": 100})
    sp.created(report_body())
    document_id = sp.reports()[0]["document_id"]

    assert sp.get(f"{DOCUMENTS}/{document_id}", "vega-us").status_code == 404
    sp.advance(100)
    assert sp.get(f"{DOCUMENTS}/{document_id}", "acme-us").status_code == 404
    assert sp.get(f"{DOCUMENTS}/{document_id}", "vega-us").status_code == 200


def test_report_ids_are_unique_within_an_account_only(sp: SpCaller) -> None:
    own = sp.created(report_body())
    german = report_body(marketplace_id=GERMANY)
    other = sp.created(german, "alba-eu")
    documents = {entry["document_id"] for entry in sp.reports()}

    assert own == other
    assert len(documents) == 2
    assert sp.poll(own)["marketplaceIds"] == [US]
    assert sp.poll(own, "alba-eu")["marketplaceIds"] == [GERMANY]
    assert sp.get(f"{REPORTS}/{own}", "acme-us").status_code == 404


def test_cancelling_works_in_the_queue_only(sp: SpCaller) -> None:
    sp.emulation.state.change({"ready_after_seconds": 100})
    queued, running = sp.created(report_body()), sp.created(report_body())
    assert sp.cancel(queued).status_code == 200
    sp.advance(60)

    assert sp.cancel(running).status_code == 400
    assert sp.poll(queued)["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in sp.poll(queued)
    assert sp.poll(running)["processingStatus"] == "IN_PROGRESS"


def test_url_expires_after_five_minutes_and_can_be_had_again(sp: SpCaller) -> None:
    shown = sp.poll(sp.created(report_body()))
    first = sp.document_info(shown["reportDocumentId"])
    sp.advance(299)
    assert sp.download(first["url"]).status_code == 200
    sp.advance(2)
    late = sp.download(first["url"])
    again = sp.document_info(shown["reportDocumentId"])

    assert (late.status_code, late.mimetype) == (403, "application/xml")
    assert b"<Code>AccessDenied</Code>" in late.data
    assert again["url"] != first["url"]
    assert sp.download(again["url"]).status_code == 200
    (entry,) = sp.reports()
    assert (entry["document_calls"], entry["downloads"]) == (2, 2)


def test_download_with_an_access_token_is_refused_and_an_alarm(sp: SpCaller) -> None:
    shown = sp.poll(sp.created(report_body()))
    url = sp.document_info(shown["reportDocumentId"])["url"]

    assert sp.download(url, x_amz_access_token="Atza|x").status_code == 400
    assert sp.download(url, Authorization="Bearer x").status_code == 400
    assert len(sp.emulation.selling.downloads.alarms) == 2


def test_content_encoding_is_sent_when_asked_for(sp: SpCaller) -> None:
    shown = sp.poll(sp.created(report_body()))
    query = {"enableContentEncodingUrlHeader": "true"}
    document = sp.document_info(shown["reportDocumentId"], **query)
    response = sp.download(document["url"])

    assert document["compressionAlgorithm"] == "GZIP"
    assert response.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.data))["salesAggregate"]


@pytest.mark.parametrize(("wanted", "packed"), [("gzip", True), ("none", False)])
def test_compression_of_all_documents_can_be_chosen(
    sp: SpCaller, wanted: str, packed: bool
) -> None:
    sp.emulation.state.change({"sp_compression": wanted})
    for body, account in (
        (report_body(), "vega-us"),
        (report_body("GET_AFN_INVENTORY_DATA", {}), "acme-us"),
    ):
        shown = sp.poll(sp.created(body, account), account)
        document = sp.document_info(shown["reportDocumentId"], account)
        content = sp.download(document["url"]).data

        assert ("compressionAlgorithm" in document) is packed
        assert (content[:2] == b"\x1f\x8b") is packed


def test_list_shows_settlements_newest_first_page_by_page(sp: SpCaller) -> None:
    query = {"reportTypes": SETTLEMENT, "pageSize": "5"}
    first = sp.get(REPORTS, **query).get_json()
    second = sp.get(REPORTS, nextToken=first["nextToken"]).get_json()
    third = sp.get(REPORTS, nextToken=second["nextToken"]).get_json()
    found = first["reports"] + second["reports"] + third["reports"]

    times = [report["createdTime"] for report in found]
    assert len(found) == len({report["reportId"] for report in found}) == 14 - 2
    assert times == sorted(times, reverse=True)
    assert "nextToken" not in third
    text = sp.download(sp.document_info(found[0]["reportDocumentId"], "acme-us")["url"])
    assert "charset" not in (text.content_type or "")
    assert len(text.data.decode().splitlines()) > 10
    assert sp.get(REPORTS, "vega-us", **query).get_json() == {"reports": []}


def test_filters_of_the_list(sp: SpCaller) -> None:
    done = sp.created(report_body())
    fatal = sp.created(report_body(options={}))
    sp.advance(60)
    late = sp.created(report_body())

    def ids(**query: str) -> list[str]:
        response = sp.get(REPORTS, "vega-us", reportTypes=SALES, **query).get_json()
        return [report["reportId"] for report in response["reports"]]

    assert ids() == [late, fatal, done]
    assert ids(processingStatuses="FATAL") == [fatal]
    assert ids(createdSince="2026-11-20T12:00:30Z") == [late]
    assert ids(createdUntil="2026-11-20T12:00:30Z") == [fatal, done]
    assert ids(marketplaceIds="A2EUQ1WTGCTBG2") == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"reportTypes": ",".join([SALES] * 11)},
        {"reportTypes": SALES, "pageSize": "101"},
        {"reportTypes": SALES, "createdSince": "2026-08-01T00:00:00Z"},
        {"reportTypes": SALES, "processingStatuses": "READY"},
        {"nextToken": "nonsense"},
        {"nextToken": "eyJx", "reportTypes": SALES},
    ],
)
def test_wrong_lists_are_refused(sp: SpCaller, query: dict[str, str]) -> None:
    assert sp.get(REPORTS, "vega-us", **query).status_code == 400


def test_token_of_the_next_page_is_sent_alone(sp: SpCaller) -> None:
    query = {"reportTypes": SETTLEMENT, "pageSize": "5"}
    token = sp.get(REPORTS, **query).get_json()["nextToken"]

    assert sp.get(REPORTS, nextToken=token).status_code == 200
    assert sp.get(REPORTS, nextToken=token, pageSize="5").status_code == 400


def test_rates_are_buckets_of_one_operation_and_account(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_rate_scale": 1})
    responses = [sp.create(report_body()) for _ in range(16)]
    other = sp.create(report_body(marketplace_id=GERMANY), "alba-eu")

    assert [response.status_code for response in responses] == [202] * 15 + [429]
    assert responses[0].headers[RATE] == "0.0167"
    assert RATE not in responses[15].headers
    assert responses[15].get_json()["errors"][0]["code"] == "QuotaExceeded"
    assert other.status_code == 202
    sp.advance(60)
    assert [sp.create(report_body()).status_code for _ in range(2)] == [202, 429]


def test_rates_can_be_faster_or_off(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_rate_scale": 60})
    fast = [sp.create(report_body()) for _ in range(16)][-1]
    sp.advance(1)
    again = sp.create(report_body())
    sp.emulation.state.change({"sp_rate_scale": 0, "sp_rate_header": False})
    free = [sp.create(report_body()) for _ in range(20)]

    assert (fast.status_code, again.status_code) == (429, 202)
    assert again.headers[RATE] == "1.0020"
    assert {response.status_code for response in free} == {202}
    assert RATE not in free[0].headers


def test_sales_and_traffic_is_one_per_quarter_of_an_hour_for_all(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_rate_scale": 1})
    body = report_body(TRAFFIC, {}, "2026-11-18", "2026-11-18")
    german = body | {"marketplaceIds": [GERMANY]}
    first, second = sp.create(body, "acme-us"), sp.create(german, "nordwind-eu")
    sp.advance(900)
    third = sp.create(german, "nordwind-eu")

    assert [response.status_code for response in (first, second, third)] == [
        202,
        429,
        202,
    ]


@pytest.mark.parametrize(
    ("rule", "status", "has_document"),
    [
        ({"action": "fatal", "details": "no luck"}, "FATAL", True),
        ({"action": "fatal", "document": False}, "FATAL", False),
        ({"action": "cancelled"}, "CANCELLED", False),
        ({"action": "no_document"}, "DONE", False),
        ({"action": "stuck"}, "IN_QUEUE", False),
        ({"action": "stuck", "status": "IN_PROGRESS"}, "IN_PROGRESS", False),
        ({"action": "status_word", "word": "PAUSED"}, "PAUSED", False),
    ],
)
def test_rules_decide_how_a_report_ends(
    sp: SpCaller, rule: dict[str, Any], status: str, has_document: bool
) -> None:
    sp.emulation.state.faults.add({**rule, "operation": "create_report", "times": 1})
    fated, free = sp.created(report_body()), sp.created(report_body())
    shown = sp.poll(fated)

    assert shown["processingStatus"] == status
    assert ("reportDocumentId" in shown) is has_document
    assert sp.poll(free)["processingStatus"] == "DONE"
    if status == "IN_QUEUE":
        assert sp.cancel(fated).status_code == 200


def test_fatal_document_says_what_the_rule_says(sp: SpCaller) -> None:
    sp.fault("fatal", "create_report", details="asked too often")

    assert sp.ending(report_body()) == ("FATAL", "asked too often")


def test_rules_of_a_poll_pass(sp: SpCaller) -> None:
    report_id = sp.created(report_body())
    for action in ("no_document", "fatal", "cancelled", "stuck"):
        sp.fault(action, "get_report", times=1)
    looks = [sp.poll(report_id) for _ in range(5)]

    assert [shown["processingStatus"] for shown in looks] == [
        "DONE",
        "FATAL",
        "CANCELLED",
        "IN_QUEUE",
        "DONE",
    ]
    assert ["reportDocumentId" in shown for shown in looks] == [False] * 4 + [True]


def test_rules_spoil_documents(sp: SpCaller) -> None:
    rules: tuple[dict[str, Any], ...] = (
        {"action": "without_array"},
        {"action": "error_details", "details": "late"},
        {"action": "empty"},
        {"action": "document", "text": "no json"},
        {"action": "truncated_gzip", "after_bytes": 60},
    )
    for rule in rules:
        added = {**rule, "operation": "create_report", "times": 1}
        sp.emulation.state.faults.add(added)
    bare, failed, empty = (sp.document(report_body()) for _ in range(3))
    text = unpacked(sp.fetch(report_body()).data)
    cut = sp.fetch(report_body())

    assert set(bare) == {"reportSpecification"}
    assert failed == {"errorDetails": "late"}
    assert (empty["salesAggregate"], empty["salesByAsin"]) == ([], [])
    assert text == b"no json"
    assert len(cut.data) == cut.content_length == 60
    with pytest.raises(EOFError):
        gzip.decompress(cut.data)
    assert sp.document(report_body())["salesByAsin"]


def test_rules_match_account_type_options_and_days(sp: SpCaller) -> None:
    sourcing = ["DAY", "SOURCING", "RETAIL"]
    options = dict(zip(report_body()["reportOptions"], sourcing, strict=True))
    sp.fault("cancelled", "create_report", group_by=sourcing, times=1)
    sp.fault("cancelled", "create_report", covers="2026-11-05", times=1)
    sp.fault("denied", "create_report", account=GERMANY, details="x", times=1)

    assert sp.ending(report_body())[0] == "DONE"
    assert sp.ending(report_body(options=options))[0] == "CANCELLED"
    sp.fault("throttle", "get_report", report_type_id=SALES, times=1)
    looks = [sp.get(f"{REPORTS}/50001000001", "vega-us") for _ in range(2)]
    assert [poll.status_code for poll in looks] == [429, 200]
    wide = report_body(start="2026-11-04", end="2026-11-06")
    assert sp.ending(wide)[0] == "CANCELLED"
    denied = sp.create(report_body(marketplace_id=GERMANY), "alba-eu")
    assert denied.status_code == 403
    assert denied.get_json()["errors"][0]["details"] == "x"


def test_answer_lost_after_the_report_was_taken(sp: SpCaller) -> None:
    sp.fault("lost_answer", "create_report", times=1)
    with pytest.raises(ConnectionError):
        sp.create(report_body())

    assert len(sp.reports()) == 1


def test_report_is_gone_after_ninety_days(sp: SpCaller) -> None:
    report_id = sp.created(report_body())
    sp.advance(91 * 86400)
    sp.sign_in("vega-us")

    assert sp.get(f"{REPORTS}/{report_id}", "vega-us").status_code == 404
