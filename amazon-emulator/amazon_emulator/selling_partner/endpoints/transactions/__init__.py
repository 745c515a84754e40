"""Finances 2024-06-19: listTransactions.

`book` says which transactions there are and how each stands at an instant, `objects`
words them, `routes` filters and pages.
"""
