"""Reports of the Selling Partner API, on the report engine of `singer_amazon`.

Without network, clock or Singer:

- `options`           the user's `report_options` as requests Amazon accepts
- `period_grid`       whole periods as the engine counts them
- `request_spec`      what a request is made of, beside account and window
- `rate_limiters`     token buckets of the operations, and the application's quota

Towards Amazon and Singer:

- `api`               the port to Reports 2021-06-30
- `calls`             how it and the port to Data Kiosk call, and what a no means
- `error_documents`   documents that hold Amazon's reason instead of rows
- `cancelled`         whether a cancelled report is empty, or was asked for too often
- `wordings`          Amazon's wordings, what they mean, and where they were seen
- `streams`           the streams of the catalogue's reports
- `partitions`        which windows of which accounts, marketplaces, options are read
- `custom`            reports that the user describes
- `service`           all of it for one run of the tap
"""
