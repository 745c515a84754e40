"""Rows of the documents that queries bring."""
