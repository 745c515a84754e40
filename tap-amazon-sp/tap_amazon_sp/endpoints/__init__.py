"""Any endpoint of the Selling Partner API: pages, sub-requests, slices of time.

``paths.json``
    the listing operations Amazon documents, by how they hand out pages: which
    parameter takes the token, where the next one and the rows stand, at what rate.
``paging``
    reads it, and answers what the next request is, from any answer.
``sub_requests``
    one more request for each record (`extend_resources`).
``slices``
    the span of a run in slices of time, so that progress can be kept.
"""
