"""Accounts of Amazon Ads: profiles, DSP advertisers, linked accounts.

`accounts` holds who exists (default: `worlds.json`), `routes` has the three
listings, `control` changes them, `scope` finds the account a report call is made for.
"""
