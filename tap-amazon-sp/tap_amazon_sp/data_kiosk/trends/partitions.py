"""Which products a run asks trends of: named in the settings, or found in rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from singer_amazon.reports.model import Members
from singer_amazon.sync.partition import Partition
from singer_amazon.tap.context import RunContext
from tap_amazon_sp.data_kiosk.trends.products import Products

MAX_ASINS = 30
"""Child ASINs in one filter of Data Kiosk's trends."""
SETTING = "data_kiosk_trends_asins"


class ProductPartitions:
    """Adds products to the partitions of a stream that has to name them."""

    def __init__(
        self, run: RunContext, partitions: Callable[[], Iterator[Partition]]
    ) -> None:
        self._run = run
        self._partitions = partitions

    def named(self, *, more_follow: bool) -> Iterator[Partition]:
        """Yield the partitions whose products the settings name.

        `more_follow`: others are found in rows; without that they are skipped.
        """
        for partition in self._partitions():
            if asins := self._setting(partition):
                yield _with(partition, asins)
            elif not more_follow:
                self._warn(partition, "no ASINs are named")

    def found(self, products: Products) -> Iterator[Partition]:
        """Yield the other partitions, with the products of rows read by now.

        Products of earlier runs stay: the state names them.
        """
        for partition in self._partitions():
            if self._setting(partition):
                continue
            self._run.state_store.load(partition)
            found = products.of(partition.account, partition.marketplace)
            if asins := found | partition.state.known_members:
                yield _with(partition, asins)
            else:
                reason = "no row of sales_and_traffic_by_asin has named a child ASIN"
                self._warn(partition, f"{reason} (asin_granularity: CHILD or SKU)")

    def _setting(self, partition: Partition) -> Members:
        asins = self._run.config.get(SETTING) or {}
        return frozenset(asins.get(partition.context["account_name"], ()))

    def _warn(self, partition: Partition, reason: str) -> None:
        self._run.warn_once(
            f"{partition.stream} of {partition.label}: {reason}: set {SETTING}: "
            f'{{"{partition.context["account_name"]}": [...]}}, or select '
            "sales_and_traffic_by_asin by CHILD or SKU. It is skipped"
        )


def _with(partition: Partition, asins: Members) -> Partition:
    """Return a partition that is read product by product, as many as may be at once."""
    partition.members = asins
    partition.limits = replace(partition.limits, max_members=MAX_ASINS)
    return partition
