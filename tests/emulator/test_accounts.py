from __future__ import annotations

import pytest

from amazon_emulator.ads_accounts.accounts import AccountsError
from support.ads.emulation import (
    ADVERTISERS,
    AGENCY,
    ATTRIBUTION,
    CANADA,
    LINKED,
    SCOPE,
    SELLER,
    AdsCaller,
)

REPORTABLE = "/v2/profiles?accessLevel=view&apiProgram=report"


def profile_ids(ads: AdsCaller, path: str) -> list[str]:
    return [str(profile["profileId"]) for profile in ads.get(path).get_json()]


def test_token_call_answers_as_login_with_amazon_does(ads: AdsCaller) -> None:
    response = ads.sign_in()

    body = response.get_json()
    assert response.content_type == "application/json;charset=UTF-8"
    assert body["access_token"].startswith("Atza|")
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 3600
    assert body["refresh_token"] == ads.emulation.state.settings.refresh_token


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "Atzr|other"}, 400, "invalid_grant"),
        ({"client_secret": "other"}, 401, "invalid_client"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_told_apart(
    ads: AdsCaller, changes: dict[str, str], status: int, error: str
) -> None:
    response = ads.sign_in(**changes)

    assert (response.status_code, response.get_json()["error"]) == (status, error)


def test_token_must_be_form_encoded(ads: AdsCaller) -> None:
    response = ads.api.post("/auth/o2/token", json={"grant_type": "refresh_token"})

    assert response.get_json()["error"] == "invalid_request"


def test_token_ends_after_its_lifetime(ads: AdsCaller) -> None:
    ads.advance(3599)
    assert ads.get("/v2/profiles").status_code == 200
    ads.advance(1)
    assert ads.get("/v2/profiles").status_code == 401
    ads.sign_in()
    assert ads.get("/v2/profiles").status_code == 200


def test_call_needs_token_and_the_clients_own_id(ads: AdsCaller) -> None:
    other = {"Amazon_Advertising_API_ClientId": "amzn1.other"}
    assert ads.get("/v2/profiles", **other).status_code == 401
    assert ads.get("/v2/profiles", Authorization="").status_code == 401
    assert ads.get("/v2/profiles", Authorization="Bearer Atza|x").status_code == 401


def test_profiles_hide_what_can_only_be_viewed_unless_asked(ads: AdsCaller) -> None:
    view_only = "4400500600700804"

    assert view_only not in profile_ids(ads, "/v2/profiles")
    assert view_only in profile_ids(ads, REPORTABLE)


def test_profiles_show_no_key_of_our_own_and_ids_beyond_doubles(ads: AdsCaller) -> None:
    profiles = ads.get(REPORTABLE).get_json()

    assert not {"region", "access"} & set().union(*profiles)
    assert any(profile["profileId"] > 2**53 for profile in profiles)


def test_profiles_are_those_of_the_region() -> None:
    names = {}
    for region in ("NA", "EU", "FE"):
        ads = AdsCaller(region=region)
        ads.sign_in()
        names[region] = {p["countryCode"] for p in ads.get(REPORTABLE).get_json()}
        europe = ads.get("/managerAccounts").get_json()["managerAccounts"]
        assert len(europe) == 1

    assert names == {
        "NA": {"US", "CA", "BR"},
        "EU": {"UK", "DE", "AE"},
        "FE": {"JP", "AU", "SG"},
    }


def test_profiles_can_be_filtered(ads: AdsCaller) -> None:
    by_kind = f"{REPORTABLE}&profileTypeFilter=vendor,agency"
    kinds = {p["accountInfo"]["type"] for p in ads.get(by_kind).get_json()}
    assert kinds == {"vendor", "agency"}
    accounts = ads.emulation.accounts
    profile = accounts.profile(CANADA, "NA")
    assert profile is not None
    accounts.add_profile(profile | {"programs": ["campaign"]})
    assert CANADA in profile_ids(ads, "/v2/profiles")
    assert CANADA not in profile_ids(ads, REPORTABLE)
    assert ads.get("/v2/profiles?accessLevel=admin").status_code == 400


def test_one_profile(ads: AdsCaller) -> None:
    assert ads.get(f"/v2/profiles/{SELLER}").get_json()["countryCode"] == "US"
    assert ads.get("/v2/profiles/1").status_code == 404


def test_advertisers_come_in_pages(ads: AdsCaller) -> None:
    many: list[dict[str, object]] = [
        {"advertiserId": str(10**12 + number), "name": f"A{number}"}
        for number in range(250)
    ]
    ads.emulation.accounts.add_advertisers(AGENCY, many)

    found: list[str] = []
    while len(found) < 253:
        path = f"/dsp/advertisers?startIndex={len(found)}&count=100"
        page = ads.get(path, **{SCOPE: AGENCY}).get_json()
        assert page["totalResults"] == 253
        assert 0 < len(page["response"]) <= 100
        found += [advertiser["advertiserId"] for advertiser in page["response"]]

    assert len(set(found)) == 253


def test_advertisers_of_the_default_agency_live_in_three_zones(ads: AdsCaller) -> None:
    page = ads.get("/dsp/advertisers", **{SCOPE: AGENCY}).get_json()

    assert tuple(a["advertiserId"] for a in page["response"]) == ADVERTISERS
    assert len({a["timezone"] for a in page["response"]}) == 3
    assert len({a["currency"] for a in page["response"]}) == 3
    one = f"/dsp/advertisers?advertiserIdFilter={ADVERTISERS[1]}"
    assert ads.get(one, **{SCOPE: AGENCY}).get_json()["totalResults"] == 1


@pytest.mark.parametrize(
    ("query", "scope", "status"),
    [
        ("count=101", AGENCY, 422),
        ("count=0", AGENCY, 422),
        ("startIndex=29901", AGENCY, 422),
        ("advertiserIdFilter=a,b", AGENCY, 422),
        ("", SELLER, 403),
        ("", ATTRIBUTION, 403),
        ("", "1", 401),
        ("", "", 401),
    ],
)
def test_advertisers_refuse_with_a_message(
    ads: AdsCaller, query: str, scope: str, status: int
) -> None:
    response = ads.get(f"/dsp/advertisers?{query}", **{SCOPE: scope})

    assert response.status_code == status
    assert response.get_json()["message"]


def test_linked_dsp_advertisers_are_found_through_manager_accounts(
    ads: AdsCaller,
) -> None:
    managers = ads.get("/managerAccounts").get_json()["managerAccounts"]

    links = [link for manager in managers for link in manager["linkedAccounts"]]
    dsp = [x for x in links if x["accountType"] == "DSP_ADVERTISING_ACCOUNT"]
    assert {link["dspAdvertiserId"] for link in dsp} == {LINKED, ADVERTISERS[0]}
    assert all("timezone" not in link for link in links)


def test_accounts_can_be_replaced_and_return_on_reset(ads: AdsCaller) -> None:
    accounts = ads.emulation.accounts
    before = accounts.as_json()
    accounts.replace({"profiles": [{"profileId": "17", "timezone": "Asia/Tokyo"}]})
    assert profile_ids(ads, REPORTABLE) == ["17"]
    accounts.reset()
    assert accounts.as_json() == before


def test_manager_accounts_may_be_none_one_or_many(ads: AdsCaller) -> None:
    def managers() -> list[str]:
        found = ads.get("/managerAccounts").get_json()["managerAccounts"]
        return [manager["managerAccountId"] for manager in found]

    accounts = ads.emulation.accounts
    assert managers() == ["amzn1.ads1.ma1.na7k2"]
    accounts.add_link("amzn1.ads1.ma1.other", dsp_link("1"), "NA")
    assert managers() == ["amzn1.ads1.ma1.na7k2", "amzn1.ads1.ma1.other"]
    accounts.replace({"managerAccounts": []})
    assert managers() == []


def test_a_manager_account_has_at_most_fifty_links(ads: AdsCaller) -> None:
    accounts = ads.emulation.accounts
    for number in range(50):
        accounts.add_link("amzn1.ads1.ma1.full", dsp_link(str(number)), "NA")

    with pytest.raises(AccountsError, match="at most 50"):
        accounts.add_link("amzn1.ads1.ma1.full", dsp_link("50"), "NA")
    found = ads.get("/managerAccounts").get_json()["managerAccounts"]
    assert len(found[-1]["linkedAccounts"]) == 50
    crowded = {"managerAccountId": "x", "region": "NA"}
    links = [dsp_link(str(number)) for number in range(51)]
    with pytest.raises(AccountsError, match="at most 50"):
        accounts.replace({"managerAccounts": [{**crowded, "linkedAccounts": links}]})


def test_one_advertiser_may_be_linked_in_several_marketplaces(ads: AdsCaller) -> None:
    for account, marketplace in (("ENTITY1US", "ATVPDKIKX0DER"), ("ENTITY1CA", "A2E")):
        link = {**dsp_link("1"), "accountId": account, "marketplaceId": marketplace}
        ads.emulation.accounts.add_link(None, link, "NA")

    (manager,) = ads.get("/managerAccounts").get_json()["managerAccounts"]
    found = [x for x in manager["linkedAccounts"] if x["dspAdvertiserId"] == "1"]
    assert {x["accountId"] for x in found} == {"ENTITY1US", "ENTITY1CA"}


def dsp_link(advertiser_id: str) -> dict[str, object]:
    return {
        "accountId": f"ENTITY{advertiser_id}",
        "accountName": f"Advertiser {advertiser_id}",
        "accountType": "DSP_ADVERTISING_ACCOUNT",
        "dspAdvertiserId": advertiser_id,
        "marketplaceId": "ATVPDKIKX0DER",
        "profileId": None,
    }
