from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from amazon_emulator.audiences.contract import PII_FIELDS
from amazon_emulator.audiences.uploads.members import MemberSet, entry, unpack
from support.audience.emulation import AudienceCaller, digest, pii, record
from support.core.emulation import NOON

DAY = 86400


def last_job(amc: AudienceCaller) -> dict[str, Any]:
    return amc.emulation.audiences.jobs(None)[-1]


def test_created_members_are_there_with_all_their_hashes(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    full = {name: digest(name) for name in reversed(PII_FIELDS)}

    amc.send(audience_id, record("a", hashedPII=[full, {"phone": digest("1")}]))
    amc.send(audience_id, record("b", emails=("x", "y", "x")))

    found = amc.members(audience_id)
    assert set(found) == {"a", "b"}
    assert full in found["a"]
    assert {"phone": digest("1")} in found["a"]
    assert len(found["a"]) == 2
    assert found["b"] == pii("x", "y")


def test_create_adds_hashes_and_delete_takes_those_it_carries(
    amc: AudienceCaller,
) -> None:
    audience_id = amc.new_audience()
    amc.send(audience_id, record(emails=("old", "both")))
    amc.send(audience_id, record(emails=("new",)))
    assert amc.members(audience_id) == {"user_1": pii("old", "both", "new")}

    amc.send(audience_id, record(action="DELETE", emails=("old", "both")))

    assert amc.members(audience_id) == {"user_1": pii("new")}
    amc.send(audience_id, record(action="DELETE", emails=("new", "never")))
    assert amc.members(audience_id) == {}


def test_delete_of_other_hashes_or_of_nobody_does_nothing(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    amc.send(audience_id, record("a"))

    amc.send(
        audience_id,
        record("a", action="DELETE", emails=("other",)),
        record("b", action="DELETE"),
    )

    assert set(amc.members(audience_id)) == {"a"}
    assert last_job(amc)["without_effect"] == 2
    assert last_job(amc)["state"] == "SUCCEEDED"


def test_delete_may_go_by_user(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"delete_by": "user_id"})
    audience_id = amc.new_audience()
    amc.send(audience_id, record(emails=("a", "b")))

    amc.send(audience_id, record(action="DELETE", emails=("other",)))

    assert amc.members(audience_id) == {}


def test_records_of_one_upload_apply_in_their_order(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()

    amc.send(
        audience_id,
        record("a"),
        record("a", action="DELETE"),
        record("b", action="DELETE"),
        record("b"),
    )

    assert set(amc.members(audience_id)) == {"b"}
    assert last_job(amc)["repeated"] == 2


def test_repeating_an_upload_changes_nothing(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    for _ in range(2):
        amc.send(audience_id, record("a"), record("b"))

    assert amc.members(audience_id) == {"a": pii("a"), "b": pii("b")}
    assert (last_job(amc)["added"], last_job(amc)["renewed"]) == (0, 2)


def test_audiences_do_not_share_members(amc: AudienceCaller) -> None:
    first, second = (amc.new_audience(external_id=name) for name in "xy")
    amc.send(first, record("a"))
    amc.send(second, record("b"))

    assert (set(amc.members(first)), set(amc.members(second))) == ({"a"}, {"b"})


def test_members_expire_each_at_its_own_time(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience(ttl=10 * DAY)
    amc.send(audience_id, record("a"), record("b"))
    amc.advance(6 * DAY)
    amc.sign_in()
    amc.send(audience_id, record("b"), record("c"))
    assert set(amc.members(audience_id)) == {"a", "b", "c"}

    amc.advance(4 * DAY)

    assert set(amc.members(audience_id)) == {"b", "c"}
    shown = amc.emulation.audiences.audiences()[0]
    assert (shown["members"], shown["expired"]) == (2, 1)
    amc.advance(6 * DAY)
    assert amc.members(audience_id) == {}


def test_ttl_of_zero_empties_and_a_higher_one_brings_back(amc: AudienceCaller) -> None:
    audience_id = amc.new_audience()
    amc.send(audience_id, record("a"))
    amc.advance(2 * DAY)
    amc.sign_in()
    amc.send(audience_id, record("b"))

    def set_ttl(seconds: int) -> None:
        body = {"metadata": {"ttl": seconds}}
        assert amc.call("PUT", f"/metadata/{audience_id}", body).status_code == 200

    set_ttl(0)
    assert amc.members(audience_id) == {}
    set_ttl(DAY)
    assert set(amc.members(audience_id)) == {"b"}
    set_ttl(30 * DAY)
    assert set(amc.members(audience_id)) == {"a", "b"}


def test_member_shows_country_and_consent_but_no_address(amc: AudienceCaller) -> None:
    geo = {"countryCode": "GB", "ipAddress": "192.0.2.1"}
    consent = {"geo": geo, "consent": {"tcf": "CPtcf"}}
    audience_id = amc.new_audience(countryCode="DE")

    amc.send(audience_id, record("a", countryCode=None, userConsent=consent))

    found = list(amc.emulation.audiences.members(audience_id) or ())
    assert found[0]["country_code"] == "DE"
    assert found[0]["user_consent"]["consent"] == {"tcf": "CPtcf"}
    assert found[0]["user_consent"]["geo"]["ipAddress"] == (
        f"sha256:{digest('192.0.2.1')}"
    )
    assert "192.0.2.1" not in str(found)
    assert amc.emulation.audiences.members(7) is None


@given(
    st.lists(
        st.dictionaries(st.sampled_from(PII_FIELDS), st.integers(0, 9), min_size=1).map(
            lambda item: {key: digest(str(value)) for key, value in item.items()}
        ),
        min_size=1,
        max_size=5,
    )
)
def test_packing_loses_nothing(objects: list[dict[str, str]]) -> None:
    packed = entry(record(hashedPII=objects), None).pii

    unpacked = [unpack(item) for item in packed]
    assert len({frozenset(item.items()) for item in objects}) == len(unpacked)
    assert all(item in unpacked for item in objects)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from(["CREATE", "DELETE"]),
            st.sets(st.sampled_from("xyz"), min_size=1),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_member_set_agrees_with_plain_sets(
    steps: list[tuple[str, str, set[str]]], delete_whole: bool
) -> None:
    members, model = MemberSet(), dict[str, set[str]]()
    for user, action, values in steps:
        item = entry(record(user, action, emails=tuple(values)), None)
        members.apply([item], NOON, delete_whole=delete_whole)
        had = model.pop(user, set())
        left = had | values if action == "CREATE" else had - values
        if left and not (action == "DELETE" and delete_whole):
            model[user] = left

    found = members.items(NOON, 1, is_active=True)
    shown = {user: {unpack(p)["email"] for p in member.pii} for user, member in found}
    assert shown == {user: set(map(digest, have)) for user, have in model.items()}
