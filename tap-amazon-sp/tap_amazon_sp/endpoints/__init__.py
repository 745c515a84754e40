"""Any endpoint of the Selling Partner API: pages, expansions, slices of time.

- `definitions`   what is read of which endpoint: listings, the tables made of them,
                  ready-made ones; `custom` are those of the setting `endpoints`
- `pages`         how pages follow each other; ``pages/paths.json`` are the listing
                  operations Amazon documents: token, rows, rate, spans
- `expansions`    one more request for each record (`extend_resources`)
- `time_slices`   the span of a run in slices of time, so that progress can be kept;
                  `status_sweep` reads rows again that may still change
- `finances`      the ready-made streams of money
- `schemas`       what records of documented paths look like, from ``schemas/*.json``;
                  `nested_values` whether values are so on every level
- `bookmarks`     how far a table has been read for one account, and which records could
                  not be, in the state
- `reading`       one listing read for one account, one call at a time
- `streams`       the streams; `planner` what a run reads for them; `runner` the run
"""
