"""Sharing rules: which are needed (`plan`), and what of them Amazon has (`rules`)."""
