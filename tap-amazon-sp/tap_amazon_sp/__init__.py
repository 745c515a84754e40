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
"""
