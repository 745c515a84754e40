"""The rows of all documents: `draw` makes numbers and products, the others the rows.

`plan` says what rows follow from; `sections` finds the maker of a report type.
"""
