"""The entities of Amazon Ads: exports, portfolios, and the queries of Ads API v1.

`contract` says what an export call allows, `world` whose entities are shown ·
`export_rows` makes the rows of a document from the market model · `exports` keeps the
exports, `export_routes` has their calls, `downloads` their storage · `portfolios` and
`queries` are the lists, page by page.
"""
