"""Members: who is taken, who is rejected, who is removed, who is silently not."""

from __future__ import annotations

from typing import Any

import pytest

from amazon_emulator.audiences.contract import EMPTY_HASH
from support.audience.data_manager import (
    DELETION,
    MEMBERS,
    DataManagerCaller,
    member,
)
from support.audience.emulation import digest

DENIED = {"amzn": {"amznUserData": "DENIED"}}
HASHED = {"hashedPiis": [{"em": digest("a")}]}


@pytest.fixture
def dataset_id(adm: DataManagerCaller) -> str:
    return adm.new_dataset()


def identity(*values: str, **more: list[dict[str, str]]) -> dict[str, Any]:
    return {"userIdentity": {"hashedPiis": [{"em": value} for value in values], **more}}


def test_members_are_kept_with_hashes_ids_country_and_consent(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    hashes = {"em": digest("a"), "ph": digest("b"), "zip": digest("c")}
    consent = {"amzn": {"amznUserData": "GRANTED"}, "tcf": "CPx"}
    rejected = adm.send(
        dataset_id,
        member(
            "full",
            userIdentity={
                "hashedPiis": [hashes],
                "externalIdentities": [{"maId": "m"}],
            },
            geo={"countryCode": "GB", "ipAddress": "192.0.2.1"},
            consent=consent,
        ),
        member(
            "only_ids", userIdentity={"externalIdentities": [{"maId": "n"}]}, geo={}
        ),
    )

    assert rejected == {}
    members = adm.members(dataset_id)
    full = members["full"]
    assert full["hashed_piis"] == [hashes]
    assert full["external_identities"] == [{"maId": "m"}]
    assert full["country_code"] == "GB"
    assert full["user_consent"]["consent"] == consent
    assert full["user_consent"]["geo"]["ipAddress"].startswith("sha256:")
    assert members["only_ids"]["country_code"] == "US"
    assert members["only_ids"]["hashed_piis"] == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (identity(), "identity"),
        ({"userIdentity": {}}, "identity"),
        ({"userIdentity": {"hashedPiis": [{}]}}, "identity"),
        (identity(*(digest(str(n)) for n in range(11))), "at most 10"),
        ({"userIdentity": {"externalIdentities": [{"maId": "m"}] * 11}}, "at most 10"),
        ({"userIdentity": {"externalIdentities": [{"maId": " "}]}}, "blank"),
        (identity(digest("a").upper()), "64 lower-case hex"),
        (identity(digest("a")[1:]), "64 lower-case hex"),
        (identity(""), "64 lower-case hex"),
        (identity(EMPTY_HASH), "empty text"),
        ({"userConsent": None}, "consent"),
        ({"consent": {"amzn": {"amznAdStorage": "GRANTED"}}}, "consent"),
        ({"externalUserId": ""}, "externalUserId"),
    ],
)
def test_a_bad_member_is_rejected_by_its_index_and_the_others_are_taken(
    adm: DataManagerCaller, dataset_id: str, changes: dict[str, Any], reason: str
) -> None:
    bad = {**member("bad"), **changes}
    if "userConsent" in changes or "consent" in changes:
        bad = member("bad", **changes)

    rejected = adm.send(dataset_id, member("a"), bad, member("b"))

    assert list(rejected) == [1]
    assert reason in rejected[1]
    assert adm.members(dataset_id).keys() == {"a", "b"}


def test_a_country_comes_from_the_member_the_address_or_the_dataset(
    adm: DataManagerCaller,
) -> None:
    unknown = adm.new_dataset("nowhere", countryCode="UNKNOWN")
    rows = [
        member("a", geo={"countryCode": "GB"}),
        member("b", geo={"ipAddress": "192.0.2.1"}),
        member("c", geo={}),
        member("d", geo={"countryCode": "ZZ"}),
    ]

    assert adm.send(unknown, *rows).keys() == {2, 3}
    adm.emulation.state.change({"require_country": False})
    assert adm.send(unknown, *rows) == {}


def test_consent_may_not_be_required(adm: DataManagerCaller, dataset_id: str) -> None:
    adm.emulation.state.change({"adm_require_consent": False})

    assert adm.send(dataset_id, member(userConsent=None)) == {}


@pytest.mark.parametrize(
    ("consent", "is_matched"),
    [
        ({"amzn": {"amznUserData": "GRANTED"}}, True),
        ({"amzn": {"amznUserData": "NOT_APPLICABLE"}}, True),
        ({"tcf": "CPx"}, True),
        ({"gpp": "DBA", **DENIED}, True),
        (DENIED, False),
        ({"amzn": {"amznUserData": "UNKNOWN"}}, False),
        ({"amzn": {"amznUserData": "GRANTED", "amznAdStorage": "DENIED"}}, False),
    ],
)
def test_only_those_who_consented_are_matched(
    adm: DataManagerCaller, dataset_id: str, consent: dict[str, Any], is_matched: bool
) -> None:
    assert adm.send(dataset_id, member(consent=consent)) == {}

    assert adm.members(dataset_id)["user_1"]["is_matched"] is is_matched
    assert adm.metrics(dataset_id)["recordsResolved"] == is_matched


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": "x"},
        {"members": []},
        {"members": [None]},
        {"records": []},
        {"members": [member()], "dataSetId": "x"},
        {"members": [member(action="REMOVE")]},
        {"members": [member(externalUserId=5)]},
        {"members": [member(userIdentity=None)]},
        {"members": [member(userIdentity={"hashedPii": []})]},
        {"members": [member(userIdentity={"hashedPiis": {}})]},
        {"members": [member(userIdentity={"hashedPiis": [{"email": digest("a")}]})]},
        {"members": [member(userIdentity={"hashedPiis": [{"em": 5}]})]},
        {"members": [member(userIdentity={"externalIdentities": [{"id": "x"}]})]},
        {"members": [member(countryCode="US")]},
        {"members": [member(geo={"countryCode": "UK"})]},
        {"members": [member(consent={"amazonConsent": {}})]},
        {"members": [member(consent={"amzn": {"amznUserData": "YES"}})]},
        {"members": [member(consent={"tcf": 5})]},
    ],
)
def test_what_is_against_the_contract_is_refused_whole(
    adm: DataManagerCaller, dataset_id: str, wrong: object
) -> None:
    path = f"/audiences/{dataset_id}/members"

    assert adm.call("POST", path, wrong, MEMBERS).status_code == 400
    assert adm.members(dataset_id) == {}


def test_sizes_and_media_types(adm: DataManagerCaller, dataset_id: str) -> None:
    path, body = f"/audiences/{dataset_id}/members", {"members": [member()]}
    many = [member(str(number)) for number in range(10_001)]
    refused = adm.upload(dataset_id, *many)
    assert refused.status_code == 400
    assert refused.mimetype == "application/json"
    adm.emulation.state.change({"adm_max_request_bytes": 100})
    assert adm.upload(dataset_id, member()).status_code == 413
    assert adm.call("POST", path, body, "application/json").status_code == 413
    adm.emulation.state.change({"adm_max_request_bytes": 0})
    assert adm.call("POST", path, body, "application/json").status_code == 415
    assert adm.call("POST", path, b"{", MEMBERS).status_code == 400


def test_several_objects_of_a_user_add_up_and_a_repeat_changes_nothing(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    adm.send(dataset_id, member("u", emails=("a",)), member("u", emails=("b", "a")))
    adm.send(dataset_id, member("u", emails=("a",)))

    hashes = {item["em"] for item in adm.members(dataset_id)["u"]["hashed_piis"]}
    assert hashes == {digest("a"), digest("b")}


def test_a_removal_with_granted_consent_removes(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    adm.send(dataset_id, member("a"), member("b"))

    assert adm.send(dataset_id, member("a", "DELETE"), member("x", "DELETE")) == {}

    assert adm.members(dataset_id).keys() == {"b"}


@pytest.mark.parametrize(
    "consent", [None, DENIED, {"tcf": "CPx"}, {"amzn": {"amznUserData": "UNKNOWN"}}]
)
def test_a_removal_without_granted_consent_has_no_effect_and_no_error(
    adm: DataManagerCaller, dataset_id: str, consent: dict[str, Any] | None
) -> None:
    adm.send(dataset_id, member("a"))

    assert adm.send(dataset_id, member("a", "DELETE", consent=consent)) == {}

    assert adm.members(dataset_id).keys() == {"a"}
    (dataset,) = adm.emulation.data_manager.datasets.all()
    assert dataset["ignored"] == 1
    records = adm.emulation.data_manager.statistics()["adm_records"]
    assert isinstance(records, dict)
    assert records["ignored"] == 1


@pytest.mark.parametrize("actions", [("CREATE", "DELETE"), ("DELETE", "CREATE")])
def test_the_last_action_of_a_user_in_one_request_counts(
    adm: DataManagerCaller, dataset_id: str, actions: tuple[str, str]
) -> None:
    adm.send(dataset_id, *(member("a", action) for action in actions))

    assert ("a" in adm.members(dataset_id)) is (actions[1] == "CREATE")


@pytest.mark.parametrize("delete_by", ["pii", "user_id"])
def test_a_removal_takes_what_it_carries_or_the_user(
    adm: DataManagerCaller, dataset_id: str, delete_by: str
) -> None:
    adm.emulation.state.change({"delete_by": delete_by})
    adm.send(dataset_id, member("a", emails=("1", "2")))

    adm.send(dataset_id, member("a", "DELETE", emails=("1",)))

    assert ("a" in adm.members(dataset_id)) is (delete_by == "pii")


def test_personal_data_in_clear_is_an_alarm_wherever_it_stands(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    for number, row in enumerate(
        (
            member("a", **identity("Jane")),
            member("+4915112345678"),
            member("jane@example.com"),
            member("a", **identity("jane@example.com")),
        ),
        1,
    ):
        before = len(adm.alarms())
        adm.upload(dataset_id, row)
        assert len(adm.alarms()) > before, number
    assert not any("jane" in text.lower() for text in adm.alarms())

    before = len(adm.alarms())
    adm.send(dataset_id, member(), member("b", **identity(digest("b").upper())))
    adm.send(dataset_id, member(geo={"ipAddress": "2001:db8::1"}))
    assert len(adm.alarms()) == before


def test_deleting_identities_is_an_alarm(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    other = adm.new_dataset("other_one")
    for name in (dataset_id, other):
        adm.send(name, member("a"), member("b"), member("c"))
    email = {"hashedPiis": [{"em": digest("b")}]}
    body = {"targetIdentities": [{"externalUserId": "a"}, {"identity": email}]}

    response = adm.call("POST", "/identities/delete", body, DELETION)

    assert response.status_code == 200
    assert len(adm.alarms()) == 1
    for name in (dataset_id, other):
        assert adm.members(name).keys() == {"c"}
    both = {"externalUserId": "a", "identity": HASHED}
    mistakes: tuple[list[Any], ...] = ([], [{}], [both], [{"x": 1}], [{"identity": {}}])
    for wrong in mistakes:
        sent = {"targetIdentities": wrong}
        refused = adm.call("POST", "/identities/delete", sent, DELETION)
        assert refused.status_code == 400


@pytest.mark.parametrize("mode", ["first", "none"])
def test_benchmarks_may_leave_members_unread(
    adm: DataManagerCaller, dataset_id: str, mode: str
) -> None:
    adm.emulation.state.change({"judge_records": mode})

    assert adm.send(dataset_id, member("a"), member("b", **identity("x"))) == {}

    assert adm.metrics(dataset_id)["uploadCount"] == 2
    assert adm.members(dataset_id) == {}


def test_uploads_are_remembered_without_their_members(
    adm: DataManagerCaller, dataset_id: str
) -> None:
    adm.send(dataset_id, member(), member("b", userConsent=None))
    adm.upload(dataset_id)

    statistics: Any = adm.emulation.data_manager.statistics()
    (upload,) = statistics["adm_uploads"]
    assert (upload["received"], upload["invalid"]) == (2, 1)
    (refusal,) = statistics["adm_refusals"]
    assert (refusal["operation"], refusal["status"]) == ("adm_members", 400)
    assert dataset_id in refusal["names"]
