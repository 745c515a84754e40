"""The Selling Partner API: accounts, reports with their documents, orders.

    marketplaces, world       which marketplaces and selling partners exist
    access, guard, rates      tokens, the checks before every call, token buckets
    refusals                  the error body of all Selling Partner calls
    contract, periods         what each report type takes; days, weeks, quarters
    judge, verdict            what is refused at once; what ends FATAL or CANCELLED
    reports, lifecycle        the reports of all accounts; how far one is
    reports_room, listing     the five calls of Reports 2021-06-30; filters, pages
    rows/                     what the documents hold, by report type
    making, documents         which document a report gets, written to a file
    downloads                 the storage they are fetched from
    orders/                   orders that change, Orders v0 and 2026-01-01
    small_rooms               sellers, restricted data tokens
    control, calling, views   calls under /_emulator/sp, as methods, what they answer
    assembly                  puts all of it together

It knows nothing of the tap's catalogue: the rules here are read from Amazon's models.
"""
