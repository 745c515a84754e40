"""An export in parts: each ad product by each state, where the whole is too large.

Amazon's advice for accounts with millions of entities is to ask for less at a time. The
parts are asked for one after another and are one report to everybody else: its id
names all that have been asked for, so that the state keeps each as soon as it is known,
and its document is theirs, one behind the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from tap_amazon_ads.entities.definitions import AD_PRODUCTS, STATES

_MARK, _BETWEEN = "parts", "~"
_ALL = tuple(product(AD_PRODUCTS, STATES))


@dataclass(frozen=True, slots=True)
class ExportParts:
    """The ids of the parts that have been asked for, in their order."""

    ids: tuple[str, ...] = ()

    @classmethod
    def read(cls, report_id: str) -> ExportParts | None:
        """Read the id of a report; None: it is that of a whole export."""
        mark, *ids = report_id.split(_BETWEEN)
        return cls(tuple(ids)) if mark == _MARK and ids else None

    @property
    def report_id(self) -> str:
        """The id of the report that they are together."""
        return _BETWEEN.join((_MARK, *self.ids))

    @property
    def is_complete(self) -> bool:
        """Whether every part has been asked for."""
        return len(self.ids) == len(_ALL)

    @property
    def next_filters(self) -> Mapping[str, object]:
        """The filters of the part to ask for next."""
        ad_product, state = _ALL[len(self.ids)]
        return {"adProductFilter": [ad_product], "stateFilter": [state]}

    def followed_by(self, export_id: str) -> ExportParts:
        """Return them with one more."""
        return ExportParts((*self.ids, export_id))

    def name(self, number: int) -> str:
        """Return what is in a part, for people."""
        return ", ".join(_ALL[number])
