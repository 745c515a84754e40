"""Sharing rules: `validation` of the bodies, `store` with the rules, `routes`."""
