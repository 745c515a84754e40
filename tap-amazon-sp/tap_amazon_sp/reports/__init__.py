"""Reports of the Selling Partner API, on the report engine of `singer_amazon`.

Without network, clock or Singer:

- `options`      the user's `report_options` as requests Amazon accepts
- `grids`        whole periods as the engine counts them
- `terms`        what a request is made of, beside account and window
- `fatal`        what Amazon's error texts mean, each with its next step
- `judge`        tells documents that hold a reason from those that hold rows
- `rate_limiters` token buckets of the operations, and the application's quota

Towards Amazon and Singer:

- `api`          the port to Reports 2021-06-30
- `streams`      the streams of the catalogue's reports
- `partitions`   which windows of which accounts, marketplaces and options are read
- `own`          reports of the user's own
- `reporting`    all of it for one run of the tap
"""
