"""Queries that users write themselves."""
