"""The rows of unified reports: aggregations of the model of the market.

`plan` says what is asked for · `sources` says which numbers and texts of the market a
field shows · `numbers` adds up and writes the metrics · `making` makes the rows.
"""
