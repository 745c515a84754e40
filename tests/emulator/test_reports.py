from __future__ import annotations

import csv
import gzip
import io
import uuid

import pytest

from support.ads.emulation import (
    ACCOUNT,
    ADVERTISERS,
    AGENCY,
    CANADA,
    LINKED,
    SELLER,
    AdsCaller,
    dsp_body,
    report_body,
)


@pytest.fixture
def slow(ads: AdsCaller) -> AdsCaller:
    ads.emulation.state.change({"ready_after_seconds": 60})
    return ads


def create_id(ads: AdsCaller, body: object = None, account: str = SELLER) -> str:
    response = ads.create(body or report_body(), account)
    assert response.status_code == 200, response.get_json()
    return str(response.get_json()["reportId"])


def status(ads: AdsCaller, report_id: str, account: str = SELLER) -> str:
    return str(ads.poll(report_id, account).get_json()["status"])


def test_report_object_echoes_the_request(ads: AdsCaller) -> None:
    body = report_body() | {"name": "Jörg report ✓"}

    created = ads.create(body).get_json()

    assert str(uuid.UUID(created["reportId"])) == created["reportId"]
    assert created["status"] == "PENDING"
    assert created["name"] == "Jörg report ✓"
    assert created["configuration"] == body["configuration"] | {"filters": None}
    assert created["createdAt"] == "2026-11-20T12:00:00.000Z"
    empty = ("url", "urlExpiresAt", "fileSize", "generatedAt", "failureReason")
    assert all(created[name] is None for name in empty)


def test_report_becomes_ready_after_its_time(slow: AdsCaller) -> None:
    report_id = create_id(slow)

    assert status(slow, report_id) == "PENDING"
    slow.advance(30)
    assert status(slow, report_id) == "PROCESSING"
    slow.advance(30)
    ready = slow.poll(report_id).get_json()

    assert ready["status"] == "COMPLETED"
    assert ready["generatedAt"] == "2026-11-20T12:01:00.000Z"
    assert ready["urlExpiresAt"] == "2026-11-20T13:01:00.000Z"
    assert ready["fileSize"] == len(slow.download(ready["url"]).data)


def test_report_becomes_ready_after_polls(ads: AdsCaller) -> None:
    ads.emulation.state.change({"ready_after_looks": 2})
    report_id = create_id(ads)

    words = [status(ads, report_id) for _ in range(4)]

    assert words == ["PENDING", "PROCESSING", "COMPLETED", "COMPLETED"]


def test_time_may_be_drawn_from_a_range_and_stays_the_same(ads: AdsCaller) -> None:
    def drawn() -> list[float]:
        ads.emulation.reset()
        ads.emulation.state.clock.set(ads.emulation.state.clock.now())
        ads.emulation.state.change({"ready_after_seconds": [5, 20]})
        ads.sign_in()
        for day in range(1, 9):
            create_id(ads, report_body(start=f"2026-11-0{day}", end=f"2026-11-0{day}"))
        entries = ads.emulation.reports.as_json()["creates"]
        assert isinstance(entries, list)
        reports = [ads.emulation.reports.any(entry["report_id"]) for entry in entries]
        return [report.ready_after_seconds for report in reports if report]

    first = drawn()

    assert all(5 <= seconds <= 20 for seconds in first)
    assert len(set(first)) == 8
    assert drawn() == first


def test_every_poll_gives_another_url(ads: AdsCaller) -> None:
    report_id = create_id(ads)

    urls = {ads.poll(report_id).get_json()["url"] for _ in range(3)}

    assert len(urls) == 3
    assert len({ads.download(url).data for url in urls}) == 1


def test_identical_request_is_425_while_the_first_is_made(slow: AdsCaller) -> None:
    first = create_id(slow)
    again = report_body(columns=("clicks", "date", "campaignId")) | {"name": "other"}

    response = slow.create(again)

    assert response.status_code == 425
    assert response.get_json() == {
        "code": "425",
        "detail": f"The Request is a duplicate of : {first}",
    }
    slow.advance(60)
    assert create_id(slow, again) != first


def test_other_requests_are_no_duplicates(slow: AdsCaller) -> None:
    create_id(slow)

    create_id(slow, report_body(columns=("date", "campaignId")))
    create_id(slow, report_body(end="2026-11-03"))
    create_id(slow, account=CANADA)


def test_report_of_another_account_is_not_found(ads: AdsCaller) -> None:
    report_id = create_id(ads)

    response = ads.poll(report_id, CANADA)

    assert response.status_code == 404
    assert response.get_json() == {"code": "404", "detail": "Not Found"}
    assert ads.poll(str(uuid.uuid4())).status_code == 404


def test_only_a_pending_report_can_be_deleted(slow: AdsCaller) -> None:
    report_id = create_id(slow)
    assert slow.delete(report_id).get_json() == {
        "code": "200",
        "detail": "Report deleted",
        "reportId": report_id,
    }
    assert slow.poll(report_id).status_code == 404

    other = create_id(slow)
    slow.advance(40)
    assert slow.delete(other).status_code == 400
    assert status(slow, other) == "PROCESSING"


def test_rows_cover_days_and_advertisers(ads: AdsCaller) -> None:
    rows = ads.rows(dsp_body(ADVERTISERS), AGENCY)

    assert len(rows) == 2 * 3 * 5
    assert {row["advertiserId"] for row in rows} == set(ADVERTISERS)
    assert {row["date"] for row in rows} == {"2026-11-01", "2026-11-02"}
    keys = {(row["date"], row["advertiserId"], row["orderId"]) for row in rows}
    assert len(keys) == len(rows)


def test_linked_advertiser_is_reported_under_its_own_header(ads: AdsCaller) -> None:
    rows = ads.rows(dsp_body([LINKED]), {ACCOUNT: LINKED})

    assert {row["advertiserId"] for row in rows} == {LINKED}


def test_advertiser_has_the_same_rows_by_either_route(ads: AdsCaller) -> None:
    one = dsp_body(ADVERTISERS[:1])

    assert ads.rows(one, AGENCY) == ads.rows(one, {ACCOUNT: ADVERTISERS[0]})


def test_filter_leaves_rows_out(ads: AdsCaller) -> None:
    columns = ("date", "campaignId", "campaignStatus")
    filters = [{"field": "campaignStatus", "values": ["PAUSED", "ARCHIVED"]}]

    everything = ads.rows(report_body(columns=columns))
    some = ads.rows(report_body(columns=columns, filters=filters))
    unseen = ads.rows(report_body(columns=columns[:2], filters=filters))

    wanted = [row for row in everything if row["campaignStatus"] != "ENABLED"]
    assert some == wanted
    assert len(unseen) == len(wanted) < len(everything)


def test_csv_has_the_columns_in_the_order_asked(ads: AdsCaller) -> None:
    body = report_body(
        "spGrossAndInvalids", columns=("date", "campaignName", "clicks"), format="CSV"
    )
    url = ads.poll(create_id(ads, body)).get_json()["url"]

    text = gzip.decompress(ads.download(url).data).decode()

    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["date", "campaignName", "clicks"]
    assert len(rows) == 10


def test_ids_follow_from_the_seed_but_not_for_another_request(ads: AdsCaller) -> None:
    first = create_id(ads)
    ads.emulation.reports.reset()
    assert create_id(ads) == first
    ads.emulation.reports.reset()
    assert create_id(ads, report_body(end="2026-11-03")) != first
