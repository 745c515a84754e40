from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from amazon_emulator.faults.actions import OPERATIONS
from amazon_emulator.http import CutShortError, ResetError
from support.audience.emulation import (
    ACCOUNT,
    AMC,
    CONNECTIONS,
    MARKETPLACE,
    AudienceCaller,
    audience_body,
    record,
)

Make = Callable[[AudienceCaller], TestResponse]
OF_ACCOUNT = {
    "Amazon-Advertising-API-AdvertiserId": ACCOUNT,
    "Amazon-Advertising-API-MarketplaceId": MARKETPLACE,
}
CALLS: dict[str, Make] = {
    "amc_accounts": lambda amc: amc.get("/amc/accounts"),
    "amc_instances": lambda amc: amc.get("/amc/instances", **OF_ACCOUNT),
    "connections": lambda amc: amc.call("GET", "/connections"),
    "add_connection": lambda amc: amc.call(
        "POST", "/connections", {"dspAdvertiserId": "574839201746352811"}, CONNECTIONS
    ),
    "delete_connection": lambda amc: amc.call(
        "DELETE", f"/connections?connectionId={AMC}"
    ),
    "terms": lambda amc: amc.call("GET", "/connections/terms"),
    "accept_terms": lambda amc: amc.call(
        "PATCH", "/connections/terms", {}, CONNECTIONS
    ),
    "create_audience": lambda amc: amc.create_audience(),
    "audience": lambda amc: amc.call("GET", "/metadata/1"),
    "update_audience": lambda amc: amc.call("PUT", "/metadata/1", {}),
    "records": lambda amc: amc.upload(1, record()),
    "job": lambda amc: amc.call("GET", "/records/1"),
}


def test_every_new_operation_is_called_here() -> None:
    first, after = OPERATIONS.index("amc_accounts"), OPERATIONS.index("adm_terms")
    assert tuple(CALLS) == OPERATIONS[first:after]


@pytest.mark.parametrize("operation", CALLS)
def test_faults_of_all_operations(
    amc: AudienceCaller, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = CALLS[operation]
    slept: list[float] = []
    monkeypatch.setattr(amc.emulation.state.clock, "sleep", slept.append)
    amc.fault("delay", operation, seconds=3, times=1)
    amc.fault("throttle", operation, times=1, retry_after=7)
    amc.fault("status", operation, times=1, code=502)
    amc.fault("html", operation, times=1)
    amc.fault("unauthorized", operation, times=1, message="Not yours")
    amc.fault("reset", operation, times=1)

    throttled, broken, page, refused = (call(amc) for _ in range(4))

    assert slept[:2] == [0, 3]
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "7")
    assert broken.status_code == 502
    assert {"message", "details"} & set(broken.get_json())
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert refused.status_code == 401
    assert "Not yours" in refused.get_data(as_text=True)
    with pytest.raises(ResetError):
        call(amc)
    assert call(amc).status_code < 500


def test_truncated_answer(amc: AudienceCaller) -> None:
    amc.fault("truncate", "terms", after_bytes=5, times=1)

    with pytest.raises(CutShortError):
        amc.call("GET", "/connections/terms").get_data()


@pytest.mark.parametrize("action", ["lost_answer", "throttle"])
def test_answer_is_lost_after_the_work_is_done(
    amc: AudienceCaller, action: str
) -> None:
    audience_id = amc.new_audience()
    more: dict[str, object] = {"accepted": True} if action == "throttle" else {}
    amc.fault(action, "records", times=1, **more)
    amc.fault(action, "create_audience", times=1, **more)

    def heard(call: Callable[[], TestResponse]) -> int | None:
        try:
            return call().status_code
        except ResetError:
            return None

    heard_upload = heard(lambda: amc.upload(audience_id, record("a")))
    heard_create = heard(lambda: amc.create_audience(external_id="other"))

    expected = None if action == "lost_answer" else 429
    assert (heard_upload, heard_create) == (expected, expected)
    assert set(amc.members(audience_id)) == {"a"}
    assert len(amc.emulation.audiences.audiences()) == 2
    amc.send(audience_id, record("a"))
    assert set(amc.members(audience_id)) == {"a"}


def test_refused_upload_is_refused_although_answers_get_lost(
    amc: AudienceCaller,
) -> None:
    amc.fault("lost_answer", "records", times=1)

    assert amc.upload(amc.new_audience(), record("bad id")).status_code == 400


def test_reset_comes_before_any_work(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    amc.fault("reset", "records", times=1)

    with pytest.raises(ResetError):
        amc.upload(audience_id, record("a"))
    assert amc.members(audience_id) == {}


def test_one_record_sinks_every_upload_it_is_in(amc: AudienceCaller) -> None:
    amc.fault("refuse_record", external_user_ids=["c"], reason="Record is malformed")
    audience_id = amc.new_audience()

    both = amc.upload(audience_id, record("b"), record("c"))
    half, other_half = (amc.upload(audience_id, record(user)) for user in "bc")

    assert both.get_json() == {"message": "Record is malformed"}
    assert [response.status_code for response in (both, half, other_half)] == [
        400,
        202,
        400,
    ]
    assert set(amc.members(audience_id)) == {"b"}
    assert amc.upload(audience_id, record("cc")).status_code == 202
    rule = amc.emulation.state.faults.as_json()[0]
    assert (rule["seen"], rule["applied"]) == (2, 2)


def test_upload_may_be_refused_with_another_code(amc: AudienceCaller) -> None:
    amc.fault("refuse_record", code=413, times=1)
    audience_id = amc.new_audience()

    assert amc.upload(audience_id, record()).status_code == 413
    assert amc.upload(audience_id, record()).status_code == 202


def test_invalid_records_are_listed_by_the_job(amc: AudienceCaller) -> None:
    amc.fault("invalid_record", times=1, every=3, reason="Bad hash")
    amc.fault("invalid_record", external_user_ids=["u1"], reason="Unknown user")
    audience_id = amc.new_audience()

    first = amc.job(amc.send(audience_id, *(record(f"u{i}") for i in range(6))))
    second = amc.job(amc.send(audience_id, record("u0"), record("u1")))

    assert [(x["externalId"], x["error"]) for x in first["invalidRecords"]] == [
        ("u2", "Bad hash"),
        ("u5", "Bad hash"),
    ]
    assert [x["externalId"] for x in second["invalidRecords"]] == ["u1"]
    assert set(amc.members(audience_id)) == {"u0", "u1", "u3", "u4"}
    job = amc.emulation.audiences.jobs(audience_id)[0]
    assert job["invalid"] == {"Bad hash": 2}
    assert amc.statistics()["records"]["invalid"] == {"Bad hash": 2, "Unknown user": 1}


def test_partial_success(amc: AudienceCaller) -> None:
    amc.fault("partially_succeeded", "records", times=1, external_user_ids=["a"])
    audience_id = amc.new_audience()

    job = amc.job(amc.send(audience_id, record("a"), record("b")))

    assert job["jobState"] == "PARTIALLYSUCCEEDED"
    assert [x["externalId"] for x in job["invalidRecords"]] == ["a"]
    assert set(amc.members(audience_id)) == {"b"}


def test_failed_job_changes_nothing_and_may_be_sent_again(amc: AudienceCaller) -> None:
    amc.fault("job_failed", "records", times=1)
    amc.fault("job_failed", "records", times=1, reason="Internal failure")
    audience_id = amc.new_audience()
    jobs = [amc.job(amc.send(audience_id, record("a"))) for _ in range(2)]
    assert amc.members(audience_id) == {}
    jobs.append(amc.job(amc.send(audience_id, record("a"))))

    assert [job["jobState"] for job in jobs] == ["FAILED", "FAILED", "SUCCEEDED"]
    listed = [[x["error"] for x in job["invalidRecords"]] for job in jobs]
    assert listed == [[], ["Internal failure"], []]
    assert set(amc.members(audience_id)) == {"a"}
    states = [job["state"] for job in amc.emulation.audiences.jobs(audience_id)]
    assert states == ["FAILED", "FAILED", "SUCCEEDED"]


@pytest.mark.parametrize("word", ["COMPLETED", "PARTIALLYSUCCEEDED", "PAUSED"])
def test_any_state_word_ends_a_job(amc: AudienceCaller, word: str) -> None:
    amc.fault("status_word", "records", word=word)
    audience_id = amc.new_audience()

    assert amc.job(amc.send(audience_id, record("a")))["jobState"] == word
    assert set(amc.members(audience_id)) == {"a"}


def test_job_that_never_ends(amc: AudienceCaller) -> None:
    amc.fault("never_ready", "records", times=1)
    audience_id = amc.new_audience()
    job_id = amc.send(audience_id, record("a"))
    amc.advance(10**7)
    amc.sign_in()

    assert amc.job(job_id) == {"jobRequestId": job_id, "jobState": "PENDING"}
    assert amc.members(audience_id) == {}


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("never_ready", "PENDING"),
        ("job_failed", "FAILED"),
        ("partially_succeeded", "PARTIALLYSUCCEEDED"),
        ("status_word", "FAILURE"),
    ],
)
def test_fault_of_a_poll_passes(amc: AudienceCaller, action: str, state: str) -> None:
    audience_id = amc.new_audience()
    job_id = amc.send(audience_id, record("a"))
    amc.fault(action, "job", times=1)

    assert [amc.job(job_id)["jobState"] for _ in range(2)] == [state, "SUCCEEDED"]
    assert set(amc.members(audience_id)) == {"a"}


def test_job_may_be_unknown_right_after_its_acceptance(amc: AudienceCaller) -> None:
    amc.fault("status", "job", code=404, times=1)
    job_id = amc.send(amc.new_audience(), record("a"))

    assert amc.call("GET", f"/records/{job_id}").status_code == 404
    assert amc.job(job_id)["jobState"] == "SUCCEEDED"


@pytest.mark.parametrize("name", ["audience", "connection", "external id", "job"])
def test_rule_may_name_what_the_call_names(amc: AudienceCaller, name: str) -> None:
    audience_id = amc.new_audience()
    job_id = amc.send(audience_id, record())
    accounts = {
        "audience": (str(audience_id), "records"),
        "connection": (AMC, "records"),
        "external id": ("another", "create_audience"),
        "job": (job_id, "job"),
    }
    account, operation = accounts[name]
    amc.fault("status", operation, code=500, account=account)
    same: dict[str, Make] = {
        "records": lambda amc: amc.upload(audience_id, record()),
        "create_audience": lambda amc: amc.create_audience(external_id="another"),
        "job": lambda amc: amc.call("GET", f"/records/{job_id}"),
    }
    other: dict[str, Make] = {
        "records": lambda amc: amc.upload(1, record(), connection=None),
        "create_audience": lambda amc: amc.create_audience(),
        "job": lambda amc: amc.call("GET", "/records/other"),
    }

    assert same[operation](amc).status_code == 500
    assert other[operation](amc).status_code != 500


def test_body_of_a_fault_may_say_message_with_a_capital(amc: AudienceCaller) -> None:
    body = {"Message": "STRING_VALUE can not be converted to a Long"}
    amc.fault("status", "records", code=400, body=body)

    response = amc.call("POST", "/records", audience_body())
    assert (response.status_code, response.get_json()) == (400, body)


@pytest.mark.parametrize(("listed", "expected"), [(None, 18), (5, 5), (0, 0)])
def test_nine_of_ten_records_are_invalid(
    amc: AudienceCaller, listed: int | None, expected: int
) -> None:
    audience_id = amc.create_audience().get_json()["audienceId"]
    amc.fault("invalid_record", "records", except_every=10, listed=listed)
    records = [record(f"u{number}") for number in range(20)]
    job_id = amc.upload(audience_id, *records).get_json()["jobRequestId"]
    job = amc.call("GET", f"/records/{job_id}").get_json()

    assert job["jobState"] == "SUCCEEDED"
    assert job["successful"] == {"recordsProcessedRate": 10.0}
    assert len(job["invalidRecords"]) == expected
