"""Flat files and XML: listings, stock, ledger, all orders, settlements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.report_types import ALL_ORDERS
from amazon_emulator.selling_partner.report_types import SETTLEMENT as SETTLEMENT_TYPE
from amazon_emulator.selling_partner.rows import columns, order_files
from amazon_emulator.selling_partner.rows.plan import FlatContent, XmlContent

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product
    from amazon_emulator.selling_partner.rows.plan import SpRowPlan
    from amazon_emulator.selling_partner.seeded_values import SeededDraw

Cells = Mapping[str, object]
_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
_LEDGER = "GET_LEDGER"
_RESTRICTED = "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"
_VAT = "SC_VAT_TAX_REPORT"
_BROWSE = "GET_XML_BROWSE_TREE_DATA"
_TRAPS = ('24" screen', "an 'apostrophe'", 'ends with quote"', '"', "2\\3 mm")
"""Texts that a reader with quoting switched on reads wrongly."""


def flat_content(plan: SpRowPlan) -> FlatContent | XmlContent:
    """Return the flat file or XML document of a report."""
    name = plan.report_type.name
    if name in ALL_ORDERS:
        if plan.report_type.file_format == "xml":
            return _order_messages(plan)
        return _file(plan, columns.ALL_ORDERS, order_files.order_lines)
    if name == _BROWSE:
        return XmlContent("Result", "Node", lambda: _nodes(plan))
    if name == SETTLEMENT_TYPE:
        # Seen live: no charset in the header of this one.
        return _file(plan, columns.SETTLEMENT, order_files.settlement, charset=None)
    if name == _LISTINGS:
        return _listings(plan)
    rows: Callable[[SpRowPlan], Iterator[Cells]] = _stock
    if name.startswith(_LEDGER):
        rows = _stock_movements
    elif name in (_RESTRICTED, _VAT):
        rows = order_files.shipping if name == _RESTRICTED else order_files.vat
    return _file(plan, columns.OTHER[name], rows)


def _order_messages(plan: SpRowPlan) -> XmlContent:
    def rows() -> Iterator[Cells]:
        return map(order_files.message, order_files.orders_of(plan))

    return XmlContent("AmazonEnvelope", "Message", rows)


def _file(
    plan: SpRowPlan,
    names: Sequence[str],
    rows: Callable[[SpRowPlan], Iterator[Cells]],
    *,
    charset: str | None = "",
) -> FlatContent:
    """Return a file; `charset` "": that of the marketplace."""

    def lines() -> Iterator[list[str]]:
        for cells in rows(plan):
            yield [str(cells.get(name, "")) for name in names]

    is_csv = plan.report_type.file_format == "csv"
    return FlatContent(
        names,
        lines,
        "," if is_csv else "\t",
        plan.marketplace.charset if charset == "" else charset,
        plan.report_type.is_quoted
        or plan.report_type.name in plan.partner.quoted_types,
    )


def _listings(plan: SpRowPlan) -> FlatContent:
    language = plan.options.get("preferredReportDocumentLocale")
    header = columns.listing_columns(language or plan.marketplace.language)
    local = dict(zip(columns.LISTINGS, header, strict=True))

    def rows(plan: SpRowPlan) -> Iterator[Cells]:
        for cells in _stock(plan):
            yield {local.get(name, name): value for name, value in cells.items()}

    return _file(plan, header, rows)


def _products(plan: SpRowPlan) -> Iterator[Product]:
    return map(plan.product, range(plan.settings.sp_flat_rows))


def _stock(plan: SpRowPlan) -> Iterator[Cells]:
    """Yield what stock, listing and opportunity files say about a product."""
    for item in _products(plan):
        draw = plan.draw(item.sku, plan.today)
        trap = _TRAPS[item.number % len(_TRAPS)]
        yield {**_names(item), **_numbers(plan, draw), "item-note": trap}


def _names(item: Product) -> Cells:
    return {
        "sku": item.sku,
        "seller-sku": item.sku,
        "listing-id": f"0101{item.number:07d}",
        "fnsku": item.fnsku,
        "fulfillment-channel-sku": item.fnsku,
        "asin": item.asin,
        "asin1": item.asin,
        "ASIN": item.asin,
        "product-id": item.asin,
        "FNSKU": item.fnsku,
        "Merchant SKU": item.sku,
        "Condition": "New",
        "Fulfilled by": "Amazon",
        "product-name": item.title,
        "item-name": item.title,
        "Product Name": f'{item.title}, "original"',
        "Brand": "Süd & Söhne",
        "condition": "New",
        "condition-type": "NewItem",
        "Warehouse-Condition-code": "SELLABLE",
        "item-description": f"Text, with commas; and {item.title}",
        "product-id-type": "1",
        "status": "Active",
        "fulfillment-channel": "DEFAULT",
    }


def _numbers(plan: SpRowPlan, draw: SeededDraw) -> Cells:
    stock, price = draw.whole("stock", 500), f"{draw.money('price', 99, 1):.2f}"
    return {
        "snapshot-date": plan.today.isoformat(),
        "price": price,
        "your-price": price,
        "Price, B2B": price,
        "quantity": stock,
        "available": stock,
        "Quantity Available": stock,
        "afn-fulfillable-quantity": stock,
        "afn-total-quantity": stock,
        "afn-warehouse-quantity": stock,
        "afn-listing-exists": "Yes",
        "mfn-listing-exists": "No",
        "inv-age-0-to-90-days": draw.whole("age", 90),
        "units-shipped-t7": draw.whole("week", 40),
        "units-shipped-t30": draw.whole("month", 160),
        "sell-through": draw.share("sold"),
        "days-of-supply": draw.whole("supply", 300),
        "Country": plan.marketplace.country,
        "Currency code": plan.marketplace.currency,
        "Price": price,
        "Available": stock,
        "Total Units": stock,
        "currency": plan.marketplace.currency,
        "marketplace": plan.marketplace.country,
        "open-date": f"{plan.today - timedelta(days=draw.whole('open', 900))}",
        "B2B Opportunity Score": draw.whole("score", 100),
        "Customer Rating": draw.whole("rating", 50) / 10,
    }


def _days(plan: SpRowPlan) -> Iterator[datetime]:
    day = datetime.combine(plan.start.date(), datetime.min.time(), timezone.utc)
    while day <= plan.end:
        yield day
        day += timedelta(days=1)


def _stock_movements(plan: SpRowPlan) -> Iterator[Cells]:
    for day in _days(plan):
        for item in _products(plan):
            draw = plan.draw(item.sku, day.date())
            yield {
                "Date": f"{day:%m/%d/%Y}",
                "FNSKU": item.fnsku,
                "ASIN": item.asin,
                "MSKU": item.sku,
                "Title": f'{item.title} "quoted"',
                "Disposition": "SELLABLE",
                "EventType": "Shipments",
                "ReferenceID": f"FBA{day:%y%m%d}{item.number}",
                "Quantity": draw.whole("quantity", 9, -9),
                "FulfillmentCenter": "XYZ1",
                "Country": plan.marketplace.country,
                "Location": plan.marketplace.country,
                "StartingWarehouseBalance": draw.whole("start", 90),
                "CustomerShipments": -draw.whole("shipped", 9),
                "EndingWarehouseBalance": draw.whole("end", 90),
            }


def _nodes(plan: SpRowPlan) -> Iterator[Cells]:
    for number in range(plan.settings.sp_flat_rows):
        yield {
            "browseNodeId": 1000 + number,
            "browseNodeName": f"Bücher & <Medien> {number}",
            "browsePathById": f"1000,{1000 + number}",
            "hasChildren": "false",
        }
