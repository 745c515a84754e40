"""The rows of reports: aggregations of the model of the market.

`plan` says what is asked for · `dimensions` gives the texts of ids, names and words ·
`measures` and `metrics` say what a number column adds up or divides · `shares` says
which part of the market a report type shows · `making` makes the rows ·
`odd_rows` and `planted_errors` damage them.
"""
