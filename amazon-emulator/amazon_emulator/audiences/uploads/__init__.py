"""Uploads of records: `acceptance` makes a job of a request, or refuses it.

`record_validation` reads all records, `body_preview` only what stands around them;
`jobs` is one job, `members` one member set.
"""
