"""Who may be sent, and what Amazon is told of their consent."""

from __future__ import annotations

import json

import pytest

from target_amazon_audience.consent import ConsentRules, Verdict
from target_amazon_audience.tables import consent_countries, matched_countries

GRANTED = {"amznuserdata": "granted"}


def verdict(mode: str, country: str, **values: str) -> Verdict:
    return ConsentRules(mode, {}).judge(country, values).verdict


def test_the_countries() -> None:
    assert len(consent_countries()) == 32
    assert {"GB", "CH", "NO", "DE"} <= consent_countries()
    assert "US" not in consent_countries()
    assert len(matched_countries()) == 21


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, Verdict.MISSING),
        ({"amznuserdata": ""}, Verdict.MISSING),
        ({"amznuserdata": "granted"}, Verdict.FINE),
        ({"amznuserdata": "GRANTED", "amznadstorage": "GRANTED"}, Verdict.FINE),
        ({"amznuserdata": "GRANTED", "amznadstorage": "DENIED"}, Verdict.DENIED),
        ({"amznuserdata": "GRANTED", "amznadstorage": "UNKNOWN"}, Verdict.MISSING),
        ({"amznadstorage": "GRANTED"}, Verdict.MISSING),
        ({"amznuserdata": "NOT_APPLICABLE"}, Verdict.MISSING),
        ({"amznuserdata": "DENIED"}, Verdict.DENIED),
        ({"amznuserdata": "yes"}, Verdict.UNREADABLE),
        ({"tcf": "CPXX"}, Verdict.FINE),
        ({"gpp": "DBAA"}, Verdict.FINE),
        # Amazon reads TCF and GPP before its own signal
        ({"tcf": "CPXX", "amznuserdata": "DENIED"}, Verdict.FINE),
        ({"gpp": "DBAA", "amznuserdata": "DENIED"}, Verdict.FINE),
        ({"ipaddress": "192.0.2.1"}, Verdict.MISSING),
        ({"ipaddress": "somewhere"}, Verdict.UNREADABLE),
        ({"consentcountrycode": "Germany"}, Verdict.UNREADABLE),
    ],
)
def test_strict_where_law_wants_consent(
    values: dict[str, str], wanted: Verdict
) -> None:
    assert verdict("strict", "DE", **values) is wanted


def test_the_country_consent_was_given_in_counts_too() -> None:
    assert verdict("strict", "US", consentcountrycode="DE") is Verdict.MISSING
    assert verdict("strict", "DE", consentcountrycode="US") is Verdict.MISSING
    assert verdict("strict", "US", consentcountrycode="JP") is Verdict.FINE


def test_elsewhere_nothing_is_needed_but_a_denial_counts() -> None:
    assert verdict("strict", "US") is Verdict.FINE
    assert verdict("strict", "US", amznuserdata="UNKNOWN") is Verdict.FINE
    assert verdict("strict", "US", amznuserdata="DENIED") is Verdict.DENIED


def test_modes() -> None:
    assert verdict("warn", "DE") is Verdict.MISSING
    assert verdict("off", "DE") is Verdict.FINE
    for mode in ("warn", "off"):
        assert verdict(mode, "DE", amznuserdata="DENIED") is Verdict.DENIED


def test_what_amazon_is_told() -> None:
    rules = ConsentRules("strict", {"amznuserdata": "GRANTED", "ipaddress": " "})
    found = rules.judge("US", {"consentcountrycode": "uk", "tcf": "CPXX"})
    assert json.loads(found.wire or "") == {
        "geo": {"countryCode": "GB"},
        "consent": {"amzn": {"amznUserData": "GRANTED"}, "tcf": "CPXX"},
    }
    full = rules.judge(
        "DE", {"amznadstorage": "granted", "gpp": "DBAA", "ipaddress": "2001:db8::1"}
    )
    assert json.loads(full.wire or "") == {
        "geo": {"countryCode": "DE", "ipAddress": "2001:db8::1"},
        "consent": {
            "amzn": {"amznUserData": "GRANTED", "amznAdStorage": "GRANTED"},
            "gpp": "DBAA",
        },
    }
    assert ConsentRules("strict", {}).judge("US", {}).wire is None


def test_a_records_own_value_goes_before_the_constant() -> None:
    rules = ConsentRules("strict", GRANTED)
    assert rules.judge("DE", {}).verdict is Verdict.FINE
    assert rules.judge("DE", {"amznuserdata": "DENIED"}).verdict is Verdict.DENIED
    assert rules.judge("DE", {"amznuserdata": "  "}).verdict is Verdict.FINE
