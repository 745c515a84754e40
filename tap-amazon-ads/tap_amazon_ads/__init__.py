"""Singer tap for Amazon Ads reports.

- `tap`              the tap itself
- `settings_schema`  its settings
- `streams`          report streams, `profiles` and `advertisers`
- `report_specs`     what each report stream asks for: catalogue and custom reports
- `catalogue`        the report types as data
- `accounts`         profiles, agencies, linked advertisers; their days
- `account_finder`   finds the accounts of a run
- `client`           the plain list calls
- `reports_api`      the port to reporting v3: create, poll, document URL, cancel
- `refused_columns`  the columns Amazon has refused in this run
"""
