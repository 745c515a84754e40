"""Rows of report documents, in flat memory; no network, clock or Singer.

- `flat_files`      TSV and CSV: how they are written, by their bytes; `flat_rows` cuts
                    their lines, `charsets` decodes them
- `xml_rows`        XML
- `json_sections`   the named arrays of one JSON document, cut by `json_pieces` out of
                    what `json_source` reads
- `row_shape`       records as rows of a table
"""
