"""Singer tap for Amazon's Selling Partner API.

- `tap`            the tap itself: what a run is made of; `host` is what rooms see of it
- `settings_schema` its settings; `custom_settings_schema` those a user describes
                   streams with
- `old_config`     configs of older connectors in our settings
- `accounts`       selling partners as the settings name them; `directory` finds out
                   what kind they are and where they sell
- `client`         the calls of one selling partner; `rate_limiters` how often they are
                   made, by the numbers of `rates`
- `marketplaces`   ids, regions, zones, currencies
- `periods`        which whole periods can be asked for, and their cuts
- `catalogue`      the report types as data: streams, columns, options, periods
- `reports`        report streams: the catalogue's and the user's own
- `documents`      rows of any document
- `endpoints`      streams of any endpoint with pages
- `learning`       streams whose columns the first rows have to tell
"""
