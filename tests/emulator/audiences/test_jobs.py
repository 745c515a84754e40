from __future__ import annotations

from typing import Any

import pytest

from support.audience.emulation import (
    ADVERTISER,
    AMC,
    AMC_AND_DSP,
    AudienceCaller,
    pii,
    record,
)

GRANTED = {"consent": {"amzn": {"amznUserData": "GRANTED"}}}


def amzn(user_data: str, ad_storage: str | None = None) -> dict[str, Any]:
    words = {"amznUserData": user_data}
    if ad_storage is not None:
        words["amznAdStorage"] = ad_storage
    return {"consent": {"amzn": words}}


def finish(
    amc: AudienceCaller, audience_id: int, *records: dict[str, Any]
) -> dict[str, Any]:
    return amc.job(amc.send(audience_id, *records))


def errors(job: dict[str, Any]) -> dict[str, str]:
    return {item["externalId"]: item["error"] for item in job["invalidRecords"]}


def test_job_that_is_done_at_once(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    job_id = amc.send(audience_id, record("a"), record("b"))

    assert amc.job(job_id) == {
        "jobRequestId": job_id,
        "jobState": "SUCCEEDED",
        "successful": {"recordsProcessedRate": 100},
        "invalidRecords": [],
        "audienceSize": {"receivedRecordSize": 2, "idResolutionCount": 2},
    }


def test_job_that_takes_seconds(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"job_ready_after_seconds": 60})
    audience_id = amc.new_audience()
    job_id = amc.send(audience_id, record())

    amc.advance(59)
    assert amc.job(job_id) == {"jobRequestId": job_id, "jobState": "PENDING"}
    assert amc.members(audience_id) == {}
    amc.advance(1)
    assert amc.job(job_id)["jobState"] == "SUCCEEDED"
    assert amc.members(audience_id) == {"user_1": pii("user_1")}


def test_job_is_applied_although_nobody_polls(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"job_ready_after_seconds": 60})
    audience_id = amc.new_audience(ttl=100)
    amc.send(audience_id, record())

    amc.advance(130)
    assert amc.statistics()["records"]["added"] == 1
    assert set(amc.members(audience_id)) == {"user_1"}
    amc.advance(30)
    assert amc.members(audience_id) == {}


def test_job_that_takes_polls(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"job_ready_after_looks": 2})
    audience_id = amc.new_audience()
    job_id = amc.send(audience_id, record())

    states = [amc.job(job_id)["jobState"] for _ in range(4)]

    assert states == ["PENDING", "PENDING", "SUCCEEDED", "SUCCEEDED"]
    assert amc.emulation.audiences.jobs(audience_id)[0]["looks"] == 4


def test_faster_job_overtakes_a_slower_one(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    amc.send(audience_id, record(emails=("old",)))
    amc.emulation.state.change({"job_ready_after_seconds": 60})
    amc.send(audience_id, record(action="DELETE", emails=("old", "new")))
    amc.emulation.state.change({"job_ready_after_seconds": 5})
    amc.send(audience_id, record(emails=("new",)))

    amc.advance(100)

    assert amc.members(audience_id) == {}


def test_unknown_job(amc: AudienceCaller) -> None:
    response = amc.call("GET", "/records/3f1c8c5e-0000-4000-8000-000000000000")

    assert response.status_code == 404
    assert set(response.get_json()) == {"message"}


def test_audience_that_was_never_made_spoils_the_job(amc: AudienceCaller) -> None:
    job = finish(amc, 413642381039213537, record())

    assert job["jobState"] == "FAILED"
    assert "audienceSize" not in job


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"userConsent": amzn("DENIED")}, "User consent is denied"),
        ({"userConsent": amzn("GRANTED", "DENIED")}, "User consent is denied"),
        ({"userConsent": amzn("GRANTED", "GRANTED")}, None),
        ({"userConsent": amzn("UNKNOWN")}, None),
        ({"userConsent": {"consent": {"tcf": "x", **amzn("DENIED")["consent"]}}}, None),
        ({"userConsent": {"consent": {"gpp": "x", **amzn("DENIED")["consent"]}}}, None),
        ({"userConsent": amzn("DENIED"), "action": "DELETE"}, None),
        ({"countryCode": "UK"}, "Country code is not valid"),
        ({"countryCode": "us"}, "Country code is not valid"),
        ({"countryCode": "UNKNOWN"}, None),
        ({"countryCode": None}, None),
    ],
)
def test_record_may_be_invalid_in_an_accepted_upload(
    amc: AudienceCaller, changes: dict[str, Any], error: str | None
) -> None:
    audience_id = amc.new_audience(countryCode="US")
    amc.send(audience_id, record("bad"))

    job = finish(amc, audience_id, record("good"), record("bad", **changes))

    assert job["jobState"] == "SUCCEEDED"
    assert errors(job) == ({} if error is None else {"bad": error})
    assert job["successful"]["recordsProcessedRate"] == (100 if error is None else 50)
    invalid = amc.statistics()["records"]["invalid"]
    assert invalid == ({} if error is None else {error: 1})
    if error is not None:
        assert job["invalidRecords"][0]["audienceId"] == str(audience_id)


def test_country_comes_from_record_audience_or_advertiser(amc: AudienceCaller) -> None:
    without = record(countryCode=None)
    nowhere = amc.new_audience(countryCode=None)
    of_connection = amc.new_audience(countryCode=None, connection=AMC_AND_DSP)
    of_advertiser = amc.new_audience(countryCode=None, advertiser=ADVERTISER)

    assert errors(finish(amc, nowhere, without)) == {
        "user_1": "Country code is missing"
    }
    amc.upload(of_connection, without, connection=AMC_AND_DSP)
    amc.upload(of_advertiser, without, connection=None)
    for audience_id in (of_connection, of_advertiser):
        members = amc.emulation.audiences.members(audience_id)
        assert [member["country_code"] for member in members or ()] == ["US"]
    amc.emulation.state.change({"require_country": False})
    assert finish(amc, nowhere, without)["jobState"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("changes", "is_valid"),
    [
        ({}, False),
        ({"userConsent": amzn("GRANTED")}, True),
        ({"userConsent": amzn("GRANTED", "GRANTED")}, True),
        ({"userConsent": amzn("GRANTED", "UNKNOWN")}, False),
        ({"userConsent": amzn("UNKNOWN")}, False),
        ({"userConsent": {"consent": {"tcf": "x"}}}, True),
        ({"userConsent": {"consent": {"gpp": "x"}}}, True),
        ({"userConsent": {}}, False),
        ({"action": "DELETE"}, True),
        ({"countryCode": "US"}, True),
        ({"countryCode": "US", "userConsent": {"geo": {"countryCode": "DE"}}}, False),
        ({"countryCode": "CH"}, False),
    ],
)
def test_consent_may_be_required_where_the_law_wants_it(
    amc: AudienceCaller, changes: dict[str, Any], is_valid: bool
) -> None:
    amc.emulation.state.change({"require_consent": True})
    audience_id = amc.new_audience()

    job = finish(amc, audience_id, record(**{"countryCode": "GB", **changes}))

    assert job["jobState"] == ("SUCCEEDED" if is_valid else "FAILED")
    missing = {} if is_valid else {"user_1": "User consent is missing"}
    assert errors(job) == missing


def test_upload_of_invalid_records_only_fails(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()

    job = finish(amc, audience_id, record("a", countryCode="XX"))

    assert job["jobState"] == "FAILED"
    assert job["successful"] == {"recordsProcessedRate": 0}
    assert amc.members(audience_id) == {}


def test_statistics_count_records(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    amc.send(audience_id, record("a"), record("b"), record("c", countryCode="XX"))
    amc.send(
        audience_id,
        record("a"),
        record("b", action="DELETE"),
        record("z", action="DELETE"),
    )

    assert amc.statistics()["records"] == {
        "received": 6,
        "added": 2,
        "renewed": 1,
        "removed": 1,
        "without_effect": 1,
        "invalid": {"Country code is not valid": 1},
    }
    shown = amc.emulation.audiences.audiences()[0]
    assert (shown["members"], shown["received"]) == (1, 6)


def test_reset_forgets_audiences_jobs_and_connections(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    job_id = amc.send(audience_id, record())
    amc.call("DELETE", f"/connections?connectionId={AMC}")

    amc.emulation.reset()
    amc.sign_in()

    assert amc.call("GET", f"/metadata/{audience_id}").status_code == 404
    assert amc.call("GET", f"/records/{job_id}").status_code == 404
    assert amc.statistics()["records"]["received"] == 0
    assert amc.new_audience() == audience_id
