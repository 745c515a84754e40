"""Ads Data Manager: audiences as datasets that sharing rules hand on; experimental."""
