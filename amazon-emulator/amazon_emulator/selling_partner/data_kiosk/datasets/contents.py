"""From the root field of a query to its lines, and who may ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.data_kiosk.datasets import (
    economics,
    estimates,
    sales_traffic,
    seller,
    vendor,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.data_kiosk.datasets.lines import (
        KioskPlan,
        Line,
    )

DATASETS: Mapping[str, tuple[str, Callable[[KioskPlan], Iterator[Line]]]] = {
    "salesAndTrafficByDate": ("seller", sales_traffic.by_date),
    "salesAndTrafficByAsin": ("seller", sales_traffic.by_asin),
    "salesAndTrafficTrends": ("seller", sales_traffic.trends),
    "economics": ("seller", economics.economics),
    estimates.PREVIEW: ("seller", estimates.preview),
    estimates.SIMULATION: ("seller", estimates.simulation),
    "sourcingView": ("vendor", vendor.sourcing_view),
    "manufacturingView": ("vendor", vendor.manufacturing_view),
    "sellerAnalyticsView": ("seller", seller.seller_view),
}
"""Root field -> the kind of account it is for, and what yields its lines."""


def lines_of(plan: KioskPlan) -> Iterator[Line]:
    """Yield the lines of a query, all fields of each."""
    return DATASETS[plan.root][1](plan)
