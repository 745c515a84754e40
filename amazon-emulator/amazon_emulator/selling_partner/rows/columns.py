"""The columns of flat files, by report type, and their local names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def _names(text: str) -> list[str]:
    return text.split()


ALL_ORDERS = _names("""
amazon-order-id merchant-order-id purchase-date last-updated-date order-status
fulfillment-channel sales-channel order-channel ship-service-level product-name sku asin
item-status quantity currency item-price item-tax shipping-price shipping-tax
gift-wrap-price gift-wrap-tax item-promotion-discount ship-promotion-discount ship-city
ship-state ship-postal-code ship-country promotion-ids is-business-order
purchase-order-number price-designation
""")
LISTINGS = _names("""
item-name item-description listing-id seller-sku price quantity open-date image-url
item-is-marketplace product-id-type zshop-shipping-fee item-note item-condition
zshop-category1 zshop-browse-path zshop-storefront-feature asin1 asin2 asin3
will-ship-internationally expedited-shipping zshop-boldface product-id
bid-for-featured-placement add-delete pending-quantity fulfillment-channel
merchant-shipping-group status
""")
SETTLEMENT = _names("""
settlement-id settlement-start-date settlement-end-date deposit-date total-amount
currency transaction-type order-id merchant-order-id adjustment-id shipment-id
marketplace-name amount-type amount-description amount fulfillment-id posted-date
posted-date-time order-item-code merchant-order-item-id merchant-adjustment-item-id sku
quantity-purchased
""")
OTHER: Mapping[str, Sequence[str]] = {
    "GET_FLAT_FILE_OPEN_LISTINGS_DATA": (
        "sku",
        "asin",
        "price",
        "quantity",
        "Business Price",
        "Quantity Price Type",
        "Quantity Lower Bound 1",
        "Quantity Price 1",
    ),
    "GET_AFN_INVENTORY_DATA": (
        "seller-sku",
        "fulfillment-channel-sku",
        "asin",
        "condition-type",
        "Warehouse-Condition-code",
        "Quantity Available",
    ),
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA": (
        "sku",
        "fnsku",
        "asin",
        "product-name",
        "condition",
        "your-price",
        "mfn-listing-exists",
        "mfn-fulfillable-quantity",
        "afn-listing-exists",
        "afn-warehouse-quantity",
        "afn-fulfillable-quantity",
        "afn-unsellable-quantity",
        "afn-reserved-quantity",
        "afn-total-quantity",
    ),
    "GET_FBA_INVENTORY_PLANNING_DATA": (
        "snapshot-date",
        "sku",
        "fnsku",
        "asin",
        "product-name",
        "condition",
        "available",
        "inv-age-0-to-90-days",
        "currency",
        "units-shipped-t7",
        "units-shipped-t30",
        "alert",
        "your-price",
        "sell-through",
        "marketplace",
        "days-of-supply",
    ),
    "GET_LEDGER_SUMMARY_VIEW_DATA": (
        "Date",
        "FNSKU",
        "ASIN",
        "MSKU",
        "Title",
        "Disposition",
        "StartingWarehouseBalance",
        "InTransitBetweenWarehouses",
        "Receipts",
        "CustomerShipments",
        "CustomerReturns",
        "VendorReturns",
        "WarehouseTransferIn/Out",
        "Found",
        "Lost",
        "Damaged",
        "Disposed",
        "OtherEvents",
        "EndingWarehouseBalance",
        "UnknownEvents",
        "Location",
    ),
    "GET_LEDGER_DETAIL_VIEW_DATA": (
        "Date",
        "FNSKU",
        "ASIN",
        "MSKU",
        "Title",
        "EventType",
        "ReferenceID",
        "Quantity",
        "FulfillmentCenter",
        "Disposition",
        "Reason",
        "Country",
        "ReconciledQuantity",
        "UnreconciledQuantity",
    ),
    "GET_B2B_PRODUCT_OPPORTUNITIES_RECOMMENDED_FOR_YOU": (
        "ASIN",
        "Product Name",
        "Brand",
        "B2B Opportunity Score",
        "Price, B2B",
        "Customer Rating",
    ),
    "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING": (
        "order-id",
        "order-item-id",
        "purchase-date",
        "buyer-email",
        "buyer-name",
        "sku",
        "product-name",
        "quantity-purchased",
        "recipient-name",
        "ship-address-1",
        "ship-city",
        "ship-postal-code",
        "ship-country",
    ),
    "SC_VAT_TAX_REPORT": (
        "Marketplace ID",
        "Order Date",
        "Transaction Type",
        "Order ID",
        "ASIN",
        "SKU",
        "Quantity",
        "Tax Rate",
        "Currency",
        "OUR_PRICE Tax Amount",
        "Buyer Tax Registration",
    ),
}
"""Report type -> columns of the files that need no rules of their own."""

LOCAL: Mapping[str, Mapping[str, str]] = {
    "de": {
        "item-name": "Artikelbezeichnung",
        "listing-id": "Angebotsnummer",
        "seller-sku": "Händler-SKU",
        "price": "Preis",
        "quantity": "Menge",
        "open-date": "Erstellungsdatum",
        "status": "Status",
    },
    "ja": {
        "item-name": "商品名",
        "listing-id": "出品ID",
        "seller-sku": "出品者SKU",
        "price": "価格",
        "quantity": "数量",
        "open-date": "出品日",
        "status": "ステータス",
    },
}
"""Language -> column of a listing report -> what it is called there."""


def listing_columns(language: str) -> list[str]:
    """Return the header of a listing report in the language of a marketplace."""
    names = LOCAL.get(language[:2], {})
    return [names.get(name, name) for name in LISTINGS]
