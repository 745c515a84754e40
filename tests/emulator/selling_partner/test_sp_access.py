from __future__ import annotations

import pytest

from support.sp.emulation import (
    AGENT,
    DOCUMENTS,
    ORDERS_V0,
    PARTICIPATIONS,
    RATE,
    REPORTS,
    US,
    SpCaller,
    report_body,
)

INVALID = "The access token you provided is revoked, malformed or invalid."
SHIPPING = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"


def error(response: object) -> tuple[str, str]:
    (only,) = response.get_json()["errors"]  # type: ignore[attr-defined] # a test answer
    return only["code"], only["details"]


def test_refresh_token_of_an_account_gives_a_token_for_it(sp: SpCaller) -> None:
    response = sp.sign_in("acme-us").get_json()

    assert response["expires_in"] == 3600
    assert response["refresh_token"] == "Atzr|sp-acme-us"
    assert sp.get(PARTICIPATIONS).get_json()["payload"][0]["storeName"] == "acme-us"


@pytest.mark.parametrize("account", ["gone-us", "nobody"])
def test_dead_refresh_token_is_an_invalid_grant(sp: SpCaller, account: str) -> None:
    response = sp.sign_in(account)

    assert response.status_code == 400
    assert response.get_json()["error"] == "invalid_grant"


def test_tokens_of_the_two_apis_are_not_each_others(sp: SpCaller) -> None:
    ads = sp.emulation.state.settings.refresh_token
    token = sp.sign_in("acme-us", refresh_token=ads).get_json()["access_token"]
    sp.tokens["acme-us"] = token
    refused = sp.get(PARTICIPATIONS)

    assert (refused.status_code, error(refused)) == (403, ("Unauthorized", INVALID))


def test_call_without_a_living_token_is_refused_with_403(sp: SpCaller) -> None:
    agent = {"user-agent": AGENT}
    missing = sp.api.get(PARTICIPATIONS, headers=agent)
    sp.sign_in("acme-us")
    assert sp.get(PARTICIPATIONS).status_code == 200
    sp.advance(3600)
    expired = sp.get(PARTICIPATIONS)

    assert error(missing)[1] == "Access token is missing in the request header."
    assert {missing.status_code, expired.status_code} == {403}
    assert error(expired) == ("Unauthorized", INVALID)
    assert RATE not in expired.headers


@pytest.mark.parametrize("agent", ["", f"{AGENT}{'x' * 500}"], ids=["none", "too long"])
def test_a_user_agent_is_there_and_not_too_long(sp: SpCaller, agent: str) -> None:
    headers = sp.headers("acme-us", **{"user-agent": agent})

    assert sp.api.get(PARTICIPATIONS, headers=headers).status_code == 400


def test_host_of_one_region_refuses_accounts_of_others(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_region": "EU"})

    assert sp.get(PARTICIPATIONS, "nordwind-eu").status_code == 200
    assert sp.get(PARTICIPATIONS, "acme-us").status_code == 403


def test_only_sellers_have_participations_and_orders(sp: SpCaller) -> None:
    query = {"MarketplaceIds": US, "CreatedAfter": "2026-11-19T00:00:00Z"}

    assert sp.get(PARTICIPATIONS, "vega-us").status_code == 403
    assert sp.get(ORDERS_V0, "vega-us", **query).status_code == 403
    found = sp.get(PARTICIPATIONS, "nordwind-eu").get_json()["payload"]
    assert [entry["marketplace"]["countryCode"] for entry in found] == [
        "DE",
        "FR",
        "GB",
    ]


@pytest.mark.parametrize(
    ("account", "report_type", "status"),
    [
        ("acme-us", "GET_VENDOR_SALES_REPORT", 403),
        ("vega-us", "GET_SALES_AND_TRAFFIC_REPORT", 403),
        ("plain-us", "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", 403),
        ("plain-us", "GET_MERCHANT_LISTINGS_ALL_DATA", 202),
        ("vega-us", "GET_PROMOTION_PERFORMANCE_REPORT", 202),
    ],
)
def test_report_types_depend_on_kind_and_role(
    sp: SpCaller, account: str, report_type: str, status: int
) -> None:
    response = sp.create(report_body(report_type), account)

    assert response.status_code == status
    if status == 403:
        (refused,) = response.get_json()["errors"]
        assert refused["message"] == "Access to the resource is forbidden"


def test_restricted_document_needs_a_token_for_its_very_path(sp: SpCaller) -> None:
    report_id = sp.created(report_body(SHIPPING, {}), "acme-us")
    path = f"{DOCUMENTS}/{sp.poll(report_id, 'acme-us')['reportDocumentId']}"
    assert sp.get(path).status_code == 403
    other = sp.restricted([{"method": "GET", "path": f"{DOCUMENTS}/other"}])
    right = sp.restricted([{"method": "GET", "path": path}])

    sp.tokens["acme-us"] = other.get_json()["restrictedDataToken"]
    assert sp.get(path).status_code == 403
    sp.tokens["acme-us"] = right.get_json()["restrictedDataToken"]
    opened = sp.get(path)
    assert opened.status_code == 200
    assert "Jürgen" in sp.download(opened.get_json()["url"]).text
    assert sp.get(f"{REPORTS}/{report_id}").status_code == 403


def test_account_without_the_role_gets_no_restricted_token(sp: SpCaller) -> None:
    resources = [{"method": "GET", "path": ORDERS_V0}]

    assert sp.restricted(resources, "plain-us").status_code == 403
    assert sp.restricted(resources, "acme-us").status_code == 200
