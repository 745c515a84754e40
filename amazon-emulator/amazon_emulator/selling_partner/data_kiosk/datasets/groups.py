"""Groups of products that a text asks for: one element per different key. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from amazon_emulator.market_model.retail import PRICES

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product
    from amazon_emulator.selling_partner.data_kiosk.query_text import Selection
    from amazon_emulator.selling_partner.rows.plan import Row, SpRowPlan

UNIQUE = frozenset(("asin", "msku", "modelNumber", "ean", "upc", "productTitle"))
"""Attributes that no two products share."""
_PLACES = (
    ("Köln", "NW", "50667", "DE"),
    ("Reno", "NV", "89501", "US"),
    ("Leeds", "ENG", "LS1 1AA", "GB"),
)
_COLOURS = ("red", "blue", "weiß")
Group = tuple["Row", Sequence["Product"]]


def attributes(rows: SpRowPlan, item: Product) -> Row:
    """Return all that a product may be grouped by, of vendors and of sellers."""
    number = item.number
    city, state, code, country = _PLACES[number % len(_PLACES)]
    return {
        "asin": item.asin,
        "parentAsin": item.parent_asin,
        "msku": item.sku,
        "productTitle": item.title,
        "productGroup": ("Home", "Electronics")[number % 2],
        "brand": f"Brand {number % 3}",
        "brandCode": f"BR{number % 3}",
        "marketplaceId": rows.marketplace.marketplace_id,
        "fulfilmentChannel": ("FBA", "FBM")[number % 2],
        "encryptedMerchantCustomerId": f"enc-{rows.partner.partner_id}",
        "vendorCode": f"VC{number % 2}",
        "manufacturerCode": f"MC{number % 2}",
        "modelNumber": f"M-{number:05d}",
        "replenishmentCategory": ("Basic Replenishment", "Obsolete")[number % 2],
        "binding": "Kitchen",
        "color": _COLOURS[number % len(_COLOURS)],
        "ean": f"400{number:010d}",
        "upc": f"04{number:010d}",
        "isbn13": None,
        "msrp": rows.amount(PRICES[number % len(PRICES)] * 12 // 10),
        "releaseDate": f"2024-0{1 + number % 9}-01",
        "prepInstructions": None,
        "prepInstructionsPerformedBy": None,
        "shipToCity": city,
        "shipToStateOrProvince": state,
        "shipToZipCode": code,
        "shipToCountryCode": country,
    }


def groups(
    rows: SpRowPlan,
    selection: Selection | None,
    everything: Sequence[str],
    makes: Callable[[SpRowPlan, Product], Row] = attributes,
) -> Iterator[Group]:
    """Yield key and products of each group, in the order of the first product.

    Only where products share a key are they held: one element per product is flat.
    """
    names = everything if selection is None else tuple(selection)
    if UNIQUE & set(names):
        for item in rows.products():
            found = makes(rows, item)
            yield {name: found[name] for name in names}, (item,)
        return
    shared: dict[str, tuple[Row, list[Product]]] = {}
    for item in rows.products():
        found = makes(rows, item)
        key = {name: found[name] for name in names}
        shared.setdefault(repr(key), (key, []))[1].append(item)
    yield from shared.values()


def inner_selection(selection: Selection | None, *path: str) -> Selection | None:
    """Return what is selected at a path; everything where all is."""
    for name in path:
        if selection is None:
            return None
        selection = selection.get(name)
    return selection


def is_selected(selection: Selection | None, name: str) -> bool:
    """Say whether a field is selected."""
    return selection is None or name in selection
