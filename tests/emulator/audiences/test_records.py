from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from amazon_emulator.audiences.contract import EMPTY_HASH, PII_FIELDS
from amazon_emulator.audiences.uploads.record_validation import (
    _are_clean,
    validate_record,
)
from amazon_emulator.http import RefusalError
from support.audience.emulation import (
    ADVERTISER,
    AMC,
    AMC_AND_DSP,
    AUDIENCES,
    NO_TERMS,
    AudienceCaller,
    digest,
    record,
)

CONSENT = {
    "geo": {"countryCode": "GB", "ipAddress": "192.0.2.1"},
    "consent": {
        "amzn": {"amznUserData": "GRANTED", "amznAdStorage": "GRANTED"},
        "tcf": "CPtcf",
        "gpp": "DBgpp",
    },
}
WRONG: list[tuple[dict[str, object], str]] = [
    ({"externalUserId": None}, "lacks required fields: externalUserId"),
    ({"externalUserId": ""}, ".externalUserId must match"),
    ({"externalUserId": "jane@example.com"}, ".externalUserId must match"),
    ({"externalUserId": "x" * 129}, ".externalUserId must match"),
    ({"externalUserId": "user 1"}, ".externalUserId must match"),
    ({"externalUserId": "user_1\n"}, ".externalUserId must match"),
    ({"externalUserId": 17}, ".externalUserId must match"),
    ({"action": None}, "lacks required fields: action"),
    ({"action": "create"}, ".action must be"),
    ({"action": ["CREATE"]}, ".action must be"),
    ({"hashedPII": None}, "lacks required fields: hashedPII"),
    ({"hashedPII": []}, ".hashedPII must be a list of 1 to 100"),
    ({"hashedPII": [{}]}, ".hashedPII[0] must not be empty"),
    ({"hashedPII": {"email": digest("a")}}, ".hashedPII must be a list"),
    ({"hashedPII": [{"email": digest("a")}] * 101}, ".hashedPII must be a list"),
    ({"hashedPII": [digest("a")]}, ".hashedPII[0] must be an object"),
    ({"hashedPII": [{"country": digest("a")}]}, "unknown fields: country"),
    ({"hashedPII": [{"postalCode": digest("a")}]}, "unknown fields: postalCode"),
    ({"hashedPII": [{"email": None}]}, ".email must be a SHA-256"),
    ({"hashedPII": [{"email": digest("a").upper()}]}, ".email must be a SHA-256"),
    ({"hashedPII": [{"email": digest("a")[:63]}]}, ".email must be a SHA-256"),
    ({"hashedPII": [{"email": digest("a")[:63] + "g"}]}, ".email must be a SHA-256"),
    ({"hashedPII": [{"email": digest("a")[:63] + "é"}]}, ".email must be a SHA-256"),
    ({"hashedPII": [{"phone": EMPTY_HASH}]}, ".phone is the hash of the empty string"),
    ({"countryCode": 1}, ".countryCode must be a string"),
    ({"measurements": []}, ".measurements must be an object"),
    ({"email": digest("a")}, "unknown fields: email"),
    ({"userConsent": "GRANTED"}, ".userConsent must be an object"),
    ({"userConsent": {"tcf": "x"}}, "unknown fields: tcf"),
    ({"userConsent": {"geo": {"countryCode": "UK"}}}, "geo.countryCode must be"),
    ({"userConsent": {"geo": {"countryCode": []}}}, "geo.countryCode must be"),
    ({"userConsent": {"geo": {"ipAddress": 1}}}, "must be strings"),
    ({"userConsent": {"consent": {"gpp": 1}}}, "must be strings"),
    (
        {"userConsent": {"consent": {"amzn": {"amznUserData": "granted"}}}},
        "consent.amzn must say",
    ),
    (
        {"userConsent": {"consent": {"amzn": {"userData": "GRANTED"}}}},
        "unknown fields: userData",
    ),
]
RIGHT: list[dict[str, object]] = [
    {},
    {"action": "DELETE"},
    {"externalUserId": "x" * 128},
    {"externalUserId": "A-z_09"},
    {"externalUserId": digest("jane@example.com")},
    {"hashedPII": [{name: digest(name) for name in PII_FIELDS}] * 100},
    {"countryCode": None},
    {"measurements": {}},
    {"userConsent": CONSENT},
    {"userConsent": {}},
]


def body(audience_id: int, records: object, **more: object) -> dict[str, object]:
    target = {"connectionId": AMC}
    return {
        "audienceId": audience_id,
        "targetResource": target,
        "records": records,
        **more,
    }


def post(amc: AudienceCaller, value: object, media: str = AUDIENCES) -> TestResponse:
    return amc.call("POST", "/records", value, media)


@pytest.mark.parametrize("changes", RIGHT)
def test_right_record_is_accepted(
    amc: AudienceCaller, changes: dict[str, object]
) -> None:
    response = amc.upload(amc.new_audience(), record(), record(**changes))  # type: ignore[arg-type] # names of fields

    assert (response.status_code, response.content_type) == (202, AUDIENCES)
    assert list(response.get_json()) == ["jobRequestId"]


@pytest.mark.parametrize(("changes", "text"), WRONG)
def test_wrong_record_refuses_the_upload_and_is_named_without_its_value(
    amc: AudienceCaller, changes: dict[str, object], text: str
) -> None:
    audience_id = amc.new_audience()
    wrong = {**record(), **changes}
    wrong = {key: value for key, value in wrong.items() if value is not None}

    response = amc.upload(audience_id, record("a"), wrong, record("b"))

    message = response.get_json()["message"]
    assert response.status_code == 400
    assert message.startswith("records[1]")
    assert text in message
    assert "jane" not in message
    assert digest("a")[:40] not in json.dumps(amc.statistics())
    assert amc.members(audience_id) == {}


def cases() -> st.SearchStrategy[dict[str, Any]]:
    """Records that are right, or wrong in one of the ways above or in several."""
    parts = st.sampled_from([*RIGHT, *(changes for changes, _ in WRONG)])
    return st.lists(parts, max_size=3).map(
        lambda changes: {
            key: value
            for item in ({**record()}, *changes)
            for key, value in item.items()
            if value is not None
        }
    )


@given(st.lists(cases(), min_size=1, max_size=4))
def test_test_of_all_records_at_once_agrees_with_one_by_one(
    records: list[dict[str, Any]],
) -> None:
    def is_refused(item: object) -> bool:
        try:
            validate_record("records[0]", item)
        except RefusalError:
            return True
        return False

    assert _are_clean(records) is not any(map(is_refused, records))


@pytest.mark.parametrize("records", [None, {}, "x", [1], [None], [[]]])
def test_records_must_be_objects_in_a_list(
    amc: AudienceCaller, records: object
) -> None:
    assert post(amc, body(amc.new_audience(), records)).status_code == 400


def test_rows_per_request(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    row = record()

    assert post(amc, body(audience_id, [])).status_code == 400
    assert post(amc, body(audience_id, [row] * 10_000)).status_code == 202
    assert post(amc, body(audience_id, [row] * 10_001)).status_code == 400


def test_bytes_per_request(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    data = json.dumps(body(audience_id, [record()])).encode()
    amc.emulation.state.change({"max_request_bytes": len(data)})

    assert post(amc, data).status_code == 202
    assert post(amc, data + b" ").status_code == 413
    amc.emulation.state.change({"max_request_bytes": 0})
    assert post(amc, data + b" ").status_code == 202


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda key: {"audienceId": str(key)}, 400),
        (lambda key: {"audienceId": float(key)}, 400),
        (lambda _: {"audienceId": True}, 400),
        (lambda _: {"audienceId": None}, 400),
        (lambda _: {"audience": 1}, 400),
        (lambda _: {"targetResource": {"connectionId": "other"}}, 400),
        (lambda _: {"targetResource": {"connectionId": AMC_AND_DSP}}, 400),
        (lambda _: {"targetResource": {"connectionId": NO_TERMS}}, 400),
        (lambda _: {"targetResource": {"advertiserId": ADVERTISER}}, 400),
        (lambda _: {"targetResource": {}}, 400),
        (lambda _: {"targetResource": {"connectionId": 1}}, 400),
        (lambda _: {"targetResource": AMC}, 400),
        (lambda _: target(AMC, ["AMC"]), 400),
        (lambda _: target(AMC, ["DSP", "DSP"]), 400),
        (lambda _: target(AMC, ["DSP"]), 501),
        (lambda _: target(AMC, []), 202),
        (lambda _: {"targetResource": {"connectionId": ""}}, 202),
    ],
)
@pytest.mark.parametrize("mode", ["all", "first", "none"])
def test_what_stands_around_the_records(
    amc: AudienceCaller,
    make: Callable[[int], dict[str, object]],
    status: int,
    mode: str,
) -> None:
    audience_id = amc.new_audience()
    amc.emulation.state.change({"judge_records": mode})

    response = post(amc, body(audience_id, [record()], **make(audience_id)))

    assert response.status_code == status, response.data


def target(connection: str, types: list[str]) -> dict[str, object]:
    return {"targetResource": {"connectionId": connection, "targetTypes": types}}


def test_quoted_audience_id_is_answered_as_was_seen(amc: AudienceCaller) -> None:
    response = post(amc, body(amc.new_audience(), [record()], audienceId="17"))

    assert response.get_json() == {
        "Message": "STRING_VALUE can not be converted to a Long"
    }


def test_targets_of_an_upload(amc: AudienceCaller) -> None:
    dsp = amc.new_audience(advertiser=ADVERTISER)
    both = amc.new_audience(connection=AMC_AND_DSP)
    alone = amc.new_audience(connection=AMC)
    amc.upload(dsp, record(), connection=None)
    amc.upload(both, record(), connection=AMC_AND_DSP, types=["DSP"])
    amc.upload(both, record(), connection=AMC_AND_DSP)
    amc.upload(alone, record(), connection=None)

    assert amc.upload(dsp, record(), connection=AMC).status_code == 400
    # The default connection is not the one this audience was made with.
    assert amc.upload(both, record(), connection=None).status_code == 400
    jobs = amc.emulation.audiences.jobs(None)
    assert [job["targets"] for job in jobs] == [
        ["DSP"],
        ["AMC", "DSP"],
        ["AMC"],
        ["AMC"],
    ]


def test_media_type_of_an_upload(amc: AudienceCaller) -> None:
    value = body(amc.new_audience(), [record()])

    assert post(amc, value, "application/json").status_code == 415
    response = amc.api.post(
        "/amc/audiences/records",
        headers=amc.headers(Accept="text/html"),
        data=json.dumps(value),
        content_type=AUDIENCES,
    )
    assert response.status_code == 406


def test_clear_e_mail_raises_an_alarm_and_is_kept_nowhere(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()

    amc.upload(audience_id, record("jane@example.com"))
    amc.upload(audience_id, record(hashedPII=[{"email": "jane@example.com"}]))

    statistics = amc.statistics()
    assert len(statistics["alarms"]) == 2
    assert "jane" not in json.dumps(statistics)
    assert "jane" not in json.dumps(amc.emulation.audiences.jobs(None))


def test_records_per_connection_and_hour(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"records_per_hour": 3})
    audience_id = amc.new_audience()
    amc.send(audience_id, record("a"), record("b"))
    amc.advance(600)

    refused = amc.upload(audience_id, record("c"), record("d"))

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3000"
    assert amc.upload(audience_id, record("c")).status_code == 202
    other = amc.new_audience(connection=AMC_AND_DSP)
    assert amc.upload(other, record(), connection=AMC_AND_DSP).status_code == 202
    amc.advance(2999)
    assert amc.upload(audience_id, record("d")).status_code == 429
    amc.sign_in()
    amc.advance(1)
    assert amc.upload(audience_id, record("d"), record("e")).status_code == 202


@pytest.mark.parametrize("mode", ["first", "none"])
def test_records_may_be_counted_only(amc: AudienceCaller, mode: str) -> None:
    audience_id = amc.new_audience()
    amc.emulation.state.change({"judge_records": mode})
    good, bad = record("a"), record("b", hashedPII=[{"email": "x"}])

    assert amc.upload(audience_id, good, bad, good).status_code == 202
    assert amc.upload(audience_id, bad).status_code == (400, 202)[mode == "none"]
    assert post(amc, body(audience_id, [])).status_code == 400
    received = amc.statistics()["records"]["received"]
    assert received == (3, 4)[mode == "none"]
    assert amc.members(audience_id) == {}
