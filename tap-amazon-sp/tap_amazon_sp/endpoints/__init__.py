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
``models``
    what records of documented paths look like, from ``models/*.json``.
``tables``
    what is read of which endpoint: lists, the streams made of them, ready-made ones;
    ``own_tables`` are those of the setting `endpoints`.
``rows``
    records as rows: columns that fit, everything else apart.
``places``
    where a table stands for one account, as the state keeps it; ``instants`` reads
    and writes the times in it.
``walk``
    one list read for one account, one call at a time; ``calls`` is what it needs of
    the world.
``streams``, ``plan``, ``run``
    the streams, what a run reads for them, and whose turn it is.
"""
