"""Queries from their creation to the ways they end, on the wire."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from support.sp.emulation import NOON
from support.sp.kiosk import DOCUMENTS, QUERIES, KioskCaller, by_asin, by_date, trends


def test_waiting_then_done(kiosk: KioskCaller) -> None:
    kiosk.change(ready_after_seconds=60)
    query_id = kiosk.created_query(by_asin())
    seen = []
    for seconds in (0, 31, 30):
        kiosk.advance(seconds)
        seen.append(kiosk.look(query_id))

    assert [x["processingStatus"] for x in seen] == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    assert seen[0]["query"] == by_asin()
    assert "dataDocumentId" not in seen[1]
    assert len(kiosk.content(seen[2]["dataDocumentId"]).splitlines()) == 5


def test_pages_need_a_query_each(kiosk: KioskCaller) -> None:
    whole = kiosk.lines(by_asin())
    kiosk.change(sp_kiosk_lines_per_page=2)

    pages = kiosk.pages(by_asin())

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [line for page in pages for line in page] == whole
    # A page may end within the lines of a day.
    kiosk.change(sp_kiosk_lines_per_page=3)
    days = [
        {line["startDate"] for line in page}
        for page in kiosk.pages(trends([x["childAsin"] for x in whole]))
    ]
    assert len(days) == 5
    assert days[1] == {"2026-11-01", "2026-11-02"}


def test_a_token_belongs_to_its_text(kiosk: KioskCaller) -> None:
    kiosk.change(sp_kiosk_lines_per_page=2)
    shown = kiosk.look(kiosk.created_query(by_asin()))
    token = shown["pagination"]["nextToken"]

    assert kiosk.create_query(by_asin(level="CHILD"), token=token).status_code == 400
    assert kiosk.create_query(by_asin(), token="x").status_code == 400
    # Needless white space makes no other text.
    spread = by_asin().replace("{", " {\n ")
    assert kiosk.create_query(spread, token=token).status_code == 202


def test_the_same_text_is_refused_while_it_is_under_way(kiosk: KioskCaller) -> None:
    kiosk.change(ready_after_seconds=60)
    first = kiosk.created_query(by_asin())
    assert kiosk.create_query(by_asin().replace("{", " { ")).status_code == 429
    assert kiosk.create_query(by_asin(), "nordwind-eu").status_code == 403
    kiosk.created_query(by_asin(level="CHILD"))

    kiosk.advance(60)
    assert kiosk.look(first)["processingStatus"] == "DONE"
    kiosk.created_query(by_asin())
    kiosk.change(sp_kiosk_refuse_identical=False)
    kiosk.created_query(by_asin())


def test_so_many_at_once_and_no_more(kiosk: KioskCaller) -> None:
    kiosk.change(ready_after_seconds=60, sp_kiosk_concurrent=2)
    for day in ("2026-11-01", "2026-11-02"):
        kiosk.created_query(by_asin(start=day, end=day))
    response = kiosk.create_query(by_asin())
    assert response.status_code == 429
    assert response.get_json()["errors"][0]["code"] == "QuotaExceeded"
    kiosk.advance(60)
    kiosk.created_query(by_asin())


def test_a_refused_query_takes_a_token_as_well(kiosk: KioskCaller) -> None:
    kiosk.change(sp_rate_scale=1)
    for _ in range(15):
        assert kiosk.create_query("query{x}").status_code == 400
    assert kiosk.create_query(by_asin()).status_code == 429
    kiosk.advance(60)
    kiosk.created_query(by_asin())


def test_no_other_parameter(kiosk: KioskCaller) -> None:
    query_id = kiosk.created_query(by_asin())
    document_id = kiosk.look(query_id)["dataDocumentId"]
    for path in (f"{QUERIES}/{query_id}", f"{DOCUMENTS}/{document_id}", QUERIES):
        response = kiosk.get(path, marketplaceIds="ATVPDKIKX0DER")
        assert response.status_code == 403
        assert response.get_json()["errors"][0]["code"] == "Unauthorized"


def test_cancel_while_it_is_not_over(kiosk: KioskCaller) -> None:
    kiosk.change(ready_after_seconds=60)
    query_id = kiosk.created_query(by_asin())
    kiosk.advance(40)  # unlike a report also IN_PROGRESS
    path, headers = f"{QUERIES}/{query_id}", kiosk.headers("acme-us")
    response = kiosk.api.delete(path, headers=headers)
    assert (response.status_code, response.data) == (204, b"")
    assert kiosk.look(query_id)["processingStatus"] == "CANCELLED"
    assert kiosk.api.delete(path, headers=headers).status_code == 400


def test_listed_by_status_and_time(kiosk: KioskCaller) -> None:
    ids = [
        kiosk.created_query(by_asin(start=day, end=day))
        for day in ("2026-11-01", "2026-11-02", "2026-11-03")
    ]
    kiosk.change(ready_after_seconds=60)
    ids.append(kiosk.created_query(by_asin()))
    found = kiosk.get(QUERIES, pageSize="3").get_json()
    token = found["pagination"]["nextToken"]
    rest = kiosk.get(QUERIES, pageSize="3", paginationToken=token).get_json()
    listed = [*found["queries"], *rest["queries"]]
    waiting = kiosk.get(QUERIES, processingStatuses="IN_QUEUE,IN_PROGRESS").get_json()

    assert [x["queryId"] for x in listed] == ids[::-1]
    assert "pagination" not in rest
    assert [x["queryId"] for x in waiting["queries"]] == ids[3:]
    assert waiting["queries"][0]["query"] == by_asin()
    since = (NOON + timedelta(days=1)).isoformat()
    assert kiosk.get(QUERIES, createdSince=since).get_json()["queries"] == []
    wrong = kiosk.get(QUERIES, processingStatuses="OVER")
    assert wrong.status_code == 400
    assert "FATAL" in wrong.get_json()["errors"][0]["details"]
    other = kiosk.get(QUERIES, paginationToken=token, processingStatuses="DONE")
    assert other.status_code == 400


def test_kept_for_thirty_days_and_per_account(kiosk: KioskCaller) -> None:
    query_id = kiosk.created_query(by_asin())
    document_id = kiosk.look(query_id)["dataDocumentId"]
    assert kiosk.get(f"{QUERIES}/{query_id}", "nordwind-eu").status_code == 404
    assert kiosk.get(f"{DOCUMENTS}/{document_id}", "nordwind-eu").status_code == 404
    kiosk.advance(30 * 86400 + 1)
    kiosk.tokens.clear()
    assert kiosk.get(f"{QUERIES}/{query_id}").status_code == 404
    assert kiosk.get(f"{DOCUMENTS}/{document_id}").status_code == 404


def test_the_address_lives_five_minutes_and_takes_no_token(kiosk: KioskCaller) -> None:
    document_id = kiosk.look(kiosk.created_query(by_asin()))["dataDocumentId"]
    url = kiosk.get(f"{DOCUMENTS}/{document_id}").get_json()["documentUrl"]
    token = kiosk.tokens["acme-us"]
    assert kiosk.download(url, x_amz_access_token=token).status_code == 400
    response = kiosk.download(url)
    assert response.status_code == 200
    assert response.headers["Content-Encoding"] == "gzip"
    kiosk.advance(301)
    assert kiosk.download(url).status_code == 403


@pytest.mark.parametrize(
    ("compression", "encoding", "start"),
    [
        ("header", "gzip", b"\x1f\x8b"),
        ("silent", None, b"\x1f\x8b"),
        ("none", None, b"{"),
    ],
)
def test_compression(
    kiosk: KioskCaller, compression: str, encoding: str | None, start: bytes
) -> None:
    kiosk.change(sp_kiosk_compression=compression)
    document_id = kiosk.look(kiosk.created_query(by_asin()))["dataDocumentId"]
    url = kiosk.get(f"{DOCUMENTS}/{document_id}").get_json()["documentUrl"]
    response = kiosk.download(url)
    assert response.headers.get("Content-Encoding") == encoding
    assert response.data.startswith(start)


# --- how a query ends ------------------------------------------------------------


def ends(kiosk: KioskCaller, action: str, **rule: object) -> dict[str, object]:
    kiosk.fault(action, operation="create_query", **rule)
    shown = kiosk.look(kiosk.created_query(by_asin()))
    names = ("processingStatus", "dataDocumentId", "errorDocumentId")
    return {name: shown[name] for name in names if name in shown}


def test_done_without_a_document(kiosk: KioskCaller) -> None:
    assert ends(kiosk, "no_document") == {"processingStatus": "DONE"}
    kiosk.emulation.state.faults.clear()
    # A week that is cut to nothing ends the same way.
    text = by_date(start="2026-11-02", end="2026-11-08", period="WEEK")
    shown = kiosk.look(kiosk.created_query(text))
    assert shown["processingStatus"] == "DONE"
    assert not {"dataDocumentId", "errorDocumentId", "pagination"} & set(shown)


def test_done_with_an_error_document_only(kiosk: KioskCaller) -> None:
    found = ends(kiosk, "error_document", details="not now")
    assert set(found) == {"processingStatus", "errorDocumentId"}
    assert found["processingStatus"] == "DONE"
    content = json.loads(kiosk.content(str(found["errorDocumentId"])))
    assert content[0]["message"].endswith(
        "(/analytics_salesAndTraffic_2024_04_24/salesAndTrafficByAsin) : not now"
    )


def test_fatal_with_and_without_an_error_document(kiosk: KioskCaller) -> None:
    found = ends(kiosk, "fatal", details="it broke")
    assert (found["processingStatus"], set(found) - {"processingStatus"}) == (
        "FATAL",
        {"errorDocumentId"},
    )
    assert "it broke" in kiosk.content(str(found["errorDocumentId"])).decode()
    kiosk.emulation.state.faults.clear()
    assert ends(kiosk, "fatal", document=False) == {"processingStatus": "FATAL"}


def test_a_status_word_nobody_knows(kiosk: KioskCaller) -> None:
    found = ends(kiosk, "status_word", word="ARCHIVED")
    assert found == {"processingStatus": "ARCHIVED"}


def test_a_cut_last_line(kiosk: KioskCaller) -> None:
    whole = kiosk.content(str(ends(kiosk, "empty_payload", times=0)["dataDocumentId"]))
    cut = kiosk.content(str(ends(kiosk, "cut_line", missing_bytes=9)["dataDocumentId"]))
    assert cut == whole[:-9]


def test_business_rules_end_fatal(kiosk: KioskCaller) -> None:
    assert "startDate" in kiosk.problem(by_asin(start="2026-11-11"))
    assert "30 ASINs" in kiosk.problem(trends([f"B0{n:08d}" for n in range(31)]))
    assert "CHILD only" in kiosk.problem(trends(["B0"], level="SKU"))
    assert kiosk.lines(trends([])) == []


def test_days_of_zeros_and_of_nothing(kiosk: KioskCaller) -> None:
    kiosk.fault("zero_days", operation="create_query", days=["2026-11-02"])
    kiosk.fault("null_days", operation="create_query", days=["2026-11-03"])
    lines = kiosk.lines(by_date(end="2026-11-03"))
    assert [line["startDate"][-2:] for line in lines] == ["01", "02", "03"]
    assert lines[0]["sales"]["unitsOrdered"] > 0
    assert [line["sales"] for line in lines[1:]] == [
        {"unitsOrdered": 0},
        {"unitsOrdered": None},
    ]


def test_unknown_fields_everywhere(kiosk: KioskCaller) -> None:
    kiosk.change(sp_unknown_fields=True)
    query_id = kiosk.created_query(by_asin())
    assert "newField2027" in kiosk.look(query_id)
    assert all("newField2027" in line for line in kiosk.lines(by_asin()))
