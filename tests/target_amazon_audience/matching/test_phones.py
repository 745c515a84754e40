"""Phone numbers: the rules, and that the quick way says what the library says."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_amazon_audience.matching import phones
from target_amazon_audience.matching.phones import phone

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize(
    ("text", "country", "written"),
    [
        ("+1 (206) 555-0100", "US", "12065550100"),
        ("206-555-0100", "US", "12065550100"),
        ("12065550100", "US", "12065550100"),
        ("020 7946 0958", "GB", "442079460958"),
        ("0044 20 7946 0958", "GB", "442079460958"),
        ("+44 (0)20 7946 0958", "US", "442079460958"),
        # begins with India's code, and is a valid number so
        ("919876543210", "IN", "919876543210"),
        # begins with it too, and is one only as dialled inside India
        ("9198765432", "IN", "919198765432"),
        ("+39 06 6982", "IT", "39066982"),
        ("5550100", "US", ""),  # local only
        ("12345", "US", ""),
        ("not a number", "US", ""),
        ("+442079460958", None, "442079460958"),
        ("2065550100", None, ""),
        ("+442079460958", "AN", "442079460958"),  # a country without numbers
        ("２０６-555-0100", "US", "12065550100"),  # noqa: RUF001 - full width
        ("1-800-FLOWERS", "US", "18003569377"),
        ("+0 206 555 0100", "US", ""),
        ("9" * 300, "US", ""),
        ("000-000-0000", "US", ""),  # what stands where a form wanted one
        ("9999999999", "US", ""),
        ("+49 111111111", "US", ""),
        ("206-888-8888", "US", "12068888888"),
    ],
)
def test_numbers(text: str, country: str | None, written: str) -> None:
    assert phone(text, country).decode() == written


@settings(max_examples=400)
@given(
    region=st.sampled_from(REGIONS),
    start=st.sampled_from(["+", "+{}", "{}", "", "0", "00{}", "1", "8"]),
    digits=st.text("0123456789", min_size=5, max_size=12),
)
def test_where_the_quick_way_answers_the_library_agrees(
    region: str, start: str, digits: str
) -> None:
    code = phonenumbers.country_code_for_region(region)
    text = start.format(code) + digits
    quick = phones._quick(text, region)
    if quick:
        assert quick == phones._asked(text, region)


def test_the_quick_way_agrees_on_real_numbers_and_takes_most_of_them() -> None:
    taken = total = 0
    for region in REGIONS:
        for kind in (0, 1):  # fixed line, mobile
            example = phonenumbers.example_number_for_type(region, kind)
            for form in range(4):
                if example is None:
                    continue
                text = phonenumbers.format_number(example, form)
                quick = phones._quick(text, region)
                total += 1
                taken += bool(quick)
                assert not quick or quick == phones._asked(text, region), text
    assert taken > 0.7 * total
