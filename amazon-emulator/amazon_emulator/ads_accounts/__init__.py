"""Accounts of Amazon Ads: profiles, DSP advertisers, linked accounts.

`world` holds who exists (default: `worlds.json`), `room` answers the three listings,
`scope` finds out which account a report call is made for.
"""
