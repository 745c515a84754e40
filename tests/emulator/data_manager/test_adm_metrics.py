"""The counters of a dataset: what they count, and how they lag."""

from __future__ import annotations

from support.audience.data_manager import METRICS, DataManagerCaller, member


def test_removals_and_rejected_members_count_as_uploaded(
    adm: DataManagerCaller,
) -> None:
    dataset_id = adm.new_dataset()
    adm.send(dataset_id, member("a"), member("b"), member("c", userConsent=None))
    adm.send(dataset_id, member("a", "DELETE"))
    adm.send(dataset_id, member("b", "DELETE", consent=None))

    metrics = adm.metrics(dataset_id)
    assert metrics["uploadCount"] == 5
    assert metrics["invalidRecordCount"] == 1
    assert metrics["acceptedCount"] == metrics["recordsWithIdentity"] == 4
    assert metrics["recordsResolved"] == 3
    assert metrics["matchRecordPercentage"] == 75.0


def test_counters_move_only_after_some_looks(adm: DataManagerCaller) -> None:
    adm.emulation.state.change({"adm_metrics_lag_looks": 2})
    dataset_id = adm.new_dataset()
    adm.send(dataset_id, member("a"))
    seen = [adm.metrics(dataset_id)["uploadCount"] for _ in range(2)]
    adm.send(dataset_id, member("b"))
    seen += [adm.metrics(dataset_id)["uploadCount"] for _ in range(4)]

    assert seen == [0, 0, 1, 1, 2, 2]


def test_aggregates_are_by_hour_and_by_name(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    denied = {"amzn": {"amznUserData": "DENIED"}}
    adm.send(dataset_id, member("a"), member("b", consent=denied))
    adm.advance(3600)
    adm.sign_in()
    adm.send(dataset_id, member("c"), member("d", userConsent=None))

    def aggregates(**body: object) -> dict[str, dict[str, float]]:
        path = f"/datasets/{dataset_id}/metrics/aggregates"
        found = adm.call("POST", path, body, METRICS).get_json()
        hours: dict[str, dict[str, float]] = found["metrics"]
        return hours

    first, second = "2026-11-20T12:00:00.000Z", "2026-11-20T13:00:00.000Z"
    assert aggregates() == {
        first: {"RECEIVED": 2, "VALID": 2, "CONSENTED": 1, "RESOLVED": 1},
        second: {"RECEIVED": 2, "VALID": 1, "CONSENTED": 1, "RESOLVED": 1},
    }
    assert aggregates(metrics=["VALID"], startDate=second) == {second: {"VALID": 1}}
    assert aggregates(endDate="2026-11-20T12:59:00Z").keys() == {first}
    path = f"/datasets/{dataset_id}/metrics/aggregates"
    for wrong in ({"startDate": "x"}, {"metrics": "VALID"}, {"until": first}):
        assert adm.call("POST", path, wrong, METRICS).status_code == 400


def test_what_the_data_room_holds(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    adm.new_dataset("another_one")
    adm.share(dataset_id)
    adm.rules()

    assert adm.call("GET", "/datarooms/metadata").get_json() == {
        "totalDataSets": 2,
        "dataSetsInUse": 1,
        "activeDestinations": 1,
        "linkedAccounts": 2,
    }
