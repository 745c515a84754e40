"""Brand Analytics: market basket, search terms, repeat purchase, search performance."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.periods import last_day, spans
from amazon_emulator.selling_partner.rows.plan import Row, Section, SpRowPlan, section

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product
    from amazon_emulator.market_model.retail import Retail
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
_FOUND_BY_SEARCH = 60
"""Per cent of what is ordered that was found by a search."""


def market_basket(plan: SpRowPlan) -> list[Section]:
    """Return which products are bought together."""

    def rows() -> Iterator[Row]:
        for dates in _dates(plan):
            for item in plan.products():
                for rank in range(1, _TOP + 1):
                    other = plan.product(plan.settings.sp_asins + rank)
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
        for dates, item, sold in _sold(plan):
            draw = plan.draw(item.asin, dates["startDate"])
            again = draw.whole("again", sold.items // 4)
            customers = max(1, sold.items - again) if sold.items else 0
            revenue = sold.sales * again // max(1, sold.items)
            yield {
                **dates,
                "asin": item.asin,
                "orders": sold.items,
                "uniqueCustomers": customers,
                "repeatCustomersPctTotal": _share(min(again, customers), customers),
                "repeatPurchaseRevenue": plan.amount(revenue),
                "repeatPurchaseRevenuePctTotal": _share(revenue, sold.sales),
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
        asins = [plan.product(number).asin for number in range(_POOL)]
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
        for dates, item, sold in _sold(plan):
            if not named or item.asin in named:
                draw = plan.draw(item.asin, dates["startDate"])
                yield {**dates, "asin": item.asin, **_catalog(plan, draw, sold)}

    return [section("dataByAsin", rows)]


def search_query(plan: SpRowPlan) -> list[Section]:
    """Return how the named products fare under search queries."""

    def rows() -> Iterator[Row]:
        for dates in _dates(plan):
            for asin in plan.options["asin"].split():
                for score, query in enumerate(_QUERIES, start=1):
                    draw = plan.draw(asin, dates["startDate"], query)
                    counts = _query_counts(draw)
                    data = {
                        "searchQuery": query,
                        "searchQueryScore": score,
                        "searchQueryVolume": counts["Click"][0] * 2,
                    }
                    named = {"asin": asin, "searchQueryData": data}
                    yield {**dates, **named, **_query(plan, draw, counts)}

    return [section("dataByAsin", rows)]


def _sold(plan: SpRowPlan) -> Iterator[tuple[dict[str, str], Product, Retail]]:
    """Yield what was sold of each product in each period."""
    shop = plan.shop()
    for dates in _dates(plan):
        ends = map(date.fromisoformat, (dates["startDate"], dates["endDate"]))
        days = plan.dated(*ends)
        for item in plan.products():
            yield dates, item, shop.over(item.number, days)


def _dates(plan: SpRowPlan) -> Iterator[dict[str, str]]:
    period = plan.options["reportPeriod"]
    for start, _ in spans(period, *plan.days):
        end = last_day(period, start)
        yield {"startDate": start.isoformat(), "endDate": end.isoformat()}


def _tail(asins: list[str], draw: SeededDraw, index: int) -> str:
    """Return the end of a row: of one term, the first product has the largest share."""
    rank = index % _TOP + 1
    click, conversion = (
        draw.whole(f"{word}{index}", 1000) // rank + 4000 // rank**2
        for word in ("click", "sale")
    )
    return (
        f', "clickedAsin": "{asins[index]}", "clickShareRank": {rank}, '
        f'"clickShare": {click / 10_000}, "conversionShare": {conversion / 10_000}}}'
    )


_SPEEDS = ("sameDay", "oneDay", "twoDay")


def _catalog(plan: SpRowPlan, draw: SeededDraw, sold: Retail) -> Row:
    """Return the way from search results to purchases: each step has fewer."""
    purchases = sold.items * _FOUND_BY_SEARCH // 100
    added = purchases + draw.whole("added", purchases + 3)
    clicks = added + draw.whole("clicks", added * 3 + 5)
    shown = clicks * 10 + draw.whole("shown", 900)

    def part(word: str, count: int, price: str, **more: object) -> Row:
        return {
            f"{word}Count": count,
            f"{price}MedianPrice": plan.money(draw.money(word, 99)),
            **more,
            **_by_speed(
                [f"{x}Shipping{word[0].upper()}{word[1:]}Count" for x in _SPEEDS],
                count,
                draw,
            ),
        }

    sales = plan.amount(sold.sales * _FOUND_BY_SEARCH // 100)
    rate, conversion = _share(clicks, shown), _share(purchases, clicks)
    return {
        "impressionData": part("impression", shown, "impression"),
        "clickData": part("click", clicks, "clicked", clickRate=rate),
        "cartAddData": part("cartAdd", added, "cartAdded"),
        "purchaseData": part(
            *("purchase", purchases, "purchase"),
            searchTrafficSales=sales,
            conversionRate=conversion,
        ),
    }


def _by_speed(names: Sequence[str], count: int, draw: SeededDraw) -> Row:
    """Return how many of a count could be there soon: no more than there are."""
    row: Row = {}
    for name in names:
        row[name] = draw.whole(name, count)
        count -= row[name]
    return row


_STEPS = ("Purchase", "CartAdd", "Click")


def _query_counts(draw: SeededDraw) -> dict[str, tuple[int, int]]:
    """Return step -> how often in all, and how often with the product in question."""
    everyone, asin = draw.whole("bought", 300, 1), 0
    asin = draw.whole("own", everyone)
    found = {}
    for step in _STEPS:
        found[step] = (everyone, asin)
        more = draw.whole(step, asin * 2 + 4)
        everyone, asin = everyone + more + draw.whole(f"{step}o", 900), asin + more
    return found


def _query(
    plan: SpRowPlan, draw: SeededDraw, counts: dict[str, tuple[int, int]]
) -> Row:
    volume = counts["Click"][0] * 2
    shown = counts["Click"][1] * 9 + draw.whole("shown", 900)
    everything = shown + volume * 20

    def part(word: str) -> Row:
        everyone, asin = counts[word]
        return {
            f"total{word}Count": everyone,
            f"total{word}Rate": _share(everyone, volume),
            f"asin{word}Count": asin,
            f"asin{word}Share": _share(asin, everyone),
            f"totalMedian{word}Price": plan.money(draw.money(f"{word}t", 99)),
            f"asinMedian{word}Price": plan.money(draw.money(f"{word}a", 99)),
            **_by_speed(
                [f"total{x[0].upper()}{x[1:]}Shipping{word}Count" for x in _SPEEDS],
                everyone,
                draw,
            ),
        }

    return {
        "impressionData": {
            "totalQueryImpressionCount": everything,
            "asinImpressionCount": shown,
            "asinImpressionShare": _share(shown, everything),
        },
        "clickData": part("Click"),
        "cartAddData": part("CartAdd"),
        "purchaseData": part("Purchase"),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0
