"""Singer tap for Amazon Ads reports.

- `tap`          the tap itself
- `settings_schema` its settings
- `streams`      report streams, `profiles` and `advertisers`
- `definitions`  what each report stream asks for: catalogue and own reports
- `catalogue`    the report types as data
- `accounts`     profiles, agencies, linked advertisers; their days
- `directory`    finds the accounts of a run
- `client`       the plain list calls
- `reports_api`  the port to reporting v3: create, look, address, cancel
"""
