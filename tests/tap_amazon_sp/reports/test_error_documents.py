from __future__ import annotations

import json
import re

import pytest

from tap_amazon_sp.reports.error_documents import Cause, classify, message_of
from tap_amazon_sp.reports.wordings import (
    FATAL_TEXTS,
    Meaning,
    Wording,
    pause_after,
    refusal_meaning,
    role_for,
)

GENERIC = (
    "A client error occurred. Please double check that your parameters are valid and "
    "fulfill the requirements of the report type."
)
NOT_YET = (
    "Error in report request: The report data for the requested date range is not yet "
    "available. Try submitting this createReport request at a later time, or modify "
    "dataEndTime to be an earlier date."
)
MISSING = (
    "This report type requires the reportPeriod, distributorView, sellingProgram "
    "reportOption to be specified."
)


def cause(
    message: str | None, *, is_checked: bool = True, may_come: bool = False
) -> Cause:
    return classify(message, is_checked=is_checked, may_come=may_come).cause


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (NOT_YET, Cause.NOT_YET),
        ("The data will be available on 2026-11-23.", Cause.NOT_YET),
        (MISSING, Cause.BAD_OPTIONS),
        (
            "dataStartTime must be the same day as dataEndTime when reportPeriod=DAY",
            Cause.BAD_OPTIONS,
        ),
        ("dataStartTime and dataEndTime must be supplied", Cause.BAD_OPTIONS),
        ("FRESH is not a valid sellingProgram for this account", Cause.BAD_OPTIONS),
        (
            "The requested data is unavailable. Please try a different date range",
            Cause.NO_DATA,
        ),
        ("There is no data for this request", Cause.NO_DATA),
        ("Access to the requested resource is denied.", Cause.NO_RIGHT),
        ("The seller is not enrolled in Brand Registry", Cause.NO_RIGHT),
        ("Too many requests for this report type", Cause.TOO_OFTEN),
        ("This report can be requested once every 4 hours", Cause.TOO_OFTEN),
        ("QuotaExceeded", Cause.TOO_OFTEN),
        ("Something broke on our side", Cause.UNKNOWN),
        ("", Cause.UNKNOWN),
        (None, Cause.UNKNOWN),
    ],
)
def test_amazons_message_is_classified(message: str | None, expected: Cause) -> None:
    assert cause(message) is expected


def test_the_text_that_blames_everything_is_no_data_or_not_yet_if_we_checked() -> None:
    assert cause(GENERIC, may_come=True) is Cause.NOT_YET
    assert cause(GENERIC, may_come=False) is Cause.NO_DATA
    assert cause(GENERIC, is_checked=False, may_come=True) is Cause.BAD_OPTIONS


def test_unavailable_data_may_still_come() -> None:
    message = "The requested data is unavailable. Please try a different date range"

    assert cause(message, may_come=True) is Cause.NOT_YET
    assert cause(message, is_checked=False, may_come=False) is Cause.NO_DATA


@pytest.mark.parametrize("which", Cause)
def test_each_verdict_says_what_to_do_next(which: Cause) -> None:
    message = {
        Cause.NOT_YET: NOT_YET,
        Cause.NO_DATA: "no data",
        Cause.BAD_OPTIONS: "invalid",
        Cause.NO_RIGHT: "forbidden",
        Cause.TOO_OFTEN: "quota",
        Cause.UNKNOWN: "oops",
    }[which]
    classification = classify(message, is_checked=True, may_come=False)

    assert classification.cause is which
    assert (
        str(classification) == f"{which.value}: {message!r}. {classification.next_step}"
    )
    assert len(classification.next_step) > 20


def test_a_missing_message_is_named_as_such() -> None:
    assert str(classify(None, is_checked=True, may_come=False)).startswith(
        "unknown reason, Amazon gave no reason. If it stays so"
    )


@pytest.mark.parametrize("wording", FATAL_TEXTS)
def test_each_wording_has_a_source_and_a_pattern(wording: Wording) -> None:
    assert wording.source
    assert re.compile(wording.pattern)


def test_a_deep_document_is_its_own_message() -> None:
    assert message_of([b"[" * 60_000]).startswith("[[[")


@pytest.mark.parametrize(
    ("report_type", "seconds"),
    [
        ("GET_AFN_INVENTORY_DATA", 1800),
        ("GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT", 1800),
        ("GET_LEDGER_SUMMARY_VIEW_DATA", 14400),
        ("GET_FBA_INVENTORY_PLANNING_DATA", 14400),
        ("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", 0),
        ("GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", 0),
        ("GET_SOMETHING_NEW", 1800),
    ],
)
def test_the_pause_of_a_type_is_known(report_type: str, seconds: int) -> None:
    assert pause_after(report_type) == seconds


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("The LWA secret token you provided has expired.", Meaning.SECRET_ENDED),
        (
            "The access token you provided is revoked, malformed or invalid.",
            Meaning.TOKEN_ENDED,
        ),
        ("Access to requested resource is denied.", None),
    ],
)
def test_refusals_that_are_no_missing_right(text: str, meaning: Meaning | None) -> None:
    assert refusal_meaning(text) is meaning


@pytest.mark.parametrize(
    ("report_type", "right"),
    [
        ("GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", "Brand Registry"),
        ("GET_VENDOR_SALES_REPORT", "authorisation of a vendor"),
        ("GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING", "personal or tax data"),
        ("GET_MERCHANT_LISTINGS_ALL_DATA", "the role this report needs"),
    ],
)
def test_the_right_that_is_missing_has_a_name(report_type: str, right: str) -> None:
    assert right in role_for(report_type)


def test_a_message_is_shown_on_one_line_and_not_without_end() -> None:
    classification = classify("a\n  b " * 1000, is_checked=True, may_come=False)

    assert classification.message.startswith("a b a b")
    assert len(classification.message) == 1000


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (json.dumps({"errorDetails": NOT_YET}).encode(), NOT_YET),
        (b'{"errorDetails": {"code": 7}}', "{'code': 7}"),
        (b'{"message": "other shape"}', '{"message": "other shape"}'),
        (b"Plain text \xff", "Plain text \ufffd"),
        (b"", ""),
        (b"x" * 500_000, "x" * 1000),
    ],
)
def test_the_message_is_found_in_whatever_document_there_is(
    document: bytes, message: str
) -> None:
    assert message_of([document[:3], document[3:]]) == message
