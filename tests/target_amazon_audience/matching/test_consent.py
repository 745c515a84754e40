"""Who may be sent, and what Amazon is told of their consent."""

from __future__ import annotations

import json

import pytest

from target_amazon_audience.matching.consent import ConsentRules, ConsentStatus
from target_amazon_audience.matching.reference import (
    consent_countries,
    matched_countries,
)

GRANTED = {"amznuserdata": "granted"}


def status(mode: str, country: str, **values: str) -> ConsentStatus:
    return ConsentRules(mode, {}).classify(country, values).status


def test_the_countries() -> None:
    assert len(consent_countries()) == 32
    assert {"GB", "CH", "NO", "DE"} <= consent_countries()
    assert "US" not in consent_countries()
    assert len(matched_countries()) == 21


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, ConsentStatus.MISSING),
        ({"amznuserdata": ""}, ConsentStatus.MISSING),
        ({"amznuserdata": "granted"}, ConsentStatus.FINE),
        ({"amznuserdata": "GRANTED", "amznadstorage": "GRANTED"}, ConsentStatus.FINE),
        ({"amznuserdata": "GRANTED", "amznadstorage": "DENIED"}, ConsentStatus.DENIED),
        (
            {"amznuserdata": "GRANTED", "amznadstorage": "UNKNOWN"},
            ConsentStatus.MISSING,
        ),
        ({"amznadstorage": "GRANTED"}, ConsentStatus.MISSING),
        ({"amznuserdata": "NOT_APPLICABLE"}, ConsentStatus.MISSING),
        ({"amznuserdata": "DENIED"}, ConsentStatus.DENIED),
        ({"amznuserdata": "yes"}, ConsentStatus.UNREADABLE),
        ({"tcf": "CPXX"}, ConsentStatus.FINE),
        ({"gpp": "DBAA"}, ConsentStatus.FINE),
        # Amazon reads TCF and GPP before its own signal
        ({"tcf": "CPXX", "amznuserdata": "DENIED"}, ConsentStatus.FINE),
        ({"gpp": "DBAA", "amznuserdata": "DENIED"}, ConsentStatus.FINE),
        ({"ipaddress": "192.0.2.1"}, ConsentStatus.MISSING),
        ({"ipaddress": "somewhere"}, ConsentStatus.UNREADABLE),
        ({"consentcountrycode": "Narnia"}, ConsentStatus.UNREADABLE),
        ({"consentcountrycode": "Germany"}, ConsentStatus.MISSING),
    ],
)
def test_strict_where_law_wants_consent(
    values: dict[str, str], wanted: ConsentStatus
) -> None:
    assert status("strict", "DE", **values) is wanted


def test_the_country_consent_was_given_in_counts_too() -> None:
    assert status("strict", "US", consentcountrycode="DE") is ConsentStatus.MISSING
    assert status("strict", "DE", consentcountrycode="US") is ConsentStatus.MISSING
    assert status("strict", "US", consentcountrycode="JP") is ConsentStatus.FINE


def test_elsewhere_nothing_is_needed_but_a_denial_counts() -> None:
    assert status("strict", "US") is ConsentStatus.FINE
    assert status("strict", "US", amznuserdata="UNKNOWN") is ConsentStatus.FINE
    assert status("strict", "US", amznuserdata="DENIED") is ConsentStatus.DENIED


def test_modes() -> None:
    assert status("warn", "DE") is ConsentStatus.MISSING
    assert status("off", "DE") is ConsentStatus.FINE
    for mode in ("warn", "off"):
        assert status(mode, "DE", amznuserdata="DENIED") is ConsentStatus.DENIED


def test_what_amazon_is_told() -> None:
    rules = ConsentRules("strict", {"amznuserdata": "GRANTED", "ipaddress": " "})
    found = rules.classify("US", {"consentcountrycode": "uk", "tcf": "CPXX"})
    assert json.loads(found.wire or "") == {
        "geo": {"countryCode": "GB"},
        "consent": {"amzn": {"amznUserData": "GRANTED"}, "tcf": "CPXX"},
    }
    full = rules.classify(
        "DE", {"amznadstorage": "granted", "gpp": "DBAA", "ipaddress": "2001:db8::1"}
    )
    assert json.loads(full.wire or "") == {
        "geo": {"countryCode": "DE", "ipAddress": "2001:db8::1"},
        "consent": {
            "amzn": {"amznUserData": "GRANTED", "amznAdStorage": "GRANTED"},
            "gpp": "DBAA",
        },
    }
    assert ConsentRules("strict", {}).classify("US", {}).wire is None


def test_a_records_own_value_goes_before_the_constant() -> None:
    rules = ConsentRules("strict", GRANTED)
    assert rules.classify("DE", {}).status is ConsentStatus.FINE
    assert (
        rules.classify("DE", {"amznuserdata": "DENIED"}).status is ConsentStatus.DENIED
    )
    assert rules.classify("DE", {"amznuserdata": "  "}).status is ConsentStatus.FINE
