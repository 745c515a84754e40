"""Brand Analytics: market basket, search terms, repeat purchase, search performance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.periods import last_day, spans
from amazon_emulator.selling_partner.rows.plan import Row, Section, SpRowPlan, section
from amazon_emulator.selling_partner.seeded_values import product

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.seeded_values import SeededDraw

_TOP = 3
_QUERIES = ("kopfhörer", "wireless earbuds", "イヤホン")
_TERMS = (
    "wireless earbuds",
    "kopfhörer süß",
    "ワイヤレス 🎧",
    'tv 55\\" oled',
    "back\\\\slash",
    "mug <6 & 8>",
    "écouteurs",
    "plain term",
)
"""Search terms as they stand in JSON: quotes and backslashes are escaped already."""
_POOL = 101


def market_basket(plan: SpRowPlan) -> list[Section]:
    """Return which products are bought together."""

    def rows() -> Iterator[Row]:
        for dates in _dates(plan):
            for item in plan.products():
                for rank in range(1, _TOP + 1):
                    other = product(plan.salt(), plan.settings.sp_asins + rank)
                    draw = plan.draw(item.asin, dates["startDate"], rank)
                    yield {
                        **dates,
                        "asin": item.asin,
                        "purchasedWithAsin": other.asin,
                        "purchasedWithRank": rank,
                        "combinationPct": draw.share("pct"),
                    }

    return [section("dataByAsin", rows)]


def repeat_purchase(plan: SpRowPlan) -> list[Section]:
    """Return which customers come back."""

    def rows() -> Iterator[Row]:
        for dates in _dates(plan):
            for item in plan.products():
                draw = plan.draw(item.asin, dates["startDate"])
                yield {
                    **dates,
                    "asin": item.asin,
                    "orders": draw.whole("orders", 900),
                    "uniqueCustomers": draw.whole("customers", 800),
                    "repeatCustomersPctTotal": draw.share("customers"),
                    "repeatPurchaseRevenue": plan.money(draw.money("revenue")),
                    "repeatPurchaseRevenuePctTotal": draw.share("revenue"),
                }

    return [section("dataByAsin", rows)]


def search_terms(plan: SpRowPlan) -> list[Section]:
    """Return the three most clicked products of every search term.

    Rows are made from prepared texts: a month may have millions of them.
    """

    def texts() -> Iterator[str]:
        count, department = plan.settings.sp_search_term_rows, plan.marketplace.name
        head = f'{{"departmentName": {json.dumps(department)}, "searchTerm": "'
        draw = plan.draw(plan.start.date())
        asins = [product(plan.salt(), number).asin for number in range(_POOL)]
        tails = [_tail(asins, draw, index) for index in range(_POOL)]
        terms, size = _TERMS, len(_TERMS)
        for row in range(count):
            term, rank = divmod(row, _TOP)
            yield (
                f'{head}{terms[term % size]} {term}", "searchFrequencyRank": '
                f"{term + 1}{tails[(term * 7) % 33 * 3 + rank]}"
            )

    return [Section("dataByDepartmentAndSearchTerm", texts)]


def search_catalog(plan: SpRowPlan) -> list[Section]:
    """Return how products fare from impression to purchase."""
    named = set(plan.options.get("asins", "").split())

    def rows() -> Iterator[Row]:
        for dates in _dates(plan):
            for item in plan.products():
                if named and item.asin not in named:
                    continue
                draw = plan.draw(item.asin, dates["startDate"])
                yield {**dates, "asin": item.asin, **_catalog(plan, draw)}

    return [section("dataByAsin", rows)]


def search_query(plan: SpRowPlan) -> list[Section]:
    """Return how the named products fare under search queries."""

    def rows() -> Iterator[Row]:
        for dates in _dates(plan):
            for asin in plan.options["asin"].split():
                for score, query in enumerate(_QUERIES, start=1):
                    draw = plan.draw(asin, dates["startDate"], query)
                    data = {
                        "searchQuery": query,
                        "searchQueryScore": score,
                        "searchQueryVolume": draw.whole("volume", 90_000),
                    }
                    named = {"asin": asin, "searchQueryData": data}
                    yield {**dates, **named, **_query(plan, draw)}

    return [section("dataByAsin", rows)]


def _dates(plan: SpRowPlan) -> Iterator[dict[str, str]]:
    period = plan.options["reportPeriod"]
    for start, _ in spans(period, *plan.days):
        end = last_day(period, start)
        yield {"startDate": start.isoformat(), "endDate": end.isoformat()}


def _tail(asins: list[str], draw: SeededDraw, index: int) -> str:
    rank = index % _TOP + 1
    click, conversion = draw.share(f"click{index}"), draw.share(f"sale{index}")
    return (
        f', "clickedAsin": "{asins[index]}", "clickShareRank": {rank}, '
        f'"clickShare": {click}, "conversionShare": {conversion}}}'
    )


_SPEEDS = ("sameDay", "oneDay", "twoDay")


def _catalog(plan: SpRowPlan, draw: SeededDraw) -> Row:
    def part(word: str, price: str, **more: object) -> Row:
        counts = {
            f"{speed}Shipping{word[0].upper()}{word[1:]}Count": draw.whole(
                f"{word}{speed}", 900
            )
            for speed in _SPEEDS
        }
        return {
            f"{word}Count": draw.whole(word, 9000),
            f"{price}MedianPrice": plan.money(draw.money(word, 99)),
            **more,
            **counts,
        }

    sales = plan.money(draw.money("sales"))
    conversion = draw.share("conversion")
    return {
        "impressionData": part("impression", "impression"),
        "clickData": part("click", "clicked", clickRate=draw.share("rate")),
        "cartAddData": part("cartAdd", "cartAdded"),
        "purchaseData": part(
            "purchase", "purchase", searchTrafficSales=sales, conversionRate=conversion
        ),
    }


def _query(plan: SpRowPlan, draw: SeededDraw) -> Row:
    def part(word: str) -> Row:
        speeds = {
            f"total{speed[0].upper()}{speed[1:]}Shipping{word}Count": draw.whole(
                f"{word}{speed}", 900
            )
            for speed in _SPEEDS
        }
        return {
            f"total{word}Count": draw.whole(f"{word}t", 9000),
            f"total{word}Rate": draw.share(f"{word}r"),
            f"asin{word}Count": draw.whole(f"{word}a", 900),
            f"asin{word}Share": draw.share(f"{word}s"),
            f"totalMedian{word}Price": plan.money(draw.money(f"{word}t", 99)),
            f"asinMedian{word}Price": plan.money(draw.money(f"{word}a", 99)),
            **speeds,
        }

    return {
        "impressionData": {
            "totalQueryImpressionCount": draw.whole("impressions", 90_000),
            "asinImpressionCount": draw.whole("asin impressions", 9000),
            "asinImpressionShare": draw.share("impressions"),
        },
        "clickData": part("Click"),
        "cartAddData": part("CartAdd"),
        "purchaseData": part("Purchase"),
    }
