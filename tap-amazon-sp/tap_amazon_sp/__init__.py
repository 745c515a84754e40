"""Singer tap for Amazon's Selling Partner API.

Rooms without network, clock or Singer:

- `catalogue`       the report types as data: streams, columns, options, periods
- `marketplaces`    ids, regions, zones, currencies
- `options`         the user's `report_options` as requests Amazon accepts
- `periods`         which whole periods can be asked for, and their cuts
- `flat_files`      rows of TSV and CSV documents; `charsets` says how to read them
- `xml_rows`        rows of XML documents
- `json_sections`   rows of the named arrays of one JSON document, cut by `json_pieces`
                    out of what `json_source` walks through
- `fatal`           what Amazon's error texts mean, each with its next step
- `rates`           paces of the API's operations, and of one application
- `old_config`      configs of older connectors in our settings
- `endpoints`       pages, sub-requests and slices of time of any endpoint

Settings, accounts and endpoints, towards Amazon and Singer:

- `tap`             the tap itself: what a run is made of
- `properties`      its settings; `own_properties` those a user describes streams with
- `accounts`        selling partners as the settings name them; `directory` finds out
                    what kind they are and where they sell
- `client`          the calls of one selling partner; `pacing` how often they are made
- `endpoint_streams`, `endpoint_plan`, `endpoint_run`: streams of endpoints, what a run
                    reads for them, and whose turn it is
- `state_pace`      how often a changed state is written
"""
