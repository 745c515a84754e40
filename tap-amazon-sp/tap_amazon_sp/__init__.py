"""Singer tap for Amazon's Selling Partner API.

- `tap`                what a run is made of
- `settings_schema`    its settings; `custom_settings_schema` those a user describes
                       streams with; `legacy_config` reads configs of older connectors
- `accounts`           selling partners as the settings name them; `account_finder` says
                       what kind they are and where they sell
- `client`             the calls of one selling partner, `rates` how often Amazon allows
                       each of them
- `marketplaces`       ids, regions, zones, currencies
- `periods`            which whole periods can be requested; `timestamps` instants
- `catalogue`          the report types as data: streams, columns, options, periods
- `reports`            report streams: the catalogue's and custom ones
- `documents`          rows of any document
- `endpoints`          streams of any endpoint with pages
- `schema_inference`   columns inferred from the first rows
"""
