"""Data Kiosk 2023-11-15: queries in GraphQL, their pages and documents.

`schemas` (our own arrangement in `schemas/*.graphql`) and `query_text` refuse at once,
`business_rules` says what ends FATAL · `datasets/` has the lines · `pages` writes those
of one page, `line_faults` spoils them · `store` keeps queries, `lifecycle` says how far
one is · `routes` has the calls, `listing` their filters, `downloads` is the storage ·
`control` shows what a query should yield.
"""
