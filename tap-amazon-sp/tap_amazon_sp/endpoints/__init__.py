"""Any endpoint of the Selling Partner API: pages, expansions, slices of time.

- `definitions`   what is read of which endpoint: listings, the tables made of them,
                  ready-made ones; `custom` are those of the setting `endpoints`
- `pagination`    how pages follow each other; ``paths.json`` are the listing operations
                  Amazon documents: token, rows, rate
- `expansions`    one more request for each record (`extend_resources`)
- `time_slices`   the span of a run in slices of time, so that progress can be kept
- `schemas`       what records of documented paths look like, from ``schemas/*.json``
- `bookmarks`     how far a table has been read for one account, in the state
- `calls`         the calls of one account, each within the rate of its operation
- `reader`        one listing read for one account, one call at a time
- `streams`       the streams; `planner` what a run reads for them; `runner` the run
"""
