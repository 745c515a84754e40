from __future__ import annotations

from typing import Any

import pytest

from support.audience.emulation import ACCOUNT, INSTANCE, MARKETPLACE, AudienceCaller

ADVERTISER_HEADER = "Amazon-Advertising-API-AdvertiserId"
MARKETPLACE_HEADER = "Amazon-Advertising-API-MarketplaceId"
OF_ACCOUNT = {ADVERTISER_HEADER: ACCOUNT, MARKETPLACE_HEADER: MARKETPLACE}


def pages(amc: AudienceCaller, path: str, key: str, **headers: str) -> list[list[Any]]:
    found: list[list[Any]] = []
    token = ""
    while len(found) < 20:
        page = amc.get(f"{path}nextToken={token}", **headers).get_json()
        found.append(page[key])
        token = page.get("nextToken")
        if token is None:
            return found
    raise AssertionError(path)


def test_accounts_are_listed(amc: AudienceCaller) -> None:
    response = amc.get("/amc/accounts")

    accounts = response.get_json()["amcAccounts"]
    assert response.content_type == "application/vnd.amcaudiencesconnections.v1+json"
    assert {"accountId", "accountName", "marketplaceId"} == set().union(*accounts)
    assert ACCOUNT in [account["accountId"] for account in accounts]


def test_accounts_come_in_pages(amc: AudienceCaller) -> None:
    amc.emulation.state.change({"page_size": 2})

    found = pages(amc, "/amc/accounts?", "amcAccounts")

    assert [len(page) for page in found] == [2, 1]


def test_instances_need_a_second_page_by_default(amc: AudienceCaller) -> None:
    found = pages(amc, "/amc/instances?", "instances", **OF_ACCOUNT)
    at_once = pages(amc, "/amc/instances?limit=100&", "instances", **OF_ACCOUNT)

    assert [len(page) for page in found] == [10, 2]
    assert [item for page in found for item in page] == at_once[0]
    assert INSTANCE in [instance["instanceId"] for instance in at_once[0]]


def test_one_instance(amc: AudienceCaller) -> None:
    path = f"/amc/instances/{INSTANCE}"

    assert amc.get(path, **OF_ACCOUNT).get_json()["instance"]["instanceId"] == INSTANCE
    assert amc.get("/amc/instances/amcother", **OF_ACCOUNT).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({ADVERTISER_HEADER: ACCOUNT}, 400),
        ({MARKETPLACE_HEADER: MARKETPLACE}, 400),
        ({**OF_ACCOUNT, ADVERTISER_HEADER: "ENTITYOTHER"}, 403),
        ({**OF_ACCOUNT, MARKETPLACE_HEADER: "A1F83G8C2ARO7P"}, 403),
        ({**OF_ACCOUNT, "Accept": "text/html"}, 406),
        ({**OF_ACCOUNT, "Authorization": ""}, 401),
    ],
)
def test_instances_are_refused_without_the_account(
    amc: AudienceCaller, headers: dict[str, str], status: int
) -> None:
    response = amc.get("/amc/instances", **headers)

    assert response.status_code == status
    assert set(response.get_json()) == {"code", "details"}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "nextToken=x"])
def test_wrong_paging_is_refused(amc: AudienceCaller, query: str) -> None:
    assert amc.get(f"/amc/instances?{query}", **OF_ACCOUNT).status_code == 400
