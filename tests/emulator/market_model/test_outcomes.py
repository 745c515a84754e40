"""What came of one combination on one day, seen on that day and on later ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amazon_emulator.market_model.accounts import DSP, SPONSORED, MarketAccount
from amazon_emulator.market_model.combinations import (
    POSITIONS,
    day_offset,
    firsts,
    variant_and_position,
)
from amazon_emulator.market_model.outcomes import (
    CLICKED,
    INVALID_DAYS,
    RESTATED_DAYS,
    VARIANTS,
    Outcome,
    outcome,
)

AD_PRODUCTS = st.sampled_from((*SPONSORED, DSP))
DAYS = st.integers(700_000, 760_000)
AGES = st.integers(0, 2 * RESTATED_DAYS)
EVERY = st.integers(0, 2 * VARIANTS - 1)


@st.composite
def accounts(draw: st.DrawFn) -> MarketAccount:
    seed, number = draw(st.integers(0, 99)), draw(st.integers(1, 10**15))
    return MarketAccount(seed, str(number))


def sales(found: Outcome, window: int) -> int:
    return sum(x.sales for x in found.conversions if x.lag < window)


@given(accounts(), AD_PRODUCTS, DAYS, EVERY, AGES)
def test_traffic_is_sound(
    account: MarketAccount, ad_product: str, day: int, variant: int, age: int
) -> None:
    found = outcome(account, ad_product, day, variant, age)

    assert 0 <= found.clicks <= found.viewable <= found.impressions
    assert found.invalid_clicks <= found.invalid_impressions
    assert (found.cost > 0) <= (found.impressions > 0)
    assert found.clicks > 0 or variant >= VARIANTS or ad_product not in SPONSORED[:3]


@given(accounts(), AD_PRODUCTS, DAYS, EVERY, AGES)
def test_a_longer_attribution_window_never_has_less(
    account: MarketAccount, ad_product: str, day: int, variant: int, age: int
) -> None:
    found = outcome(account, ad_product, day, variant, age)
    by_window = [sales(found, window) for window in (1, 7, 14, 30)]

    assert by_window == sorted(by_window)


@given(accounts(), AD_PRODUCTS, DAYS, EVERY, AGES, st.integers(1, 60))
def test_a_day_changes_only_while_it_may(
    account: MarketAccount,
    ad_product: str,
    day: int,
    variant: int,
    age: int,
    later: int,
) -> None:
    before = outcome(account, ad_product, day, variant, age)
    after = outcome(account, ad_product, day, variant, age + later)

    assert all(sales(before, w) <= sales(after, w) for w in (1, 7, 14, 30))
    assert after.clicks <= before.clicks
    assert after.clicks + after.invalid_clicks == before.clicks + before.invalid_clicks
    if age >= INVALID_DAYS:
        assert after._replace(conversions=()) == before._replace(conversions=())
    if age >= RESTATED_DAYS:
        assert after == before


@given(accounts(), AD_PRODUCTS, DAYS)
def test_purchases_come_in_over_weeks(
    account: MarketAccount, ad_product: str, day: int
) -> None:
    def known(age: int) -> int:
        every = range(VARIANTS)
        return sum(
            sales(outcome(account, ad_product, day, variant, age), 30)
            for variant in every
        )

    by_age = [known(age) for age in (0, 7, 14, RESTATED_DAYS)]
    assert by_age == sorted(by_age)
    assert len(set(by_age)) > 1


@given(accounts(), DAYS, st.integers(0, VARIANTS - 1))
def test_sponsored_products_sell_after_clicks_only_and_pay_for_clicks(
    account: MarketAccount, day: int, variant: int
) -> None:
    found = outcome(account, SPONSORED[0], day, variant, RESTATED_DAYS)

    assert all(x.kind & CLICKED for x in found.conversions)
    assert found.cost % found.clicks == 0


@given(accounts(), AD_PRODUCTS, DAYS)
def test_the_short_way_to_first_combinations_is_the_long_one(
    account: MarketAccount, ad_product: str, day: int
) -> None:
    offset = day_offset(account, ad_product, day)

    found = [(variant, position) for _, variant, position in firsts(range(40), offset)]

    assert found == [variant_and_position(number, offset) for number in range(40)]


@given(accounts(), AD_PRODUCTS, DAYS, st.integers(0, 10**6))
def test_no_combination_of_a_campaign_occurs_twice_in_a_day(
    account: MarketAccount, ad_product: str, day: int, campaign: int
) -> None:
    offset = day_offset(account, ad_product, day)
    positions = {
        variant_and_position(campaign, offset, index)[1] for index in range(POSITIONS)
    }

    assert len(positions) == POSITIONS
