"""Datasets: names, ids, duplicates, pages, and what no client may do to them."""

from __future__ import annotations

import pytest

from support.audience.data_manager import (
    MANAGER,
    DataManagerCaller,
    dataset_body,
    member,
)


@pytest.mark.parametrize("code", ["400", "DuplicateDatasetName"])
def test_a_name_that_is_taken_gives_the_id_of_its_dataset(
    adm: DataManagerCaller, code: str
) -> None:
    adm.emulation.state.change({"adm_duplicate_code": code})
    dataset_id = adm.new_dataset("loyalty_us")

    response = adm.call("POST", "/audiences", dataset_body(countryCode="GB"))

    assert response.status_code == 400
    assert response.get_json()["code"] == code
    assert response.get_json()["datasetId"] == dataset_id
    assert len(adm.emulation.data_manager.datasets.all()) == 1


def test_names_may_differ_in_case_and_are_unique_per_account(
    adm: DataManagerCaller,
) -> None:
    names = ["loyalty_us", "Loyalty_US"]
    ids = {adm.new_dataset(name) for name in names}
    listed = adm.call("GET", "/audiences").get_json()["dataSets"]

    assert [dataset["name"] for dataset in listed] == names
    adm.as_advertiser()
    adm.prepare(adm.account[1])
    ids.add(adm.new_dataset(names[0]))
    assert len(ids) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "four"},
        {"name": "1_begins_with_a_digit"},
        {"name": "with a blank"},
        {"name": "x" * 101},
        {"name": 5},
        {"countryCode": "UK"},
        {"countryCode": None},
        {"description": ""},
        {"idRetention": "true"},
        {"ttl": 86400},
    ],
)
def test_other_mistakes_name_no_dataset(
    adm: DataManagerCaller, changes: dict[str, object]
) -> None:
    adm.new_dataset("loyalty_us")

    response = adm.call("POST", "/audiences", dataset_body(**changes))

    assert response.status_code == 400
    assert "datasetId" not in response.get_json()


def test_ids_are_never_digits_only_and_may_be_left_out(
    adm: DataManagerCaller,
) -> None:
    ids = [adm.new_dataset(f"loyalty_{number}") for number in range(20)]
    assert len(set(ids)) == 20
    assert all("-" in name and not name.replace("-", "").isdigit() for name in ids)

    adm.emulation.state.change({"adm_omit_dataset_id": True})
    created = adm.call("POST", "/audiences", dataset_body(name="without_id"))
    assert created.status_code == 201
    assert "dataSetId" not in created.get_json()
    listed = adm.call("GET", "/audiences").get_json()["dataSets"]
    assert listed[-1]["name"] == "without_id"
    assert listed[-1]["dataSetId"]


def test_a_dataset_is_shown_as_it_was_made(adm: DataManagerCaller) -> None:
    body = dataset_body(description="Members", idRetention=False, countryCode="GB")
    dataset_id = adm.call("POST", "/audiences", body).get_json()["dataSetId"]
    adm.new_dataset("plain_one")

    shown = adm.call("GET", f"/audiences/{dataset_id}").get_json()
    assert body.items() <= shown.items()
    assert {"em", "externalUserId"} <= {column["name"] for column in shown["schema"]}
    plain = adm.call("GET", "/audiences").get_json()["dataSets"][1]
    assert not {"description", "idRetention", "schema"} & plain.keys()


def test_page_tokens_work_once_and_for_their_list(adm: DataManagerCaller) -> None:
    names = [f"loyalty_{number}" for number in range(5)]
    for name in names:
        adm.new_dataset(name)
    first = adm.call("GET", "/audiences?limit=2").get_json()
    token = first["nextToken"]
    assert adm.call("POST", f"/datasets/list?nextToken={token}").status_code == 400
    first = adm.call("GET", "/audiences?limit=2").get_json()
    path = f"/audiences?limit=2&nextToken={first['nextToken']}"
    second = adm.call("GET", path).get_json()
    third = adm.call("GET", f"/audiences?nextToken={second['nextToken']}").get_json()

    found = [x["name"] for page in (first, second, third) for x in page["dataSets"]]
    assert found == names
    assert "nextToken" not in third
    assert adm.call("GET", path).status_code == 400
    for wrong in ("limit=0", "limit=x", "limit=101", "nextToken=x"):
        assert adm.call("GET", f"/audiences?{wrong}").status_code == 400


def test_pages_hold_at_most_100_or_what_the_setting_says(
    adm: DataManagerCaller,
) -> None:
    for number in range(101):
        adm.new_dataset(f"loyalty_{number}")
    page = adm.call("GET", "/audiences").get_json()
    assert len(page["dataSets"]) == 100
    adm.emulation.state.change({"adm_page_size": 3})
    assert len(adm.call("GET", "/audiences").get_json()["dataSets"]) == 3


def test_details_are_found_by_id_and_by_a_part_of_the_name(
    adm: DataManagerCaller,
) -> None:
    ids = [adm.new_dataset(name) for name in ("loyalty_us", "lapsed_us")]
    adm.send(ids[0], member(), member("b"))

    def names(query: str = "", body: object = None) -> list[str]:
        media = "application/vnd.admmetrics.v1+json"
        found = adm.call("POST", f"/datasets/list{query}", body, media).get_json()
        return [dataset["name"] for dataset in found["datasets"]]

    assert names() == ["loyalty_us", "lapsed_us"]
    assert names(body={"datasetIds": ids[1:]}) == ["lapsed_us"]
    assert names("?search=LOYAL") == ["loyalty_us"]
    details = adm.call("POST", "/datasets/list").get_json()["datasets"][0]
    assert (details["records"], details["activeDestinations"]) == (2, 0)


def test_a_delete_through_the_api_is_an_alarm(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    adm.share(dataset_id)
    assert adm.call("DELETE", f"/datasets/{dataset_id}").status_code == 204

    assert len(adm.alarms()) == 1
    assert adm.call("GET", f"/audiences/{dataset_id}").status_code == 404
    (rule,) = adm.rules()
    assert rule["status"] == "REVOKED_BY_DATASET"


def test_a_delete_in_the_console_is_none(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()

    assert adm.api.delete(f"/_emulator/adm/datasets/{dataset_id}").status_code == 200

    assert adm.alarms() == []
    assert adm.upload(dataset_id, member()).status_code == 404
    assert adm.api.delete(f"/_emulator/adm/datasets/{dataset_id}").status_code == 404
    assert (
        adm.api.get(f"/_emulator/adm/datasets/{dataset_id}/members").status_code == 400
    )


def test_datasets_of_other_accounts_are_not_found(adm: DataManagerCaller) -> None:
    dataset_id = adm.new_dataset()
    adm.as_advertiser()
    adm.prepare(adm.account[1])

    assert adm.call("GET", f"/audiences/{dataset_id}").status_code == 404
    assert adm.call("GET", "/audiences").get_json() == {"dataSets": []}


def test_reset_forgets_everything(adm: DataManagerCaller) -> None:
    adm.new_dataset()
    adm.emulation.reset()
    adm.sign_in()

    assert adm.call("GET", "/terms").get_json()["hasAccepted"] is False
    adm.prepare(MANAGER)
    assert adm.call("GET", "/audiences").get_json() == {"dataSets": []}
