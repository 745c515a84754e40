"""Rates: one token bucket per operation and account, on the emulated clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.http import RefusalError
from amazon_emulator.selling_partner.access.refusals import OVER_QUOTA

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.state import EmulatorState

RATES: Mapping[str, tuple[float, int]] = {
    "create_report": (0.0167, 15),
    "get_report": (2.0, 15),
    "get_reports": (0.0222, 10),
    "cancel_report": (0.0222, 10),
    "get_report_document": (0.0167, 15),
    "get_orders": (0.0167, 20),
    "get_order_v0": (0.5, 30),
    "get_order_buyer_info": (0.5, 30),
    "get_order_address": (0.5, 30),
    "get_order_items": (0.5, 30),
    "search_orders": (0.0056, 20),
    "get_order": (0.5, 30),
    "create_restricted_data_token": (1.0, 10),
    "get_marketplace_participations": (0.016, 15),
    "list_financial_event_groups": (0.5, 30),
    "list_financial_events": (0.5, 30),
    "list_financial_events_by_group_id": (0.5, 30),
    "list_financial_events_by_order_id": (0.5, 30),
    "get_shipments": (2.0, 30),
    "get_shipment_items": (2.0, 30),
    "get_shipment_items_by_shipment_id": (2.0, 30),
    "get_purchase_orders": (10.0, 10),
    "get_purchase_order": (10.0, 10),
    "get_purchase_orders_status": (10.0, 10),
    "get_inventory_summaries": (2.0, 2),
    "search_listings_items": (5.0, 5),
    "get_listings_item": (5.0, 10),
    "search_catalog_items": (2.0, 2),
    "get_catalog_item": (2.0, 2),
    "unlisted": (10.0, 10),
    "create_destination": (1.0, 5),
    "get_destinations": (1.0, 5),
    "get_destination": (1.0, 5),
    "delete_destination": (1.0, 5),
    "create_subscription": (1.0, 5),
    "get_subscription": (1.0, 5),
    "get_subscription_by_id": (1.0, 5),
    "delete_subscription_by_id": (1.0, 5),
    "send_test_notification": (1.0, 5),
    "list_transactions": (0.5, 10),
    "create_query": (0.0167, 15),
    "get_query": (2.0, 15),
    "get_queries": (0.0222, 10),
    "cancel_query": (0.0222, 10),
    "get_document": (0.0167, 15),
}
"""Operation -> calls per second, and how many may come at once."""

UNLIMITED = 1000.0
"""What the header says while nothing is limited."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: datetime


class RateLimiter:
    """Lets calls pass or not; the setting `sp_rate_scale` makes all of them faster."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def reset(self) -> None:
        """Fill all buckets."""
        with self._state.lock:
            self._buckets.clear()

    def rate(self, operation: str) -> float:
        """Return the calls per second of the header."""
        scale = self._state.settings.sp_rate_scale
        return RATES[operation][0] * scale if scale else UNLIMITED

    def check(self, operation: str, account: str) -> None:
        """Use one call of an account up; refuse it (429) when there is none left."""
        rate, burst = RATES[operation]
        self.check_bucket(operation, account, rate, burst)

    def check_bucket(self, name: str, account: str, rate: float, burst: float) -> None:
        """Use one call of any bucket up, at this rate (before the scale) and burst."""
        scale = self._state.settings.sp_rate_scale
        if not scale:
            return
        now = self._state.clock.now()
        with self._state.lock:
            bucket = self._buckets.setdefault((name, account), _Bucket(burst, now))
            passed = max(0.0, (now - bucket.filled_at).total_seconds())
            bucket.tokens = min(burst, bucket.tokens + passed * rate * scale)
            bucket.filled_at = now
            # A hair less than one: sums of floats come out just below whole numbers.
            if bucket.tokens < 1 - 1e-9:
                raise RefusalError(429, OVER_QUOTA)
            bucket.tokens -= 1
