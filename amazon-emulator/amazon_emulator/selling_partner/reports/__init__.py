"""Reports 2021-06-30: from a createReport to a document, or to the way it ends.

`request_validation` refuses at once, `content_validation` says what ends FATAL or
CANCELLED · `store` keeps reports, `lifecycle` says how far one is · `document_builder`
decides what a document holds, `documents` writes it · `routes` has the calls,
`listing` filters and pages, `downloads` is the storage.
"""
