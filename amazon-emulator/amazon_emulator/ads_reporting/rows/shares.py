"""Which part of an outcome a report type shows: most show all of it.

Types that show all of it have the same totals. The others differ as Amazon's do:
search terms are shown where somebody clicked, purchased products where something was
bought, audiences where enough people were reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amazon_emulator.market_model.outcomes import Outcome

Part = tuple[int, "Outcome"]
"""Number of the part, and what is shown of it; 1: of other products than the ad's."""
Share = Callable[["Outcome"], Sequence[Part]]
MIN_AUDIENCE_IMPRESSIONS = 40
"""An audience that met an ad less often is not shown, for the sake of privacy."""
_PROMPTS = 3
_BOOSTED = 2


def share_of(report_type_id: str) -> Share | None:
    """Return what a report type shows of an outcome; None: all of it."""
    return _SHARES.get(report_type_id)


def _clicked_terms(outcome: Outcome) -> Sequence[Part]:
    """Return the search terms that were clicked: all clicks, not all impressions."""
    if not outcome.clicks:
        return ()
    shown = outcome.clicks + (outcome.impressions - outcome.clicks) * 3 // 5
    viewable = min(shown, outcome.viewable)
    return ((0, outcome._replace(impressions=shown, viewable=viewable)),)


def _other_products(outcome: Outcome) -> Sequence[Part]:
    halo = outcome.of_products(is_promoted=False)
    return ((1, halo),) if halo.conversions else ()


def _all_products(outcome: Outcome) -> Sequence[Part]:
    parts = (
        (0, outcome.of_products(is_promoted=True)),
        (1, outcome.of_products(is_promoted=False)),
    )
    return [part for part in parts if part[1].conversions]


def _boosted_audience(outcome: Outcome) -> Sequence[Part]:
    reached = outcome.share(_BOOSTED)
    return () if reached.impressions < MIN_AUDIENCE_IMPRESSIONS else ((0, reached),)


def _prompts(outcome: Outcome) -> Sequence[Part]:
    return ((0, outcome.share(_PROMPTS)),)


_SHARES: Mapping[str, Share] = {
    "spSearchTerm": _clicked_terms,
    "sbSearchTerm": _clicked_terms,
    "spPurchasedProduct": _other_products,
    "sdPurchasedProduct": _other_products,
    "sbPurchasedProduct": _all_products,
    "spAudiences": _boosted_audience,
    "sbAudiences": _boosted_audience,
    "spPromptAdExtension": _prompts,
    "sbPromptAdExtension": _prompts,
}
