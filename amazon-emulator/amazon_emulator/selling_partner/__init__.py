"""The Selling Partner API: accounts, reports with their documents, orders.

    marketplaces, accounts    which marketplaces and selling partners exist
    access/                   tokens, the checks before every call, rates, error body
    report_types, periods     what each report type takes; days, weeks, quarters
    seeded_values             numbers that follow from the seed
    reports/                  Reports 2021-06-30: requests, statuses, documents
    rows/                     what the documents hold, by report type
    orders/                   orders that change, Orders v0 and 2026-01-01
    seller_routes             marketplace participations
    data_kiosk/               queries in GraphQL, their pages and documents
    notifications/            subscriptions; messages of what is over, to a queue
    endpoints/                finances, transactions, inbound, purchase orders, stock,
                              listings
    control                   calls under /_emulator/sp
    api                       puts all of it together

It knows nothing of the tap's catalogue: the rules here are read from Amazon's models.
"""
