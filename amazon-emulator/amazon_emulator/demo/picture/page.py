"""The figures as one HTML page: bars by day and ad product, and two tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from decimal import Decimal
from html import escape

from amazon_emulator.demo.picture.figures import AD_PRODUCTS, Figures, Money

_COLOURS = ("#2a6fb0", "#d9822b", "#3f9a6d", "#8a63c9", "#b0485f")
_WIDTH, _HEIGHT, _LEFT, _BELOW = 560, 190, 64, 22
_MOST_ROWS = 12
_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b2430; --quiet: #5b6675;
  --line: #dfe3e8; }
@media (prefers-color-scheme: dark) { :root { --paper: #12171e; --ink: #e5e9ef;
  --quiet: #9aa6b5; --line: #323c49; } }
body { margin: 0 auto; max-width: 1200px; padding: 24px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 32px 0 4px; }
h3 { font-size: 1rem; font-weight: 500; margin: 8px 0 0; }
p, .legend { color: var(--quiet); margin: 4px 0 8px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; }
.legend i { display: inline-block; width: 12px; height: 12px; margin-right: 6px;
  border-radius: 2px; }
.charts { display: flex; flex-wrap: wrap; gap: 0 32px; }
figure { margin: 0; flex: 1 1 420px; } svg { width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 12px; }
svg line { stroke: var(--line); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 5px 16px 5px 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
"""

Cells = Mapping[tuple[str, str], Money]


def page_of(figures: Figures, names: Mapping[str, str], title: str) -> str:
    """Return the page; `names` are those of the accounts by their ids."""
    charts = "".join(
        _currency(currency, cells) for currency, cells in figures.performance().items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>"
        "<p>From the campaign reports in the bucket: the newest row of each campaign "
        "and day. Money is never converted.</p>"
        f"{_legend()}{charts}{_restated(figures, names)}{_fresh(figures, names)}"
        "</body></html>\n"
    )


def _legend() -> str:
    items = "".join(
        f'<li><i style="background:{colour}"></i>{escape(product)}</li>'
        for product, colour in zip(AD_PRODUCTS, _COLOURS, strict=True)
    )
    return f'<ul class="legend">{items}</ul>'


def _currency(currency: str, cells: Cells) -> str:
    spend = {cell: money.cost for cell, money in cells.items()}
    sales = {cell: money.sales for cell, money in cells.items()}
    return (
        f"<h2>{escape(currency)}</h2><div class='charts'>"
        f"{_chart('Spend', currency, spend)}{_chart('Sales', currency, sales)}</div>"
    )


def _chart(name: str, currency: str, amounts: Mapping[tuple[str, str], Decimal]) -> str:
    days = sorted({day for day, _ in amounts})
    totals = {
        day: sum((amounts.get((day, p), Decimal(0)) for p in AD_PRODUCTS), Decimal(0))
        for day in days
    }
    highest = max(totals.values(), default=Decimal(0)) or Decimal(1)
    step = (_WIDTH - _LEFT) / max(1, len(days))
    bars = "".join(
        _bar(day, _LEFT + number * step, step, amounts, highest)
        for number, day in enumerate(days)
    )
    total = _money(sum(totals.values(), Decimal(0)))
    label = f"{name} by day and ad product, {currency}: {total} in all"
    return (
        f"<figure><h3>{name}: {total} {escape(currency)}</h3>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _BELOW}" role="img" '
        f'aria-label="{escape(label)}">'
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
        f'<text x="{_LEFT - 8}" y="12" text-anchor="end">{highest:,.0f}</text>'
        f'<text x="{_LEFT - 8}" y="{_HEIGHT}" text-anchor="end">0</text>'
        f"{bars}{_dates(days, step)}</svg></figure>"
    )


def _bar(
    day: str,
    left: float,
    step: float,
    amounts: Mapping[tuple[str, str], Decimal],
    highest: Decimal,
) -> str:
    drawn, top = [], float(_HEIGHT)
    for product, colour in zip(AD_PRODUCTS, _COLOURS, strict=True):
        amount = amounts.get((day, product), Decimal(0))
        height = float(amount / highest) * (_HEIGHT - 6)
        top -= height
        words = escape(f"{day}, {product}: {_money(amount)}")
        drawn.append(
            f'<rect x="{left + 2:.1f}" y="{top:.1f}" width="{max(1, step - 4):.1f}" '
            f'height="{height:.1f}" fill="{colour}"><title>{words}</title></rect>'
        )
    return "".join(drawn)


def _dates(days: list[str], step: float) -> str:
    every = max(1, len(days) // 6)
    return "".join(
        f'<text x="{_LEFT + (number + 0.5) * step:.1f}" y="{_HEIGHT + 16}" '
        f'text-anchor="middle">{escape(day[5:])}</text>'
        for number, day in enumerate(days)
        if number % every == 0
    )


def _restated(figures: Figures, names: Mapping[str, str]) -> str:
    found = figures.restatements()
    rows = (
        (
            entry.of.day,
            names.get(entry.of.account, entry.of.account),
            entry.of.ad_product,
            _money(entry.first),
            _money(entry.last),
            f"{entry.last - entry.first:+,.2f}",
            entry.of.currency,
        )
        for entry in found[:_MOST_ROWS]
    )
    sales = ("sales first read", "sales now", "change")
    head = ("day", "account", "ad product", *sales, "currency")
    return (
        "<h2>What Amazon has restated</h2>"
        f"<p>{len(found)} days of accounts have other sales than when they were first "
        f"read; the largest changes:</p>{_table(head, rows, {3, 4, 5})}"
    )


def _fresh(figures: Figures, names: Mapping[str, str]) -> str:
    rows = (
        (
            names.get(entry.account, entry.account),
            entry.newest_day,
            _behind(entry.late_by_days),
        )
        for entry in figures.freshness()
    )
    head = ("account", "newest day", "behind the newest of all")
    return f"<h2>How fresh each account is</h2>{_table(head, rows, set())}"


def _behind(days: int) -> str:
    return f"{days} day{'s' if days > 1 else ''}" if days else "up to date"


def _table(
    head: Iterable[str], rows: Iterable[Iterable[str]], numbers: set[int]
) -> str:
    def line(tag: str, cells: Iterable[str]) -> str:
        kinds = (" class=number" if n in numbers else "" for n in itertools.count())
        drawn = (
            f"<{tag}{kind}>{escape(cell)}</{tag}>"
            for cell, kind in zip(cells, kinds, strict=False)
        )
        return f"<tr>{''.join(drawn)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', head)}</thead><tbody>{body}</tbody></table>"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
