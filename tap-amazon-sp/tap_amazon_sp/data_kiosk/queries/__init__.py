"""Queries: their texts, and the calls of Data Kiosk."""
