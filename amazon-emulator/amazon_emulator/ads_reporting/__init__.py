"""Reporting v3 of Amazon Ads: create, status, delete, download.

`contract/` says what each report type allows (data and its loader) · `validation`
applies it to a request · `store` keeps reports, `lifecycle` says how far one is ·
`layout`, `values` and `rows` make the rows, `odd_rows` damages them, `documents`
writes them to files · `routes` has the API calls, `downloads` plays the storage on its
own origin, `control` shows the rows a document holds.
"""
