"""Unified reporting of Ads API v1 (beta): create, retrieve, delete, download.

`catalogue/` says which fields there are and what they go with · `advertisers` has the
accounts with all their markets, `account_routes` lists them · `query` reads a request,
`validation` applies the catalogue to it · `rows/` makes the rows, `documents` writes
them to files · `store` keeps the reports, `routes` has their calls, `downloads` plays
the storage, `control` shows the rows a report holds.
"""
