"""A run as one HTML page: `render` makes it, `write_report` puts it on the disk.

Pure but for `write_report`: the entries of the report log and the facts of a run go
in, text comes out. The page asks nobody for anything and trusts nothing it shows.
"""
