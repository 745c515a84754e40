"""The listings besides orders: a service each, all of them read page by page.

`paging` has page tokens that age and pages that are pinned to the first one. Finances
v0 is in `finances`, inbound v0 in `inbound`, vendor orders v1 in `purchase_orders`,
FBA stock in `inventory`, listings and catalogue items in `listings`; `custom` answers
paths that are in no model, as a control call describes them.
"""
